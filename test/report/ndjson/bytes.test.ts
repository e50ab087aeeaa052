import * as fc from "fast-check";
import { expect, it } from "vitest";
import { addressText } from "../../../src/packets/address.js";
import { writeAddress } from "../../../src/report/ndjson/address-bytes.js";
import { ByteLines } from "../../../src/report/ndjson/byte-lines.js";
import { writeNineDigits, writeUint32 } from "../../../src/report/ndjson/digits.js";
import { EpochText } from "../../../src/packets/results/epoch.js";
import { EpochParts } from "../../../src/report/ndjson/epoch-parts.js";
import { Part, writePart } from "../../../src/report/ndjson/part.js";
import { runs } from "../../support/runs.js";

/** What was written between other bytes, which come out as they went in. */
function written(write: (view: DataView, at: number) => number): string {
  const bytes = new Uint8Array(256).fill(0x23);
  const end = write(new DataView(bytes.buffer), 3);
  expect(Buffer.from(bytes.subarray(0, 3)).toString()).toBe("###");
  return Buffer.from(bytes.subarray(3, end)).toString();
}

const uint32 = fc.oneof(
  fc.constantFrom(0, 1, 9, 10, 99, 100, 999, 1000, 999_999, 1_000_000, 999_999_999, 1_000_000_000, 0xffff_ffff),
  fc.nat({ max: 0xffff_ffff }),
);
/** Words of an address, of which zeros and halves of zeros are frequent. */
const word = fc.oneof(fc.constantFrom(0, 1, 0x1_0000, 0xffff, 0xffff_ffff), fc.nat({ max: 0xffff_ffff }));

it("writes numbers as they are printed", () => {
  fc.assert(
    fc.property(uint32, fc.nat({ max: 999_999_999 }), (value, ns) => {
      expect(written((view, at) => writeUint32(view, at, value))).toBe(String(value));
      expect(written((view, at) => writeNineDigits(view, at, ns))).toBe(String(ns).padStart(9, "0"));
    }),
    { numRuns: runs(2000) },
  );
});

it("writes addresses as they are printed", () => {
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), fc.boolean(), (address, isIpv6) => {
      const words = Uint32Array.of(7, 7, ...address);
      const text = written((view, at) => writeAddress(view, at, isIpv6, words, 2));
      expect(text).toBe(addressText(isIpv6, words, 2));
    }),
    { numRuns: runs(2000) },
  );
});

it("writes stamps as they are printed, in whichever order they come", () => {
  const stamp = fc.integer({ min: -2_000, max: 3_000_000_000 });
  fc.assert(
    fc.property(fc.array(stamp, { minLength: 1 }), fc.nat({ max: 999_999_999 }), (stamps, subNs) => {
      const epochNs = 1_700_000_000_000_000_000n + BigInt(subNs);
      const parts = new EpochParts(epochNs, "at ");
      const texts = new EpochText(epochNs);
      for (const ns of stamps) expect(written((view, at) => parts.write(view, at, ns))).toBe(`at ${texts.of(ns)}`);
    }),
  );
});

it("writes parts of any length", () => {
  for (let length = 0; length <= 200; length++) {
    const text = "~".repeat(length);
    expect(written((view, at) => writePart(view, at, new Part(text)))).toBe(text);
  }
});

it("hands on all lines in their order, whether their reader is done with them at once or late", () => {
  const line = fc.oneof(
    { weight: 9, arbitrary: fc.string({ unit: "grapheme", maxLength: 60 }) },
    fc.constantFrom("ü".repeat(30_000), "x".repeat(150_000)),
  );
  const action = fc.oneof({ weight: 9, arbitrary: line.map((text) => ({ text })) }, fc.constant("flush" as const));
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), fc.array(fc.boolean(), { minLength: 1 }), (actions, isLate) => {
      let text = "";
      /** What a slow reader has been given and not read yet. */
      let unread: { bytes: Uint8Array; done: (() => void) | undefined }[] = [];
      const read = (): void => {
        for (const { bytes, done } of unread) {
          text += Buffer.from(bytes).toString();
          done?.();
        }
        unread = [];
      };
      let writes = 0;
      const lines = new ByteLines((bytes, done) => {
        unread.push({ bytes, done });
        if (!isLate[writes++ % isLate.length]) read();
      });
      let expected = "";
      for (const step of actions) {
        if (step === "flush") lines.flush();
        else {
          lines.text(step.text);
          expected += step.text;
        }
      }
      lines.flush();
      read();
      // what is no text of its own comes out as the replacement character both ways
      expect(text).toBe(Buffer.from(expected).toString());
    }),
    { numRuns: runs(60) },
  );
});
