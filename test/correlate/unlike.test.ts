import { expect, it } from "vitest";
import { ms, outcomeOf, type Stamped } from "./outcome.js";
import { conversation, datagram, HOST, merged, SERVER } from "./traffic.js";

/** A datagram that says what all others do, without an IP ID: of a container's flow, as it is inside, or outside. */
const said = (isInside: boolean, ttl: number, tos = 0, df = true, text = "alive", ipId = 0) =>
  datagram({
    src: isInside ? "172.17.0.2" : HOST,
    srcPort: isInside ? 6000 : 6001,
    dst: SERVER,
    dstPort: 4500,
    ipId,
    ttl,
    tos,
    df,
    text,
  });

/** What makes its flow known. */
const first = (isInside: boolean) => said(isInside, isInside ? 64 : 63, 0, true, "hello, this is the first one", 4711);

/** Segments of another conversation. */
const TALK = 20;

const OTHERWISE: [string, number, number, boolean][] = [
  ["TTL", 127, 0, true],
  ["DSCP", 63, 0xb8, true],
  ["DF", 63, 0, false],
];

it.each(OTHERWISE)(
  "what another container sent by the same port since, as its %s tells, is no twin of the next one",
  async (_, ttl, tos, df) => {
    const inside = [ms(0, first(true)), ms(1100, said(true, 64))];
    const outside = [ms(0.01, first(false)), ms(1100.01, said(false, ttl, tos, df))];
    const { twins } = await outcomeOf(inside, outside, { clock: { kind: "none" } });
    expect(twins).toEqual([[1, 1]]);
  },
);

it.each(OTHERWISE)(
  "what another container sent by the same port since, as its %s tells, is no evidence for a translation that has begun",
  async (_, ttl, tos, df) => {
    const talk = conversation(TALK, { insideSrc: "172.17.0.9" });
    const inside = [ms(1000, said(true, 64)), ms(2100, said(true, 64))];
    const pairsWhere = async (ttlOut: number, tosOut: number, dfOut: boolean) => {
      const outside = [ms(1000.1, said(false, 63)), ms(2100.01, said(false, ttlOut, tosOut, dfOut))];
      const { pairs } = await outcomeOf(merged(talk.inside, inside), merged(talk.outside, outside));
      return pairs.length - TALK;
    };
    expect(await pairsWhere(ttl, tos, df)).toBe(0);
    expect(await pairsWhere(63, 0, true)).toBe(1);
  },
);

it("probes that differ by their TTL alone are twins where it fell by one", async () => {
  const inside: Stamped[] = [ms(0, first(true))];
  const outside: Stamped[] = [ms(0.01, first(false))];
  const truth: [number, number][] = [[1, 1]];
  for (let ttl = 1; ttl <= 20; ttl++) {
    inside.push(ms(1000 + ttl, said(true, ttl)));
    // the first one ends at the router
    if (ttl === 1) continue;
    outside.push(ms(1000.01 + ttl, said(false, ttl - 1)));
    truth.push([inside.length, outside.length]);
  }
  const { twins } = await outcomeOf(inside, outside, { clock: { kind: "none" } });
  expect(twins.filter(([i, o]) => truth.every(([entry, exit]) => entry !== i || exit !== o))).toEqual([]);
});

const ttlOf = ({ packet }: Stamped) => packet[8];

it("datagrams that differ by their TTL alone are twins where it fell by one, though they leave in the other order", async () => {
  const talk = conversation(400, { everyUs: 5000, insideSrc: "172.17.0.9" });
  const [inside, outside] = [[ms(0, first(true))], [ms(0.02, first(false))]];
  for (let n = 0; n < 40; n++) {
    const atMs = 100 + 40 * n;
    inside.push(ms(atMs, said(true, 64)), ms(atMs + 0.03, said(true, 128)));
    outside.push(ms(atMs + 0.05, said(false, 127)), ms(atMs + 0.06, said(false, 63)));
  }
  const [entered, left] = [merged(inside, talk.inside), merged(outside, talk.outside)];
  const { twins } = await outcomeOf(entered, left, { clock: { kind: "none" } });
  expect(twins).toHaveLength(entered.length);
  expect(twins.filter(([i, o]) => Math.abs(ttlOf(entered[i - 1]) - ttlOf(left[o - 1])) !== 1)).toEqual([]);
});
