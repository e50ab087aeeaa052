import * as fc from "fast-check";
import { expect, it } from "vitest";
import { FiledNotes } from "../../../src/capture/annotated/filed-notes.js";
import type { FrameNote } from "../../../src/packets/results/frame-notes.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../../../src/packets/sides.js";
import { runs, SEED } from "../../support/runs.js";

const put = fc.record({
  side: fc.constantFrom<Side>(INSIDE, OUTSIDE),
  // frames that are megabytes of records apart, and such as share a page
  frame: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300_000 })),
  text: fc.oneof(fc.string({ unit: "grapheme" }), fc.constant("natcorr: flow 7 · ".repeat(5000))),
  leadNs: fc.option(fc.maxSafeInteger(), { nil: undefined }),
  number: fc.nat(),
});

it("gives back what was noted last of each frame, however many there are", () => {
  fc.assert(
    fc.property(fc.array(put, { maxLength: 60 }), (puts) => {
      const notes = new FiledNotes();
      const expected = new Map<string, { note: FrameNote; number: number }>();
      for (const { side, frame, text, leadNs, number } of puts) {
        notes.put(side, frame, { text, leadNs });
        notes.setNumber(side, frame, number);
        expected.set(`${side} ${frame}`, { note: { text, leadNs }, number });
      }
      for (const { side, frame } of puts) {
        const found = { note: notes.get(side, frame), number: notes.numberOf(side, frame) };
        expect(found).toEqual(expected.get(`${side} ${frame}`));
      }
      expect(notes.get(INSIDE, 300_001)).toBeUndefined();
      expect(notes.numberOf(OUTSIDE, 300_001)).toBe(0);
      for (const side of SIDES)
        expect(notes.firstLeadNs(side)).toBe(
          puts.find((one) => one.side === side && one.leadNs !== undefined)?.leadNs ?? 0,
        );
      notes.close();
    }),
    { numRuns: runs(60), ...(SEED !== undefined && { seed: SEED }) },
  );
});
