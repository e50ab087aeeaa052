import * as fc from "fast-check";
import type { Cut, Stamped } from "./outcome.js";
import { conversation, merged, type Sides } from "./traffic.js";

/** How many frames batches have. */
export const cuts: fc.Arbitrary<Cut> = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
);

/** What is wrong with the stamps of a capture, as shares of its frames and of its length. */
const fault = fc.record({
  kind: fc.constantFrom("leap", "late", "jitter", "swap", "pause", "step"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.double({ min: 0, max: 0.5, noNaN: true }),
  byNs: fc.oneof(fc.integer({ min: -5e6, max: 5e6 }), fc.integer({ min: -4e9, max: 4e9 })),
});

type Fault = typeof fault extends fc.Arbitrary<infer T> ? T : never;

function faulty(capture: readonly Stamped[], { kind, at, length, byNs }: Fault): Stamped[] {
  const from = Math.floor(at * capture.length);
  const to = Math.min(capture.length, from + Math.floor(length * capture.length));
  switch (kind) {
    case "leap":
      return capture.map((one, n) => (n === from ? { ...one, ns: one.ns + byNs } : one));
    case "late":
      return capture.toSpliced(from, 1).toSpliced(to, 0, ...capture.slice(from, from + 1));
    case "jitter":
      return capture.map((one, n) =>
        n >= from && n < to ? { ...one, ns: one.ns + ((n * 7919) % 13) * (Math.abs(byNs) % 1e6) } : one,
      );
    case "swap":
      return [...capture.slice(to), ...capture.slice(from, to), ...capture.slice(0, from)];
    case "pause":
      return capture.toSpliced(from, to - from);
    case "step":
    default:
      return capture.map((one, n) => (n >= from ? { ...one, ns: one.ns + byNs } : one));
  }
}

/** Traffic of two conversations, one fast and one slow, in captures with which much may be wrong. */
export const busyTraffic: fc.Arbitrary<Sides> = fc
  .record({
    fastUs: fc.integer({ min: 10, max: 5000 }),
    slowUs: fc.integer({ min: 100_000, max: 3_000_000 }),
    faults: fc.tuple(fc.array(fault, { maxLength: 4 }), fc.array(fault, { maxLength: 4 })),
  })
  .map(({ fastUs, slowUs, faults: [insideFaults, outsideFaults] }) => {
    const fast = conversation(300, { everyUs: fastUs, startUs: 500_000 });
    const slow = conversation(12, { everyUs: slowUs, srcPort: 41_000, seed: 5, insideSrc: "172.17.0.9" });
    return {
      inside: insideFaults.reduce(faulty, merged(fast.inside, slow.inside)),
      outside: outsideFaults.reduce(faulty, merged(fast.outside, slow.outside)),
    };
  });
