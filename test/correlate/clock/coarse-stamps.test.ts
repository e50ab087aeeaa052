import { expect, it } from "vitest";
import { outcomeOf, type Stamped } from "../outcome.js";
import { conversation, inStep } from "../traffic.js";

function later({ ns, packet }: Stamped, at: number): Stamped {
  return { ns: ns + 3 * at, packet };
}

/** A conversation on no grid: 300 segments, one every 731.003 µs. */
function talk(): { inside: Stamped[]; outside: Stamped[] } {
  const { inside, outside } = conversation(300, { everyUs: 731 });
  return { inside: inside.map(later), outside: outside.map(later) };
}

/** Stamps of which the digits below a unit are cut off. */
function cut(packets: readonly Stamped[], unitNs: number): Stamped[] {
  return packets.map(({ ns, packet }) => ({ ns: ns - (ns % unitNs), packet }));
}

it.each([1000, 10_000, 100_000, 1_000_000])(
  "one clock is not taken for two where one capture's stamps are multiples of %i ns",
  async (unitNs) => {
    const { inside, outside } = talk();
    const coarse = [
      [inside, cut(outside, unitNs)],
      [cut(inside, unitNs), outside],
    ] as const;
    for (const [own, others] of coarse) {
      const { twins, pairs, summary } = await outcomeOf(own, others);
      expect(summary.clock).toMatchObject({ source: "none", offsetNs: 0 });
      // several at one time are not told
      const told = new Set(inStep(300).map(String));
      expect(twins.map(String).filter((twin) => !told.has(twin))).toEqual([]);
      for (const { latencyNs } of pairs) expect(latencyNs).toBeGreaterThan(-unitNs);
    }
  },
);
