import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { openCapture } from "../../src/capture/open.js";
import { CHANGE_SCHEMA } from "../../src/host/snapshot/schema.js";
import { PcapngWriter } from "../../src/capture/pcapng-writer.js";
import { natcorr } from "../support/natcorr.js";
import { scratch } from "../support/scratch.js";

const WEB = join(import.meta.dirname, "../../fixtures/docker-web");
const [INSIDE, OUTSIDE] = [join(WEB, "inside.pcap"), join(WEB, "outside.pcap")];
/** What acts on a terminal, but for the ends of lines. */
const ACTIVE = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

const isChange = new Ajv2020({ strict: true }).compile(CHANGE_SCHEMA);

let files = 0;

/** The inside capture as `natcorr live -w` would have written it, with notes in it: one behind each batch of frames, the others at its end. */
function kept(...notes: readonly (object | string)[]): Promise<string> {
  return keptOf(INSIDE, ...notes);
}

/** The same of another capture. */
async function keptOf(capture: string, ...notes: readonly (object | string)[]): Promise<string> {
  const path = scratch(`kept-${files++}.pcapng`);
  const source = await openCapture(capture, { onWarning: () => {} });
  const writer = new PcapngWriter(path, source.interfaces, "natcorr (libpcap)");
  const texts = notes.map((note) => (typeof note === "string" ? note : JSON.stringify(note)));
  for (let batch = await source.next(); batch !== null; batch = await source.next()) {
    writer.write(0, batch, source.epochNs);
    for (const text of texts.splice(0, 1)) writer.note(text);
  }
  for (const text of texts) writer.note(text);
  writer.close();
  await source.close();
  return path;
}

const container = (name: string, address: string, started: string): object => ({
  id: name,
  name,
  started,
  networkMode: "bridge",
  networks: [{ network: "bridge", addresses: [address] }],
});
const snapshot = (time: string, ...containers: readonly object[]): object => ({
  format: "natcorr-snapshot",
  version: 1,
  time,
  docker: { containers },
});
const change = (time: string, id: string, now?: object): object => ({
  format: "natcorr-change",
  version: 1,
  time,
  id,
  container: now,
});

/** When 172.17.0.3 had ended its ping, and had opened no connection yet: another container has its address by then. */
const BETWEEN = "1795470757.740000000";
const C1 = container("c1", "172.17.0.3", "1795470000.000000000");
const NEXT = container("next", "172.17.0.3", BETWEEN);
const REPLACED = [snapshot("1795470700.000000000", C1), change(BETWEEN, "c1"), change(BETWEEN, "next", NEXT)];

/** What is said of the fixture, with this as its inside capture; whatever that is called. */
async function run(inside: string, ...options: readonly string[]) {
  const { code, stdout, stderr } = await natcorr("file", inside, OUTSIDE, ...options);
  return { code, stdout: stdout.replace(inside, "inside"), stderr };
}

/** Who the container was of each pair of an address, by the time of the pair. */
async function namesOf(inside: string, ...options: readonly string[]): Promise<[time: string, name: string][]> {
  const { stdout } = await run(inside, "--format", "ndjson", ...options);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ type, inside: { src, dst } = {} }) => type === "pair" && [src, dst].includes("172.17.0.3"))
    .map(({ inside: { time, container: name } }) => [time, name]);
}

it("what a capture holds of its host is gone by: an address that changed hands is each one's at its time", async () => {
  const named = await namesOf(await kept(...REPLACED));
  expect(new Set(named.map(([, name]) => name))).toEqual(new Set(["c1", "next"]));
  for (const [time, name] of named) expect(name).toBe(time < BETWEEN ? "c1" : "next");
});

it("--container selects by it", async () => {
  const path = await kept(...REPLACED);
  const selected = await namesOf(path, "--container", "next");
  expect(selected.length).toBeGreaterThan(0);
  for (const [, name] of selected) expect(name).toBe("next");
  const { code, stderr } = await run(path, "--container", "other");
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining(`${path} has no container, and no service, that is called`),
  ]);
});

it("--host names another source, and off none", async () => {
  const path = await kept(...REPLACED);
  const host = scratch("other.json");
  writeFileSync(host, JSON.stringify(snapshot("1795470700.000000000", { ...C1, name: "given" })));
  expect(new Set((await namesOf(path, "--host", host)).map(([, name]) => name))).toEqual(new Set(["given"]));
  expect((await run(path, "--host", "off")).stdout).toBe((await run(INSIDE)).stdout);
});

