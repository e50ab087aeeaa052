import { expect, it } from "vitest";
import { ConntrackFacts } from "../../src/host/conntrack-facts.js";
import { ConntrackTable } from "../../src/host/conntrack-table.js";
import { Crossing } from "../../src/host/crossing.js";
import { NO_RULES } from "../../src/packets/results/host-rules.js";
import { UDP } from "../../src/protocols/ip-protocols.js";
import { us } from "../correlate/outcome.js";
import { OTHER } from "../correlate/traffic.js";
import { alone, query } from "../correlate/verdicts/beside.js";

const AT_NS = 1_700_000_000_000_000_000n;

/** What conntrack says of OTHER's queries: that they left with this source, and to whom. */
function factsOf(src: string, dst = "192.168.7.9"): ConntrackFacts {
  const table = new ConntrackTable();
  table.read(
    `    [NEW] udp      17 30 src=${OTHER} dst=192.168.7.9 sport=9999 dport=53 [UNREPLIED] src=${dst} dst=${src} sport=53 dport=9999`,
  );
  return new ConntrackFacts(table, new Crossing(), NO_RULES);
}

it("tells as what a conversation was forwarded, by its first packet alone", () => {
  const sent = { src: OTHER, srcPort: 9999, dst: "192.168.7.9", dstPort: 53 };
  const facts = factsOf("10.0.3.15");
  expect(facts.passedAs(UDP, sent, AT_NS)?.ends).toEqual({ ...sent, src: "10.0.3.15" });
  expect(facts.passedAs(UDP, { ...sent, srcPort: 9998 }, AT_NS)).toBeUndefined();
  expect(
    facts.passedAs(UDP, { src: "192.168.7.9", srcPort: 53, dst: "10.0.3.15", dstPort: 9999 }, AT_NS),
  ).toBeUndefined();
});

it("goes by the entry that a conversation had then: at first by the one that is told of just behind its packet", () => {
  const table = new ConntrackTable();
  const [sent, answer] = [`src=${OTHER} dst=10.0.2.15 sport=9999 dport=53`, `dst=${OTHER} sport=53 dport=9999`];
  table.read(
    [
      `[1700000010.000000]     [NEW] udp      17 30 ${sent} [UNREPLIED] src=172.17.0.9 ${answer}`,
      `[1700000020.000000] [DESTROY] udp      17 ${sent} [UNREPLIED] src=172.17.0.9 ${answer}`,
      `[1700000030.000000]     [NEW] udp      17 30 ${sent} [UNREPLIED] src=10.0.2.15 ${answer}`,
    ].join("\n"),
  );
  const facts = new ConntrackFacts(table, new Crossing(), NO_RULES);
  const asked = { src: OTHER, srcPort: 9999, dst: "10.0.2.15", dstPort: 53 };
  const to = (second: number) => facts.passedAs(UDP, asked, AT_NS + BigInt(second * 1e9))?.ends.dst;
  expect([8, 9.5, 15, 25, 29.5, 40].map(to)).toEqual([
    undefined,
    "172.17.0.9",
    "172.17.0.9",
    undefined,
    "10.0.2.15",
    "10.0.2.15",
  ]);
});

it("what nobody answers is not dropped where conntrack says that it left from an address of another uplink", async () => {
  const unanswered = [us(3050, query({ src: OTHER, dst: "192.168.7.9", ipId: 31_002, ttl: 64, text: "anybody?" }))];
  const [elsewhere] = await alone(unanswered, [], () => factsOf("10.0.3.15"));
  expect(elsewhere).toMatch(
    /^inside unknown: .* conntrack says that the host forwarded its conversation, as from 10\.0\.3\.15/,
  );
  // by the captured one, it should have come out
  expect((await alone(unanswered, [], () => factsOf("10.0.2.15")))[0]).toMatch(/^inside dropped/);
  expect((await alone(unanswered, []))[0]).toMatch(/^inside dropped/);
});

it("what nobody answers is local where conntrack says that the host redirected it to itself", async () => {
  const unanswered = [us(3050, query({ src: OTHER, dst: "192.168.7.9", ipId: 31_002, ttl: 64, text: "anybody?" }))];
  const [redirected] = await alone(unanswered, [], () => factsOf(OTHER, "172.17.0.1"));
  expect(redirected).toBe(
    "inside local: conntrack says that the host redirected its conversation to 172.17.0.1: to itself, or a neighbour of who opened it",
  );
  // with nothing rewritten, or to somebody on another link, it may have gone on
  for (const dst of ["192.168.7.9", "172.18.0.2"])
    expect((await alone(unanswered, [], () => factsOf(OTHER, dst)))[0]).toMatch(
      /^inside unknown: .* as from 172\.17\.0\.3: by another interface, as it seems, or the host took it$/,
    );
});
