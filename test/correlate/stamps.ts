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

/** A place in a capture, as a share of its frames. */
const place = fc.integer({ min: 1, max: 99 }).map((percent) => percent / 100);

/** Where a clock is set, and by how much. */
const setting = fc.record({ at: place, byNs: fc.integer({ min: -5000, max: 5000 }).map((ms) => 1e6 * ms + 7) });

/** A frame that comes so many places late. */
const lateness = fc.record({ at: place, by: fc.integer({ min: 1, max: 12 }) });

/** A frame whose stamp is off by little, as those of several processors are. */
const offness = fc.record({ at: place, byNs: fc.integer({ min: -3_000_000, max: 3_000_000 }) });

type Set = typeof setting extends fc.Arbitrary<infer T> ? T : never;
type Late = typeof lateness extends fc.Arbitrary<infer T> ? T : never;
type Off = typeof offness extends fc.Arbitrary<infer T> ? T : never;

function set(capture: readonly Stamped[], { at, byNs }: Set): Stamped[] {
  return faulty(capture, { kind: "step", at, length: 0, byNs });
}

function delayed(capture: readonly Stamped[], { at, by }: Late): Stamped[] {
  const from = Math.floor(at * capture.length);
  return capture.toSpliced(from, 1).toSpliced(from + by, 0, ...capture.slice(from, from + 1));
}

function off(capture: readonly Stamped[], { at, byNs }: Off): Stamped[] {
  return faulty(capture, { kind: "leap", at, length: 0, byNs });
}

/** A conversation in captures that go on long after what is looked at in the beginning, while their clocks are set forth and back. */
export const clocksSet: fc.Arbitrary<Sides> = fc
  .record({
    count: fc.integer({ min: 600, max: 1500 }),
    everyUs: fc.integer({ min: 1000, max: 20_000 }),
    sets: fc.tuple(fc.array(setting, { maxLength: 2, size: "max" }), fc.array(setting, { maxLength: 2, size: "max" })),
    late: fc.tuple(fc.array(lateness, { maxLength: 8 }), fc.array(lateness, { maxLength: 8 })),
    offs: fc.tuple(fc.array(offness, { maxLength: 24 }), fc.array(offness, { maxLength: 24 })),
  })
  .map(({ count, everyUs, sets, late, offs }) => {
    const { inside, outside } = conversation(count, { everyUs });
    const [one, other] = [inside, outside].map((capture, side) => {
      const isSet = sets[side].reduce(set, capture);
      return late[side].reduce(delayed, offs[side].reduce(off, isSet));
    });
    return { inside: one, outside: other };
  });