it.each([["<html>"], [{ format: "natcorr-change", version: 9 }], [{ format: "another" }]])(
  "what cannot be read is not used, with all the rest, and that is said (%j)",
  async (bad) => {
    const path = await kept(...REPLACED, bad);
    const { code, stdout, stderr } = await run(path);
    expect([code, stdout]).toEqual([0, (await run(INSIDE)).stdout]);
    expect(stderr).toContain(`${path}: what it holds of its host is not used: `);
  },
);

const MASQUERADE = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";
const OTHER = "-A POSTROUTING -s 172.30.0.0/16 -j ACCEPT";

const withRules = (seconds: number, rules: readonly string[]): object => ({
  ...snapshot(`${seconds}.000000000`),
  rules: { iptables: ["*nat", ...rules, "COMMIT"] },
});

/** Two snapshots with such rules, and the rules that translations then have, with the codes of findings about rules. */
async function byRules(before: readonly string[], after: readonly string[], ...between: readonly object[]) {
  const path = await kept(withRules(1_795_470_700, before), ...between, withRules(1_795_480_000, after));
  const { stdout, stderr } = await run(path, "--format", "ndjson", "-q");
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const rules = new Set(lines.filter(({ nat }) => nat === "snat").map(({ rule }) => rule));
  const codes = lines.flatMap(({ code = "" }) => (code.startsWith("rule") && code !== "rule" ? [code] : []));
  return { rules: [...rules], codes, isSaid: stderr.includes("verdicts do not go by them") };
}

it.each([
  [
    "that are the same by both snapshots are gone by",
    [[MASQUERADE], [MASQUERADE]],
    MASQUERADE,
    ["rule-missing"],
    false,
  ],
  [
    "a rule that stands in both, among others, is named, and what changed is said",
    [[`[1:60] ${MASQUERADE}`], [OTHER, `[9:540] ${MASQUERADE}`]],
    MASQUERADE,
    ["rules-changed"],
    true,
  ],
  [
    "a rule that was made anew in between is possibly the one",
    [[`[9:540] ${MASQUERADE}`], [OTHER, `[1:60] ${MASQUERADE}`]],
    `possibly ${MASQUERADE}`,
    ["rules-changed"],
    true,
  ],
  ["so is one that only one of them has", [[], [MASQUERADE]], `possibly ${MASQUERADE}`, ["rules-changed"], true],
  ["none is missing that both may lack", [[OTHER], [OTHER, OTHER]], undefined, ["rules-changed"], true],
])("of rules, %s", async (_, [before, after], rule, codes, isSaid) => {
  expect(await byRules(before, after)).toEqual({ rules: [rule], codes, isSaid });
});

it("of rules, those of a container's ports may have come and gone between snapshots that are the same", async () => {
  const published = [{ proto: "tcp", hostAddress: "0.0.0.0", hostPort: 88, containerPort: 80 }];
  const begun = change(BETWEEN, "next", { ...NEXT, published });
  const both = { codes: [], isSaid: true };
  expect(await byRules([MASQUERADE], [MASQUERADE], begun)).toEqual({ rules: [MASQUERADE], ...both });
  expect(await byRules([OTHER], [OTHER], begun)).toEqual({ rules: [undefined], ...both });
});

it("names in it do not act on a terminal", async () => {
  const hostile = { ...C1, name: "c1\u001B[2J\r\n\u009B31m\u202E<b>" };
  const path = await kept(snapshot("1795470700.000000000", hostile));
  for (const format of ["text", "ndjson"]) {
    const { code, stdout, stderr } = await run(path, "--format", format);
    expect([code, ACTIVE.test(stdout), stderr]).toEqual([0, false, ""]);
  }
});

it("a container that was gone before it could be asked about is known by its name alone", async () => {
  const path = await kept(REPLACED[0], { ...change(BETWEEN, "x"), unasked: "job.6" });
  const gone = "gone before docker could be asked about";
  expect((await run(path, "-q")).stderr).toContain(
    `containers that were ${gone} them, whose addresses and ports are not known: job.6`,
  );
  const { code, stderr } = await run(path, "--container", "job.6");
  expect(code).toBe(2);
  expect(stderr.replaceAll(/\s+/g, " ")).toContain(`no address of 'job.6', which was ${gone} it; with one are: c1`);
});

