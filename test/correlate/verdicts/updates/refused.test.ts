import { describe, expect, it } from "vitest";
import { icmp, ipv4 } from "../../../support/packets.js";
import { ms, outcomeOf } from "../../outcome.js";
import { CONTAINER, HOST, merged, ping, SERVER } from "../../traffic.js";
import { data, query, knock, beat, sides, opened, outcome, told, known, type Sent } from "../sent.js";

const GATEWAY = "172.17.0.1";

/** The host says that a packet cannot be delivered, to whoever sent it. */
const unreachable = (atMs: number, { packet, isInbound = false }: Sent): Sent => ({
  atMs,
  isLost: true,
  isInbound,
  packet: () =>
    ipv4(
      { ...(isInbound ? { src: HOST, dst: SERVER } : { src: GATEWAY, dst: CONTAINER }), id: 3, ttl: 64 },
      icmp({ type: 3, code: 1, payload: packet(!isInbound).subarray(0, 28) }),
    ),
});

/** The error of somebody else about what came from outside. */
const ipv4Of = (src: string, { packet }: Sent): Uint8Array =>
  ipv4({ src, dst: SERVER, id: 3, ttl: 64 }, icmp({ type: 3, code: 1, payload: packet(false).subarray(0, 28) }));

describe("an ICMP error after the window", () => {
  it("makes a drop refused, and the findings and the summary know", async () => {
    const lost = query(1020, "who is it?", true);
    const also = query(1100, "who else?", true);
    const all = [query(1000, "first"), lost, also, unreachable(4020, lost)];
    expect(await told(all)).toEqual(["1020 lost", "1100 lost", "1020 update refused by 4020"]);
    const { summary, findings, updates } = await outcome(all);
    expect(summary.verdicts[0]).toEqual(
      new Map([
        ["dropped", 1],
        ["refused", 1],
        ["local", 1],
      ]),
    );
    expect(findings.find(({ code }) => code === "dropped")).toMatchObject({
      count: 1,
      frames: { inside: [expect.any(Number)], outside: [] },
      text: "entered on inside, never left on outside: 1 lost",
    });
    expect(updates[0].why).toMatch(/^host unreachable, says 172\.17\.0\.1 \(frame \d+\)$/);
  });

  it("of which there are as many as packets that are quoted alike is about one of them each; of fewer, about any", async () => {
    const again = [1020, 2040, 3060].map((atMs) => beat(atMs, true));
    const errors = [4062, 4063, 4064].map((atMs) => unreachable(atMs, again[0]));
    expect((await told([query(1000, "first"), ...again, ...errors])).slice(-3)).toEqual([
      "1020 update refused by 4062",
      "2040 update refused by 4063",
      "3060 update refused by 4064",
    ]);
    const { updates } = await outcome([query(1000, "first"), ...again, ...errors.slice(1)]);
    expect(updates.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(
      Array(3).fill("unknown may-be-refused"),
    );
  });

  it("of which a short snaplen left out the ports, or the number, may be about any drop between the same addresses", async () => {
    const lost = data(1050, 1005, "lost", { isLost: true });
    const { inside, outside } = sides([...opened, lost]);
    for (const kept of [2, 6]) {
      const error = { ...ms(4062, unreachable(4062, lost).packet(true)), kept: 20 + 8 + 20 + kept };
      const { updates } = await outcomeOf(merged(known.inside, inside, [error]), merged(known.outside, outside));
      expect(updates.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(["unknown cut-short"]);
    }
  });

  it("makes what was unknown refused, where it can be about nothing else", async () => {
    const asked = query(1020, "who is it?");
    const outside = [ms(900, ping({ src: HOST, dst: SERVER, ttl: 64, icmpId: 5, seq: 1, ipId: 8 }))];
    const saidOf = async (...sent: readonly Sent[]) => {
      const inside = sent.map(({ atMs, packet }) => ms(atMs, packet(true)));
      const { alone, updates, summary, findings } = await outcomeOf(inside, [...outside, ms(9000, outside[0].packet)]);
      expect(summary.verdicts[0].get("refused") ?? 0).toBe(updates.length);
      expect(findings.filter(({ code }) => code === "refused")).toHaveLength(Math.min(updates.length, 1));
      return [alone.find(({ side }) => side === "inside")!, ...updates].map(
        ({ verdict, reason }) => `${verdict} ${reason}`,
      );
    };
    const unknown = "unknown nothing-paired";
    expect(await saidOf(asked, unreachable(4020, asked))).toEqual([unknown, "refused host-unreachable"]);
    expect(await saidOf(asked, unreachable(4020, query(1020, "who is it?")))).toEqual([unknown]);
    const again = { ...asked, atMs: 1090 };
    expect(await saidOf(asked, again, unreachable(4020, asked))).toEqual([unknown]);
    const threeErrors = [4020, 4021, 4022].map((atMs) => unreachable(atMs, asked));
    for (const count of [3, 4, 20]) {
      const alike = Array.from({ length: count }, (_, n) => ({ ...asked, atMs: 1020 + n }));
      // as many errors as packets are about one of them each
      expect(await saidOf(...alike, ...threeErrors)).toHaveLength(count === 3 ? 4 : 1);
    }
    expect(await saidOf(asked, unreachable(40_000, asked))).toEqual([unknown]);
  });

  it("says so of what came from outside by no known translation, if it is the host's own", async () => {
    const knocks = [knock(1020, "a"), knock(1120, "b")];
    const errors = [unreachable(4100, knocks[0]), unreachable(4100.01, knocks[1])];
    const both = await outcome([...knocks, ...errors]);
    expect(both.alone.map(({ reason }) => reason)).toEqual(["no-answer", "no-answer", "host-error", "host-error"]);
    expect(both.updates.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(
      Array(2).fill("refused host-unreachable"),
    );
    // a router beside the host says so of what it was sent itself, or the host has that address as well
    const router = { ...errors[0], packet: () => ipv4Of("10.0.2.2", knocks[0]) };
    expect((await outcome([knocks[0], router])).updates).toEqual([]);
  });

  it("says so of what says the same all the time, of which no copy tells anything", async () => {
    const lost = knock(1500, "beat");
    const beats = [{ ...knock(1000, "beat"), isLost: false }, lost];
    expect(await told([...beats, unreachable(4540, lost)])).toEqual(["1500 unknown", "1500 update refused by 4540"]);
  });

  it("is about the packet it quotes, and no other", async () => {
    const lost = query(1020, "who is it?", true);
    const other = query(1020, "who is it?");
    expect(await told([query(1000, "first"), lost, unreachable(4020, other)])).toEqual(["1020 lost"]);
  });
});
