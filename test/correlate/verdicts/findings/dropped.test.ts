import { expect, it } from "vitest";
import { outcomeOf } from "../../outcome.js";
import { CONTAINER, datagram, HOST, merged, SERVER } from "../../traffic.js";
import { Scene } from "./scene.js";

/** What never comes out, by its TTL. */
const probe = (ttl: number) =>
  datagram({ src: CONTAINER, dst: SERVER, srcPort: 40_000, dstPort: 33_434, ipId: 7 + ttl, ttl, text: `hop ${ttl}` });
/** The same of a known flow, from outside. */
const answer = datagram({ src: SERVER, dst: HOST, srcPort: 53, dstPort: 40_000, ipId: 9, ttl: 1, text: "too far" });

const beat = (src: string, n: number) =>
  datagram({ src, dst: SERVER, srcPort: 5000, dstPort: 9999, ipId: 100 + n, ttl: 64, text: `${n}` });

/** The reasons of what is dropped, and what to look at next. */
async function toldOf(scene: Scene): Promise<{ reasons: string[]; hints: string[] }> {
  const { alone, findings } = await scene.until(3000).outcome();
  const dropped = alone.filter(({ verdict }) => verdict === "dropped");
  const hints = findings.filter(({ code }) => code === "dropped").map(({ hint }) => hint);
  return { reasons: dropped.map(({ side, reason }) => `${side} ${reason}`), hints };
}

it("what is dropped as its TTL ran out says so, whichever way it goes, and no hint is at rules", async () => {
  const known = new Scene().datagram(100, {}, "first").datagram(110, {}, "second", false);
  const { reasons, hints } = await toldOf(known.alone(200, "inside", probe(1)).alone(900, "outside", answer));
  expect(reasons).toEqual(["inside ttl-spent", "outside ttl-spent"]);
  expect(hints).toEqual(Array(2).fill(expect.stringMatching(/^traceroute lets TTLs run out on purpose/)));
  const verdict = (await known.verdicts()).find((each) => each.startsWith("inside"));
  expect(verdict).toMatch(/dropped: its TTL was 1 and ran out at the host.*RFC 1812 section 5\.3\.1/);
});

it("what a rule may have dropped as well has both hints", async () => {
  const { reasons, hints } = await toldOf(
    new Scene().alone(200, "inside", probe(2)).alone(210, "inside", probe(1)).alone(220, "inside", probe(3)),
  );
  expect(reasons).toEqual(["inside no-twin", "inside ttl-spent", "inside no-twin"]);
  expect(hints).toEqual([expect.stringMatching(/iptables -vnL FORWARD.*; ttl-spent: traceroute/)]);
  expect((await toldOf(new Scene().alone(200, "inside", probe(2)))).hints).not.toEqual([
    expect.stringContaining("traceroute"),
  ]);
});

it("no TTL runs out where the router keeps them", async () => {
  const beats = Array.from({ length: 40 }, (_, n) => n);
  const inside = beats.map((n) => ({ ns: n * 1e8, packet: beat(CONTAINER, n) }));
  const outside = beats.map((n) => ({ ns: n * 1e8 + 20_000, packet: beat(HOST, n) }));
  const { alone } = await outcomeOf(merged(inside, [{ ns: 1.01e9, packet: probe(1) }]), merged(outside));
  expect(alone.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(["dropped no-twin"]);
});
