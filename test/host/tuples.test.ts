import * as fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalAddress } from "../../src/host/address.js";
import { endsIn, reversed, reversedText, tupleText } from "../../src/host/tuples.js";

const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => canonicalAddress(text) ?? "::");
const port = fc.nat(0xffff);
const ends = fc.oneof(
  fc.record({ src: address, dst: address }),
  fc.record({ src: address, dst: address, icmpId: port }),
  fc.record({ src: address, dst: address, srcPort: port, dstPort: port }),
);

test("a tuple's text tells its ends, and what the other direction's text is", () => {
  fc.assert(
    fc.property(ends, fc.constantFrom("tcp", "icmpv6", "ip-132"), (tuple, proto) => {
      const text = tupleText(proto, tuple);
      expect(endsIn(text)).toEqual(tuple);
      expect(reversedText(text)).toBe(tupleText(proto, reversed(tuple)));
    }),
  );
});
