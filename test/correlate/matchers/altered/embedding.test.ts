import { expect, it } from "vitest";
import { isEmbedded } from "../../../../src/correlate/matchers/altered/embedding.js";
import { address } from "../../../support/packets.js";

/** Four words of an IPv6 address. */
function words(text: string): Uint32Array {
  const view = new DataView(address(text).slice().buffer);
  return Uint32Array.from([0, 4, 8, 12], (at) => view.getUint32(at));
}

/** 192.0.2.33 */
const IPV4 = 0xc0000221;

// RFC 6052 section 2.4, and the well-known prefix
it.each([
  "2001:db8:c000:221::",
  "2001:db8:1c0:2:21::",
  "2001:db8:122:c000:2:2100::",
  "2001:db8:122:3c0:0:221::",
  "2001:db8:122:344:c0:2:2100::",
  "2001:db8:122:344::c000:221",
  "64:ff9b::c000:221",
])("%s holds 192.0.2.33", (text) => {
  expect(isEmbedded(IPV4, words(text), 0)).toBe(true);
});

it.each(["64:ff9b::c000:222", "2001:db8:c000:221::1", "2001:db8:122:344:ffc0:2:2100::", "2001:db8::1"])(
  "%s does not",
  (text) => {
    expect(isEmbedded(IPV4, words(text), 0)).toBe(false);
  },
);
