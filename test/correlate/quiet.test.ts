import * as fc from "fast-check";
import { expect, it, vi } from "vitest";
import { Kernel } from "../../src/correlate/kernel/kernel.js";
import { GONE } from "../../src/packets/fates.js";
import { Timeline } from "../../src/packets/timeline.js";
import { runs } from "../support/runs.js";
import { adversity, EITHER, spec } from "./adversary.js";
import { correlated, ms, type Stamped } from "./outcome.js";
import { CONTAINER, datagram, HOST, SERVER } from "./traffic.js";

async function sameTotals(inside: readonly Stamped[], outside: readonly Stamped[]): Promise<number> {
  const shown = await correlated(inside, outside, { clock: { kind: "none" } });
  const quiet = await correlated(inside, outside, { clock: { kind: "none" }, wants: "totals" });
  expect(quiet.summary).toEqual(shown.summary);
  expect(quiet.flows).toEqual(shown.flows);
  expect(quiet.findings).toEqual(shown.findings);
  return shown.summary.inside.paired;
}

const out = (n: number, src: string, ttl: number) =>
  datagram({ src, srcPort: 5000, dst: SERVER, dstPort: 53, ipId: 0, ttl, text: `question ${n}` });
const back = (n: number, dst: string, ttl: number) =>
  datagram({ src: SERVER, srcPort: 53, dst, dstPort: 5000, ipId: 1 + n, ttl, text: `answer ${n}` });
// the first hundred leave at once; of the others, twenty at a time wait for each other
const lateMs = (n: number) => (n < 100 ? 0.03 : 0.03 + 30 - (n % 20) * 1.5);
const inOrder = (side: Stamped[]) => side.toSorted((a, b) => a.ns - b.ns);

it("comes to the same totals whether anybody wants to see the pairs or not", async () => {
  await fc.assert(
    fc.asyncProperty(spec(EITHER), async (spec) => {
      const { inside, outside } = adversity(spec);
      expect(await sameTotals(inside, outside)).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: runs(18) },
  );
});

it("pairs what a queue held up by what else crossed meanwhile, though nobody wants to see that", async () => {
  const times = Array.from({ length: 200 }, (_, n) => n);
  const inside = times.flatMap((n) => [ms(2 * n, out(n, CONTAINER, 64)), ms(2 * n + 1.03, back(n, CONTAINER, 49))]);
  const outside = times.flatMap((n) => [ms(2 * n + lateMs(n), out(n, HOST, 63)), ms(2 * n + 1, back(n, HOST, 50))]);
  expect(await sameTotals(inOrder(inside), inOrder(outside))).toBeGreaterThan(380);
});

const same = (src: string, ttl: number) =>
  datagram({ src, srcPort: 5000, dst: SERVER, dstPort: 53, ipId: 0, ttl, text: "once more" });

it("asks nothing of a packet that was paired with another one meanwhile, as its record may be another packet's", async () => {
  const times = Array.from({ length: 400 }, (_, n) => n);
  const inside = times.map((n) => ms(2 * n, out(n, CONTAINER, 64)));
  const outside = times.map((n) => ms(2 * n + 0.03, out(n, HOST, 63)));
  // of two equal ones, the first is lost
  inside.push(ms(500.5, same(CONTAINER, 64)), ms(540.5, same(CONTAINER, 64)));
  outside.push(ms(540.53, same(HOST, 63)));
  const reserve = vi.spyOn(Timeline.prototype, "reserve");
  const gone: number[] = [];
  // oxlint-disable-next-line typescript/unbound-method -- it is called with what it was called with
  const { relate } = Kernel.prototype;
  vi.spyOn(Kernel.prototype, "relate").mockImplementation(function (this: Kernel, a, b, mayBeAltered) {
    const timeline = reserve.mock.contexts.at(-1);
    if (timeline instanceof Timeline) gone.push(...[a, b].filter((row) => timeline.state(row) === GONE));
    return relate.call(this, a, b, mayBeAltered);
  });
  expect(await sameTotals(inOrder(inside), inOrder(outside))).toBe(401);
  vi.restoreAllMocks();
  expect(gone).toEqual([]);
});
