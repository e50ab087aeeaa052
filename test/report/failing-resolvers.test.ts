import { expect, it } from "vitest";
import type { Finding } from "../../src/packets/results/findings.js";
import { heardBy } from "../../src/packets/results/answers.js";
import { Resolvers } from "../../src/packets/results/resolvers.js";
import { UnknownNames } from "../../src/packets/results/unknown-names.js";
import { INSIDE, OUTSIDE, type Side } from "../../src/packets/sides.js";
import { FailingResolvers } from "../../src/report/failing-resolvers.js";
import { NdjsonReporter } from "../../src/report/ndjson/ndjson.js";
import { flow } from "../host/flow.js";
import { addressRecord, ASKED, dnsMessage, dnsName } from "../support/dns.js";
import { ethernet, ipv4, ipv6, udp } from "../support/packets.js";
import { heardOf } from "../wire/decoded.js";
import { ETHERNET } from "../wire/samples.js";
import { HandFilled, SUMMARY } from "./tables.js";

const [NOERROR, SERVFAIL, NXDOMAIN, REFUSED, NOTIMP] = [0, 2, 3, 5, 4];

interface Answer {
  readonly code: number;
  readonly name?: string;
  readonly id?: number;
  readonly dst?: string;
  readonly side?: Side;
  readonly flags?: number;
  readonly captured?: number;
  /** What it gives. */
  readonly address?: string;
}

/** Has an answer heard. */
function hear(resolvers: Resolvers, at: number, answer: Answer): void {
  const {
    code,
    name = "www.example",
    id = at,
    dst = "172.17.0.3",
    side = INSIDE,
    flags = 0x8180,
    captured,
    address,
  } = answer;
  const records = address === undefined ? [] : [addressRecord(ASKED, address)];
  const payload = dnsMessage(dnsName(...name.split(".")), { id, flags: flags | code, records });
  const carried = udp({ srcPort: 53, dstPort: 40_000, payload });
  const packet = dst.includes(":") ? ipv6({ src: "fd00::53", dst }, carried) : ipv4({ src: "10.0.2.3", dst }, carried);
  const frame = ethernet(packet);
  const taken = { linkType: ETHERNET, frame, captured: captured ?? frame.length, original: frame.length };
  const heard = heardOf([taken]);
  if (heard !== undefined) heardBy(resolvers)(side, 0n, heard);
}

/** What is found of some answers, and of one flow of a query to 10.0.2.3. */
function found(...answers: readonly Answer[]): Finding[] {
  const resolvers = new Resolvers();
  const findings: Finding[] = [];
  for (const [at, answer] of answers.entries()) hear(resolvers, at, answer);
  const reporter = new NdjsonReporter(() => {}, { quiet: true, program: "0" });
  reporter.finding = (finding) => void findings.push(finding);
  const sink = new FailingResolvers(reporter, resolvers);
  sink.begin(new HandFilled());
  sink.flow(flow("udp", "inside", "172.17.0.3.40000 > 10.0.2.3.53", "10.0.2.15.40000 > 10.0.2.3.53", { id: 7 }));
  sink.flow(flow("udp", "inside", "172.17.0.9.40000 > 10.0.2.3.53", "10.0.2.15.40000 > 10.0.2.3.53", { id: 8 }));
  sink.end(SUMMARY);
  return findings;
}

const texts = (...answers: readonly Answer[]): string[] => found(...answers).map(({ code, text }) => `${code} ${text}`);
const times = (count: number, answer: Answer): Answer[] => Array.from({ length: count }, () => answer);

it("dns-failing names the resolver, who asked it, the errors with some names, and the flows", () => {
  const [finding, ...others] = found(
    ...times(2, { code: SERVFAIL }),
    ...["a.example", "b.example"].map((name) => ({ code: SERVFAIL, name })),
    { code: REFUSED },
  );
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ code: "dns-failing", severity: "warning", count: 5, flows: [7] });
  expect(finding.text).toBe(
    "resolvers answer (nearly) nothing but errors: 10.0.2.3 to 172.17.0.3 SERVFAIL 4 times (www.example, a.example …), REFUSED once (www.example), of 5 answers",
  );
  expect(finding.addresses?.map(({ address }) => address)).toEqual(["172.17.0.3"]);
});

