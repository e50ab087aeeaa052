import * as fc from "fast-check";
import { expect, it } from "vitest";
import { BATCHES, BatchRing, type SourceState, WORTH_A_CALL } from "../../src/pipeline/batch-ring.js";
import { Heap } from "../../src/packets/memory/heap.js";
import { FRAME } from "../../src/packets/records.js";
import { runs } from "../support/runs.js";

/** What the batch with this number says, in which every number is another one. */
function said(n: number) {
  const batch = { count: n, isInOrder: n % 2 === 0, reachedNs: n - 0.5 };
  const state: SourceState = {
    captureDropped: n,
    firstNs: n + 0.25,
    lastNs: 1e15 + n,
    silences: Array.from({ length: n % 4 }, (_, k) => ({ fromNs: n + k, toNs: n + k + 0.5 })),
    tally: { frames: n + 1, notIp: n + 2, undecodable: n + 3, cut: 2 ** 40 + n },
  };
  return { batch, quotes: n % 3, state };
}

/** Fills a batch with this number if there is one to be filled; returns whether the user is to be called, or "wait". */
function fill(ring: BatchRing, n: number): boolean | "wait" {
  if (ring.mustWaitToFill()) return "wait";
  const { batch, quotes, state } = said(n);
  Object.assign(ring.next, batch);
  ring.next.quotes.count = quotes;
  ring.next.records[FRAME] = n;
  return ring.fill(state, n % 5 === 0);
}

/** Uses a batch if there is one; returns what it says, and whether the filler is to be called, or "wait". */
function use(ring: BatchRing): object | "wait" {
  if (ring.mustWaitToUse()) return "wait";
  const state: SourceState = {
    captureDropped: -1,
    firstNs: -1,
    lastNs: -1,
    silences: [],
    tally: { frames: -1, notIp: -1, undecodable: -1, cut: -1 },
  };
  const { hasAnswers } = ring;
  const batch = ring.use(state);
  const { count, isInOrder, reachedNs } = batch;
  const told = { frame: batch.records[FRAME], batch: { count, isInOrder, reachedNs }, quotes: batch.quotes.count };
  return { ...told, state, hasAnswers, isCall: ring.give() };
}

it("passes batches on in their order, and calls whoever waits, once", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (turns) => {
      const heap = new Heap();
      const filler = new BatchRing(heap);
      const user = new BatchRing(heap, filler.place);
      const [did, expected]: unknown[][] = [[], []];
      let [filled, used] = [0, 0];
      let [doesFillerWait, doesUserWait] = [false, false];
      for (const isFillers of turns) {
        did.push(isFillers ? fill(filler, filled) : use(user));
        if (filled - used === (isFillers ? BATCHES : 0)) {
          expected.push("wait");
          if (isFillers) doesFillerWait = true;
          else doesUserWait = true;
        } else if (isFillers) {
          filled++;
          const isCall = doesUserWait && filled - used >= Math.min(WORTH_A_CALL, filled);
          expected.push(isCall);
          if (isCall) doesUserWait = false;
        } else {
          const isCall = doesFillerWait && filled - used - 1 <= BATCHES / 2;
          expected.push({ frame: used, ...said(used), hasAnswers: used % 5 === 0, isCall });
          used++;
          if (isCall) doesFillerWait = false;
        }
      }
      expect(did).toEqual(expected);
    }),
    { numRuns: runs(200) },
  );
});

it("has memory of its own for each batch", () => {
  const heap = new Heap();
  const places = [new BatchRing(heap).place, new BatchRing(heap).place];
  const addresses = places.flatMap(({ batches, words, doubles }) => batches.concat(words, doubles));
  expect(new Set(addresses).size).toBe(2 * (BATCHES + 2));
});
