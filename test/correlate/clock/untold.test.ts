import { describe, expect, it } from "vitest";
import { correlated, type Stamped } from "../outcome.js";
import { CONTAINER, conversation, datagram, HOST, merged, SERVER } from "../traffic.js";

const BEATS = 60;
const LATE_NS = 80e6;

/** Too short to tell of clocks. */
function beat(src: string, ttl: number, n: number, text: string): Uint8Array {
  return datagram({ src, dst: SERVER, srcPort: 5000, dstPort: 5000, ttl, ipId: 30_000 + 7 * n, text });
}

/**
 * What is said of clocks that a conversation of 10 ms tells of, where for six seconds beats pass, of which some come outside so much later by its
 * clock. `textOf`: what each says; `undecided`: how many of them are left so.
 */
async function uncertaintyNs(
  offsetNs: number,
  startUs: number,
  isLate: (n: number) => boolean,
  textOf = (n: number) => `beat ${n}`,
  undecided = 0,
): Promise<number> {
  const talk = conversation(100, { startUs });
  const [beats, moved]: [Stamped[], Stamped[]] = [[], []];
  for (let n = 0; n < BEATS; n++) {
    const ns = 50e6 + 100e6 * n + 1e6 * (n % 7);
    beats.push({ ns, packet: beat(CONTAINER, 64, n, textOf(n)) });
    moved.push({ ns: ns + 20_000 + (isLate(n) ? LATE_NS : 0), packet: beat(HOST, 63, n, textOf(n)) });
  }
  const outside = merged(talk.outside, moved).map(({ ns, packet }): Stamped => ({ ns: ns + offsetNs, packet }));
  const { pairs, summary } = await correlated(merged(talk.inside, beats), outside);
  expect(pairs).toHaveLength(100 + BEATS - undecided);
  return summary.clock.uncertaintyNs ?? Number.NaN;
}

describe.each([
  ["clocks that may be one", 0],
  ["two clocks", 2e9],
])("where no packet tells how %s stand, one of them", (_, offsetNs) => {
  it.each([
    ["all that come from some time on are late", 0, (n: number) => n >= 30],
    ["the last one is late", 0, (n: number) => n === BEATS - 1],
    ["all that came until some time before it tells were", 6_200_000, (n: number) => n < 30],
  ])("may have been set if %s", async (_what, startUs, isLate) => {
    expect(await uncertaintyNs(offsetNs, startUs, isLate)).toBeGreaterThanOrEqual(LATE_NS);
  });

  it("may have been set if all that come from some time on are late, and are left undecided as each says the same", async () => {
    expect(
      await uncertaintyNs(
        offsetNs,
        0,
        (n) => n >= 30,
        () => "beat",
        30,
      ),
    ).toBeGreaterThanOrEqual(LATE_NS);
  });

  it("was not set if others come in time behind one that is late", async () => {
    expect(await uncertaintyNs(offsetNs, 0, (n) => n === 30)).toBeLessThan(LATE_NS / 4);
  });

  it("was not set if what is late came beside packets that tell", async () => {
    expect(await uncertaintyNs(offsetNs, 0, (n) => n < 2)).toBeLessThan(LATE_NS / 4);
  });
});