it("dns-no-such-name names what is not there, beside all that is, and who said so to whom", () => {
  const [finding, ...others] = found(
    { code: NXDOMAIN, name: "nosuch.example" },
    { code: NXDOMAIN, name: "nosuch.example" },
    ...times(9, { code: NOERROR }),
  );
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ code: "dns-no-such-name", severity: "info", count: 1, flows: [] });
  expect(finding.text).toBe(
    "resolvers say that there is no such name: nosuch.example (10.0.2.3 to 172.17.0.3, 2 times)",
  );
  expect(found({ code: NXDOMAIN })[0]).toMatchObject({ flows: [7] });
});

it("dns-no-such-name is not said of one form of a name where another has an address, nor of an address's name", () => {
  const there = { code: NOERROR, name: "db.corp.example", address: "10.1.1.1" };
  expect(texts({ code: NXDOMAIN, name: "db" }, there)).toEqual([]);
  expect(texts(there, { code: NXDOMAIN, name: "db.other.example" })).toEqual([]);
  expect(texts({ code: NXDOMAIN, name: "db.x.example" }, { code: NXDOMAIN, name: "db" })).toEqual([
    "dns-no-such-name resolvers say that there is no such name: db (10.0.2.3 to 172.17.0.3, 2 times)",
  ]);
  expect(texts({ code: NXDOMAIN, name: "db" }, { ...there, dst: "172.17.0.9" })).toHaveLength(1);
  expect(texts({ code: NXDOMAIN, name: "3.0.17.172.in-addr.arpa" })).toEqual([]);
});

it("is said of nine of ten answers, of each client by itself", () => {
  const failing = times(9, { code: SERVFAIL });
  expect(texts(...failing, { code: NOERROR })).toHaveLength(1);
  expect(texts(...failing.slice(1), { code: NOERROR })).toEqual([]);
  const other = { code: NOERROR, dst: "172.17.0.9" };
  expect(texts(...failing, ...times(9, other))).toHaveLength(1);
  expect(texts(...times(3, { code: NOERROR }), ...failing)).toEqual([]);
});

it("counts what a side shows twice once, and nothing that the outside shows", () => {
  expect(texts({ code: SERVFAIL, id: 70 }, { code: SERVFAIL, id: 70 })[0]).toMatch(/SERVFAIL once .* of 1 answer$/);
  expect(texts({ code: SERVFAIL, side: OUTSIDE })).toEqual([]);
});

it("counts answers of one id to two clients both, and what is shown again behind others once", () => {
  const [own, other] = [70, 71].map((id) => ({ code: SERVFAIL, id }));
  expect(texts(own, other, { ...own, dst: "172.17.0.9" }, own)[0]).toMatch(
    /to 172\.17\.0\.3 SERVFAIL 2 times .* of 2 answers, 10\.0\.2\.3 to 172\.17\.0\.9 SERVFAIL once .* of 1 answer$/,
  );
});

it("says of no name that it is unknown where there are too many that are known to remember", () => {
  const names = new UnknownNames();
  names.add("172.17.0.3", "10.0.2.3", "nosuch.example");
  for (let known = 1; known < 65_536; known++) names.know("172.17.0.3", `name${known}.example`);
  expect([[...names.all].length, names.isFull]).toEqual([1, false]);
  names.know("172.17.0.3", "last.example");
  names.add("172.17.0.3", "10.0.2.3", "name1.example");
  expect([[...names.all].length, names.isFull]).toEqual([0, true]);
});

it("says nothing of other errors alone, nor of what answers no ordinary query, nor of questions", () => {
  expect(texts({ code: NOTIMP })).toEqual([]);
  expect(texts({ code: SERVFAIL, flags: 0xa980 }, { code: SERVFAIL, flags: 0x0100 })).toEqual([]);
});

it("takes IPv6, a name that was cut off, and one that is no plain text", () => {
  expect(texts({ code: SERVFAIL, dst: "fd00:17::3" })[0]).toContain("fd00::53 to fd00:17::3 SERVFAIL once (www");
  expect(texts({ code: SERVFAIL, captured: 14 + 20 + 8 + 16 })[0]).toContain("SERVFAIL once, of 1 answer");
  expect(texts({ code: SERVFAIL, name: "\u001b[31m.example" })[0]).toContain("(\\027[31m.example)");
});
