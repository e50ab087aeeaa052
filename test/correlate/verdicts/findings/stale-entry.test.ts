import { expect, it } from "vitest";
import { type HostRules, NO_RULES, type Passed } from "../../../../src/packets/results/host-rules.js";
import { CONTAINER, datagram, HOST } from "../../traffic.js";
import { Scene } from "./scene.js";

const CLIENT = "198.51.100.7";
const ends = { src: CLIENT, dst: HOST, srcPort: 5000, dstPort: 7100 };

const sent = (n: number, src: string, dst: string, ttl: number, ports: readonly [number, number]) =>
  datagram({ src, dst, srcPort: ports[0], dstPort: ports[1], ipId: 9000 + n, ttl, text: `datagram ${n}` });

/** What a client sends to a port that is forwarded, and from some time on is not, but for answers of some TTL; by what conntrack says of it then. */
function scene(passed: Passed | undefined, answerTtl?: number): Scene {
  const rules = (): HostRules => ({ ...NO_RULES, passedAs: () => passed });
  const all = new Scene().by(rules);
  for (let n = 0; n < 20; n++) {
    const ms = 100 + 10 * n;
    all.alone(ms, "outside", sent(2 * n, CLIENT, HOST, 63, [5000, 7100]));
    if (n < 15) {
      all.alone(ms + 0.02, "inside", sent(2 * n, CLIENT, CONTAINER, 62, [5000, 9000]));
      all.alone(ms + 1, "inside", sent(2 * n + 1, CONTAINER, CLIENT, 64, [9000, 5000]));
      all.alone(ms + 1.02, "outside", sent(2 * n + 1, HOST, CLIENT, 63, [7100, 5000]));
    } else if (answerTtl !== undefined)
      all.alone(ms + 1, "outside", sent(2 * n + 1, HOST, CLIENT, answerTtl, [7100, 5000]));
  }
  return all.until(3000);
}

const passedAs = (to: typeof ends): Passed => ({ ends: to, dst: new Uint32Array(4) });

it("is a conversation that conntrack's entry leads to the host, though it was forwarded before", async () => {
  const found = await scene(passedAs(ends)).findings("stale-entry");
  expect(found).toMatchObject([{ severity: "warning", count: 1, more: 0, frames: { inside: [] } }]);
  expect(found[0].frames.outside).toHaveLength(5);
});

it.each([
  ["conntrack says nothing of", undefined],
  ["conntrack translates", passedAs({ ...ends, dst: CONTAINER, dstPort: 9000 })],
])("is none that %s", async (_, passed) => {
  const { findings, alone } = await scene(passed).outcome();
  expect(findings.filter(({ code }) => code === "stale-entry")).toEqual([]);
  expect(alone.map(({ verdict }) => verdict)).toEqual(Array.from({ length: 5 }, () => "dropped"));
});

it.each([
  ["the host's own, by its full TTL", ends, 64, "local"],
  ["not told by a TTL that routers lowered", ends, 63, "unknown"],
  [
    "not the host's where conntrack translates its conversation",
    { ...ends, dst: CONTAINER, dstPort: 9000 },
    64,
    "unknown",
  ],
])("an answer that never entered is %s", async (_, to, ttl, verdict) => {
  const { alone } = await scene(passedAs(to), ttl).outcome();
  const answers = alone.filter(({ why }) => /sent it/.test(why));
  expect(answers.map((each) => each.verdict)).toEqual(Array.from({ length: 5 }, () => verdict));
});
