import { afterEach, expect, it, vi } from "vitest";
import { Clock, STILL } from "../../../src/correlate/clock/clock.js";
import { correlated, type Stamped, us } from "../outcome.js";
import { CONTAINER, HOST, segment, SERVER } from "../traffic.js";

const STEADY = { ...STILL, firstFrame: 0, unboundNs: 0, disorderNs: 0 };
const FACTS = { offsetNs: 0, driftPpm: 0, uncertaintyNs: null, steps: [], moreSteps: 0 } as const;

const PORTS = { srcPort: 40_000, dstPort: 80, ack: 77 };

afterEach(() => void vi.restoreAllMocks());

/** What becomes of packets that never left: one long before clocks are trusted, which is 2 s from the start, one shortly before, and one behind that. */
async function judgedWith(source: "none" | "estimated"): Promise<unknown[]> {
  const stretches = [
    { ...STEADY, untilNs: 2e9, slackNs: 0, isTrusted: false },
    { ...STEADY, untilNs: Number.POSITIVE_INFINITY, slackNs: 0, isTrusted: true },
  ];
  vi.spyOn(Clock, "fixed").mockReturnValue(new Clock(0n, 1e9, () => ({ ...FACTS, source }), stretches));
  const sent = Array.from({ length: 60 }, (_, n) => ({ ms: 2100 + 40 * n, seq: 1000 + n, isLost: false }));
  const lost = [950, 1150, 2500].map((ms, n) => ({ ms, seq: 500 + n, isLost: true }));
  const side = (isInside: boolean): Stamped[] => {
    const near = isInside ? CONTAINER : HOST;
    const all = [...lost, ...sent].toSorted((a, b) => a.ms - b.ms).filter(({ isLost }) => isInside || !isLost);
    const own = isInside
      ? []
      : [
          us(
            0,
            segment({ src: HOST, dst: "10.0.2.2", srcPort: 22, dstPort: 50_000, seq: 1, ack: 1, ipId: 9, ttl: 64 }),
          ),
        ];
    return [
      ...own,
      ...all.map(({ ms, seq }) =>
        us(
          1000 * ms + (isInside ? 0 : 20),
          segment({ ...PORTS, src: near, dst: SERVER, seq, ipId: seq, ttl: isInside ? 64 : 63 }),
        ),
      ),
    ];
  };
  const { alone } = await correlated(side(true), side(false), { clock: { kind: "none" } });
  return alone.filter((each) => each.side === "inside").map(({ verdict, reason }) => `${verdict} ${reason}`);
}

it("nothing is dropped that nobody knows the clocks of, where there are two", async () => {
  expect(await judgedWith("estimated")).toEqual(["unknown nothing-paired", "unknown clock-unknown", "dropped no-twin"]);
});

it("where there is one, nobody need tell", async () => {
  expect(await judgedWith("none")).toEqual(["unknown nothing-paired", "dropped no-twin", "dropped no-twin"]);
});
