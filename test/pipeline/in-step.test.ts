import { expect, it } from "vitest";
import { FrameBatch, type FrameSource } from "../../src/packets/batches/frames.js";
import type { Pace } from "../../src/pipeline/decoding.js";
import { InStep } from "../../src/pipeline/in-step.js";

const now: Pace = (next) => next();

/** A capture of so many batches of 10,000 frames each. */
function capture(name: string, batches: number): FrameSource {
  let left = batches;
  const next = (): FrameBatch | null => {
    if (left-- === 0) return null;
    const batch = new FrameBatch();
    batch.count = 10_000;
    return batch;
  };
  const facts = { epochNs: 0n, interfaces: [], resolutionNs: 1, captureDropped: 0, hasCounters: false };
  return { name, ...facts, next, close: () => Promise.resolve() };
}

/** Lets all go on that can. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

it("has a hop wait that is far ahead at the point that it shares, until the other one follows, or ends", async () => {
  const inStep = new InStep(2);
  const [first, second] = [
    [capture("a", 100), capture("b", 100)],
    [capture("b", 100), capture("c", 100)],
  ] as const;
  const read = inStep.readOf(0, now)([[first[0]], [first[1]]]);
  const follow = inStep.readOf(1, now)([[second[0]], [second[1]]]);
  let count = 0;
  const ahead = (async () => {
    while ((await read(first[1])) !== null) count++;
  })();
  await settle();
  expect(count).toBe(4);
  // no other hop has the first point
  for (let at = 0; at < 50; at++) await read(first[0]);
  await follow(second[0]);
  await settle();
  expect(count).toBe(5);
  inStep.end(1);
  await ahead;
  expect(count).toBe(100);
});
