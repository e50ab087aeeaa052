import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Comment } from "../../../src/capture/annotated/comment.js";
import { FiledNotes } from "../../../src/capture/annotated/filed-notes.js";
import { LATENCY, TWIN } from "../../../src/packets/results/frame-notes.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../../../src/packets/sides.js";
import { runs, SEED } from "../../support/runs.js";

/** Longer than a page of the files. */
const LONG = "natcorr: flow 7 · ".repeat(5000);

const put = fc.record({
  side: fc.constantFrom<Side>(INSIDE, OUTSIDE),
  // frames that are megabytes of records apart, and such as share a page
  frame: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300_000 })),
  text: fc.oneof(fc.string({ unit: "grapheme-ascii" }), fc.constantFrom(LONG, `twin ${TWIN} · ${LATENCY}`)),
  leadNs: fc.option(fc.maxSafeInteger(), { nil: Number.NaN }),
  twin: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  latencyNs: fc.nat({ max: 999 }),
  number: fc.nat(),
});

function spelled(notes: FiledNotes, side: Side, frame: number): string {
  const comment = new Comment((_, named) => named);
  notes.spell(side, frame, comment);
  return Buffer.from(comment.bytes.subarray(0, comment.length)).toString();
}

it("gives back what was noted last of each frame, however many there are", () => {
  fc.assert(
    fc.property(fc.array(put, { maxLength: 60 }), (puts) => {
      const notes = new FiledNotes();
      const expected = new Map<string, object>();
      for (const { side, frame, text, leadNs, twin, latencyNs, number } of puts) {
        notes.put(side, frame, text, leadNs, twin, latencyNs);
        notes.setNumber(side, frame, number);
        const comment = text.replaceAll(TWIN, String(twin)).replaceAll(LATENCY, `+${latencyNs} ns`);
        expected.set(`${side} ${frame}`, { note: { text, leadNs }, number, comment });
      }
      for (const { side, frame } of puts) {
        const found = {
          note: notes.get(side, frame),
          number: notes.numberOf(side, frame),
          comment: spelled(notes, side, frame),
        };
        expect(found).toEqual(expected.get(`${side} ${frame}`));
      }
      expect(notes.get(INSIDE, 300_001)).toBeUndefined();
      expect(spelled(notes, INSIDE, 300_001)).toBe("");
      expect(notes.numberOf(OUTSIDE, 300_001)).toBe(0);
      for (const side of SIDES)
        expect(notes.firstLeadNs(side)).toBe(
          puts.find((one) => one.side === side && !Number.isNaN(one.leadNs))?.leadNs ?? 0,
        );
      notes.close();
    }),
    { numRuns: runs(60), ...(SEED !== undefined && { seed: SEED }) },
  );
});

it("gives back a text that was noted before and after many others", () => {
  const notes = new FiledNotes();
  const often = `natcorr: often · ${TWIN}`;
  for (let frame = 1; frame <= 40_000; frame++)
    notes.put(INSIDE, frame, frame % 100 === 0 ? often : `natcorr: ${frame} ${"x".repeat(200)}`, 0, frame);
  for (const frame of [100, 39_900, 20_000, 40_000])
    expect(spelled(notes, INSIDE, frame)).toBe(`natcorr: often · ${frame}`);
  expect(spelled(notes, INSIDE, 39_999)).toBe(`natcorr: 39999 ${"x".repeat(200)}`);
  notes.close();
});
