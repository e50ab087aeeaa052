import { assert, asyncProperty, constantFrom, letrec, oneof, pre, tuple } from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { natcorr, type Printed } from "../support/natcorr.js";
import { runs } from "../support/runs.js";

const ROOT = join(import.meta.dirname, "../../fixtures");
const FIXTURES = readdirSync(ROOT);

const file = (fixture: string, ...more: string[]): Promise<Printed> =>
  natcorr("file", ...["inside", "outside"].map((side) => join(ROOT, fixture, `${side}.pcap`)), ...more);

interface Line {
  readonly type: string;
  readonly flow: number;
  readonly side: string;
  readonly frame: number;
  readonly inside: { readonly frames: readonly number[] };
  readonly outside: { readonly frames: readonly number[] };
}

function parsed(line: string): Line {
  const found: Line = JSON.parse(line);
  return found;
}

async function lines(fixture: string, filter: string): Promise<string[]> {
  const { code, stdout } = await file(fixture, "--format", "ndjson", ...(filter === "" ? [] : [filter]));
  expect([fixture, filter, code]).toEqual([fixture, filter, 0]);
  return stdout.trimEnd().split("\n");
}

const of = (found: readonly string[], type: string): string[] =>
  found.filter((line) => line.startsWith(`{"type":"${type}"`));

/** Parts of filters that are right for Ethernet. */
const TERMS = [
  "ip",
  "ip6",
  "tcp",
  "udp",
  "icmp",
  "arp",
  "port 80",
  "src port 53",
  "host 172.17.0.2",
  "src host 172.17.0.3",
  "dst host 10.0.2.15",
  "net 10.0.0.0/8",
  "host 180.101.49.11",
  "len > 100",
  "tcp[13] & 2 != 0",
  "ip[8] < 64",
  "ip[4:2] & 1 = 1",
  "ip[6:2] & 0x1fff != 0",
  "ether[5] & 1 = 0",
];
const { filter } = letrec<{ filter: string }>((tie) => ({
  filter: oneof(
    { depthSize: "small", withCrossShrink: true },
    constantFrom(...TERMS),
    tie("filter").map((part) => `not (${part})`),
    tuple(tie("filter"), tie("filter")).map(([a, b]) => `(${a}) and (${b})`),
    tuple(tie("filter"), tie("filter")).map(([a, b]) => `(${a}) or (${b})`),
  ),
}));

/** Filters that libpcap finds to select nothing, whatever a frame is, are none. */
const isFilter = async (text: string): Promise<boolean> => (await file("article-ping", "-q", text)).code === 0;

it("whatever the filter, what is shown is some of what there is, and the totals are those of all", async () => {
  await assert(
    asyncProperty(constantFrom(...FIXTURES), filter, async (fixture, text) => {
      pre(await isFilter(text));
      const [all, some] = [await lines(fixture, ""), await lines(fixture, text)];
      const there = new Set(all);
      expect(some.filter((line) => !there.has(line))).toEqual([]);
      expect(of(some, "summary")).toEqual(of(all, "summary"));
      // with the flows of the packets shown, and no others
      const flows = new Set(of(some, "flow").map((line): number => parsed(line).flow));
      const shown = of(some, "pair").map((line): number => parsed(line).flow);
      expect(shown.filter((flow) => !flows.has(flow))).toEqual([]);
    }),
    { numRuns: runs(6) },
  );
});

it("what a filter and its contrary select is all there is", async () => {
  const [all, tcp, others] = [await lines("mixed", ""), await lines("mixed", "tcp"), await lines("mixed", "not tcp")];
  for (const type of ["pair", "unmatched", "ambiguous"])
    expect([...of(tcp, type), ...of(others, type)].sort()).toEqual(of(all, type).sort());
});

it("shows a packet by either form: the replies that only carry the NAT's address outside as well", async () => {
  const { code, stdout } = await file(
    "article-ping",
    "--width",
    "200",
    "host",
    "172.17.0.2",
    "and",
    "icmp[0]",
    "=",
    "0",
  );
  expect(code).toBe(0);
  expect(stdout.match(/ICMP echo reply/g)).toHaveLength(3);
  expect(stdout).not.toContain("echo request,");
  expect(await file("article-ping", "--width", "200", "host 10.0.2.15 and icmp[0] = 0")).toMatchObject({ stdout });
});

/** The IP ID of a frame of Ethernet in a little-endian pcap file. */
function ipIdOf(fixture: string, side: string, frame: number): number {
  const bytes = readFileSync(join(ROOT, fixture, `${side}.pcap`));
  let at = 24;
  for (let before = 1; before < frame; before++) at += 16 + bytes.readUInt32LE(at + 8);
  return bytes.readUInt16BE(at + 16 + 18);
}