/** Rules that had been read by then. */
const rulesAt = (time: string, ...rules: readonly string[]): object => ({
  format: "natcorr-change",
  version: 1,
  time,
  rules: { asked: time, held: time, lines: ["*nat", ...rules, "COMMIT"] },
});

it("rules that a capture holds as they were read are gone by, each at its time, and what changed is said", async () => {
  const [BEFORE, AFTER] = ["-s 172.17.0.0/16 ! -o docker0", "-o enp0s3"].map(
    (each) => `-A POSTROUTING ${each} -j MASQUERADE`,
  );
  const readings = [rulesAt("1795470700.000000000", BEFORE), rulesAt("1795480000.000000000", AFTER)];
  for (const reading of readings) expect(isChange(reading)).toBe(true);
  const { stdout, stderr } = await run(await kept(REPLACED[0], ...readings), "--format", "ndjson", "-q");
  expect(stderr).toBe("");
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const rules = new Set(lines.filter(({ rule, nat }) => rule !== undefined && nat === "snat").map(({ rule }) => rule));
  expect(rules).toEqual(new Set([`possibly ${BEFORE}\npossibly ${AFTER}`]));
  expect(lines.find(({ code }) => code === "rules-changed")?.changes).toEqual([
    { rule: BEFORE, table: "ip nat", chain: "POSTROUTING", came: [], went: ["1795480000.000000000"] },
    { rule: AFTER, table: "ip nat", chain: "POSTROUTING", came: ["1795480000.000000000"], went: [] },
  ]);
});

/** What conntrack said while the captures ran. */
const heard = (...lines: readonly string[]): object => ({
  format: "natcorr-change",
  version: 1,
  time: "1795470758.000000000",
  conntrack: { lines },
});

it("what conntrack said is gone by, unless --conntrack names something else", async () => {
  const lines = readFileSync(join(WEB, "conntrack.txt"), "utf8").trimEnd().split("\n");
  expect(isChange(heard(...lines))).toBe(true);
  const path = await kept(REPLACED[0], heard(...lines));
  const given = scratch("other-conntrack.txt");
  writeFileSync(given, `${lines[0]}\n`);
  const confirmed = async (...options: readonly string[]): Promise<number | undefined> => {
    const { stdout } = await run(path, "--format", "ndjson", "-q", ...options);
    const findings = stdout.split("\n").filter((line) => line.includes('"code":"conntrack"'));
    return findings.map((line): number => JSON.parse(line).count)[0];
  };
  const byFile = await confirmed();
  expect(byFile).toBeGreaterThan(1);
  expect(await confirmed("--conntrack", join(WEB, "conntrack.txt"))).toBe(byFile);
  expect(await confirmed("--conntrack", given)).toBe(1);
  expect(await confirmed("--conntrack", "off")).toBeUndefined();
  expect(await confirmed("--host", "off")).toBeUndefined();
});

it("what a trace said of a packet is gone by, unless --trace names something else, and is inert", async () => {
  const [inside, outside] = ["inside", "outside"].map((side) =>
    join(import.meta.dirname, `../../fixtures/dropped-by-rules/${side}.pcap`),
  );
  const ends = { src: "172.17.0.4", dst: "172.30.0.2" };
  // that of frame 15, which the isolation of bridges dropped
  const stopped = {
    format: "natcorr-change",
    version: 1,
    time: "1796077558.435355730",
    stopped: { ends, ttl: 64, length: 84, ipId: 0x48, rule: "ip filter \u001b[2J\u202e<b>drop\n", isRefusal: false },
  };
  expect(isChange(stopped)).toBe(true);
  const path = await keptOf(inside, snapshot("1796077550.000000000"), stopped);
  const given = scratch("other-trace.txt");
  writeFileSync(given, "\n");
  const ruleOf = async (...options: readonly string[]): Promise<string[]> => {
    const { stdout } = await natcorr("file", path, outside, "--format", "ndjson", ...options);
    const lines = stdout.split("\n").filter((line) => line.includes('"unmatched"') && line.includes('"rule"'));
    return lines.map((line) => JSON.parse(line)).map(({ frame, reason }) => `${frame} ${reason}`);
  };
  expect(await ruleOf()).toEqual(["15 rule"]);
  expect(await ruleOf("--trace", given)).toEqual([]);
  const { stdout } = await natcorr("file", path, outside, "--only", "dropped");
  expect(stdout).toContain("<b>drop");
  expect(stdout).not.toMatch(ACTIVE);
});