it.each([
  ["tso-off", "coverage"],
  ["fragments", "fragments"],
])("of %s, shows a pair of several frames (%s) if it selects but the last of them", async (fixture, by) => {
  const pair = of(await lines(fixture, ""), "pair").find(
    (line) => line.includes(`"by":"${by}"`) && parsed(line).outside.frames.length > 1,
  );
  const last = parsed(pair ?? "").outside.frames.at(-1) ?? 0;
  // the fragments of a datagram have one ID, but the last one has no more behind it
  const selecting = `ip[4:2] = ${ipIdOf(fixture, "outside", last)} and ip[6] & 0x20 = 0 and not host 172.17.0.2`;
  expect(of(await lines(fixture, selecting), "pair")).toContain(pair);
});

it("-q shows the flows and problems of packets that are not shown, and says how many there are in all", async () => {
  const { stdout } = await file("mixed", "-q", "--width", "200", "udp and host 172.17.0.3");
  expect(stdout).toMatch(/^Packets that never arrived, selected or not: 1 lost [^]*1 refused\.\n/);
  expect(stdout).toMatch(
    /^! dropped udp 172\.17\.0\.3\.5001 .*\n {2}refused udp 172\.17\.0\.3\..*\n(?: {2}next: .*\n)+! unanswered .*\.9999 /m,
  );
  expect(stdout).toContain("\n36 translations, problems first, then the busiest\n");
  expect(stdout.match(/^ +\d+ +(?:udp|tcp|icmp) /gm)).toEqual(Array(6).fill(expect.stringContaining("udp")));
  expect(stdout).toContain("and 30 more that were not selected");
  expect((await file("mixed", "-q", "host 192.0.2.1")).stdout).toContain(
    "36 translations, none of which was selected\n",
  );
});

it.each([
  // frames that were dropped on their way to 172.17.0.3 and 172.17.0.4, and on the way from there
  ["dst host 172.17.0.3 and tcp src port 80", "outside", [97, 107]],
  ["dst host 172.17.0.4 and tcp[tcpflags] & tcp-ack != 0 and greater 60", "outside", [763, 779]],
  ["dst host 172.17.0.4 and len > 1000", "outside", []],
  ["src host 10.0.2.15 and udp dst port 53 and ip[8] > 1", "inside", [541, 915]],
  // no capture shows by which MAC address it would have come there
  ["dst host 172.17.0.3 and tcp src port 80 and not ether src 00:00:00:00:00:01", "outside", []],
])("'%s' selects what was dropped by what its flow says that it is on the other side", async (filter, side, frames) => {
  const found = of(await lines("mixed", filter), "unmatched").map(parsed);
  expect(found.filter((line) => line.side === side).map(({ frame }) => frame)).toEqual(frames);
});

it("shows the flow of a proxy by its packets, which have no twin", async () => {
  const found = await lines("hairpin-proxy", "tcp port 52716");
  expect(of(found, "flow").map((line) => parsed(line).flow)).toEqual([3]);
  const { stdout } = await file("hairpin-proxy", "--format", "ndjson", "--flow", "3");
  expect(of(stdout.split("\n"), "unmatched")).toHaveLength(32);
});

it("filters one capture with both sides behind --inside", async () => {
  const both = join(ROOT, "../fixtures/article-ping/inside.pcap");
  const one = (...more: string[]): Promise<Printed> => natcorr("file", both, "--inside", "172.17.0.0/16", ...more);
  expect(await one("-q", "icmp")).toMatchObject({ code: 0 });
  const two = await one(join(ROOT, "article-ping/outside.pcap"));
  expect([two.code, two.stderr]).toEqual([2, expect.stringContaining("--inside and --outside are for one capture")]);
});

it.each([
  ["tcp port 80 an host 1.2.3.4", "can't parse filter expression: syntax error, at 'an'"],
  ["udp and (port 53 or )", "syntax error, at ')'"],
  ["tcp and (port 80", "syntax error, at its end"],
  ["port 99999", "illegal port number 99999"],
])("'%s' is wrong usage, which is explained", async (text, why) => {
  const { code, stdout, stderr } = await file("article-ping", text);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(`natcorr: filter '${text}': `);
  expect(stderr).toContain(why);
  expect(stderr).toContain("man 7 pcap-filter");
});

it("says so where a filter selects nothing of a link type, and goes on", async () => {
  const { code, stderr } = await file("article-ping", "-q", "ifindex 3");
  expect(code).toBe(0);
  expect(stderr).toMatch(/natcorr: filter 'ifindex 3': .*; so no frame of link type 1 is selected\n/);
});

/** How a run ends that is to fail on problems among what a filter selects, and which findings it tells of. */
async function failedOn(filter: string): Promise<readonly [number, readonly string[]]> {
  const { code, stdout } = await file("mixed", "-q", "--format", "ndjson", "--fail-on", "dropped,refused", filter);
  const codes = of(stdout.split("\n"), "finding").map((line) => /"code":"([^"]*)"/.exec(line)?.[1] ?? "");
  return [code, codes];
}

it("a run fails on what the filter selects, and is told of findings about that alone", async () => {
  expect(await failedOn("host 172.17.0.2")).toEqual([0, ["client-address-hidden"]]);
  // of no flow, and known by its frame
  expect(await failedOn("udp dst port 33434")).toEqual([3, ["refused"]]);
  expect(await failedOn("udp src port 5353")).toEqual([3, ["dropped", "port-rewritten"]]);
});
