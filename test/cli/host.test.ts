import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { SCHEMA } from "../../src/report/ndjson/schema.js";
import { natcorr as run } from "../support/natcorr.js";
import { scratch } from "../support/scratch.js";

const WEB = join(import.meta.dirname, "../../fixtures/docker-web");
const CAPTURES = [join(WEB, "inside.pcap"), join(WEB, "outside.pcap")];
/** The second in which the captures begin. */
const START_S = 1_795_470_757;
/** What acts on a terminal, but for the ends of lines. */
const ACTIVE = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(SCHEMA);

let snapshots = 0;

/** A file with a snapshot that was taken so many seconds after the captures began. */
function saved(containers: readonly object[], more: object = {}, afterS = 60): string {
  const path = scratch(`host-${snapshots++}.json`);
  const time = `${START_S + afterS}.000000000`;
  const snapshot = { format: "natcorr-snapshot", version: 1, time, docker: { containers }, ...more };
  writeFileSync(path, JSON.stringify(snapshot));
  return path;
}

function container(name: string, address: string, labels: object = {}, started = `${START_S - 9}.000000000`): object {
  return {
    id: name,
    name,
    started,
    networkMode: "bridge",
    networks: [{ network: "bridge", addresses: [address] }],
    labels,
  };
}

const HOST = saved([
  container("web", "172.17.0.2", { "com.docker.compose.service": "front" }),
  container("c1", "172.17.0.3"),
  // it began when the captures were over: another one had its address
  container("late", "172.17.0.4", {}, `${START_S + 30}.000000000`),
]);

const natcorr = (...options: readonly string[]) => run("file", ...CAPTURES, "--host", ...options);

/** A line of NDJSON, as far as tests look at it. */
interface Line {
  readonly type: string;
  readonly code: string;
  readonly flow: number;
  readonly rule?: string;
  readonly inside: { readonly container?: string };
  readonly outside: { readonly container?: string };
  readonly published?: readonly object[];
}

async function linesOf(...options: readonly string[]): Promise<Line[]> {
  const { code, stdout } = await natcorr(...options, "--format", "ndjson");
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line): Line => JSON.parse(line));
  expect([code, lines.filter((line) => !validate(line))]).toEqual([0, []]);
  return lines;
}

it("--host names containers in NDJSON, as addresses were theirs at the time", async () => {
  const lines = await linesOf(HOST);
  const flows = lines.filter(({ type }) => type === "flow");
  expect(flows.map(({ inside, outside }) => [inside.container, outside.container])).toEqual([
    ["c1", undefined],
    ["c1", undefined],
    [undefined, undefined],
    ["web", undefined],
    ["web", undefined],
  ]);
  const pairs = lines.filter(({ type }) => type === "pair");
  const byFlow = new Map(flows.map(({ flow, inside }) => [flow, inside.container]));
  expect(pairs.map(({ inside }) => inside.container)).toEqual(pairs.map(({ flow }) => byFlow.get(flow)));
});

it("--host names containers in text, and says whose addresses these are", async () => {
  const { stdout } = await natcorr(HOST);
  expect(stdout).toMatch(/ c1 > 180\.101\.49\.11 id 1204 +→ src 10\.0\.2\.15 /);
  expect(stdout).toMatch(/ 10\.0\.2\.2\.38438 > web\.80 +← dst 10\.0\.2\.15\.88 /);
  expect(stdout).toMatch(/inside +\*c1\.38450 > 180\.101\.49\.11\.80 /);
  expect(stdout).toMatch(/inside +\*172\.17\.0\.4\.44372 > 180\.101\.49\.11\.80 /);
  expect(stdout).toMatch(/^containers: c1 172\.17\.0\.3, web 172\.17\.0\.2$/m);
  expect((await natcorr("off")).stdout).toBe((await run("file", ...CAPTURES)).stdout);
});

it.each([
  ["web", [4, 5]],
  ["front", [4, 5]],
  ["c1", [1, 2]],
  ["c1,web", [1, 2, 4, 5]],
  ["late", []],
])("--container %s shows the flows, and packets, of that alone", async (words, flows) => {
  const lines = await linesOf(HOST, "--container", words);
  const shown = (type: string) => [...new Set(lines.filter((line) => line.type === type).map(({ flow }) => flow))];
  expect([shown("flow"), shown("pair")]).toEqual([flows, flows]);
});

it.each([
  ["180.101.49.11", "c1 172.17.0.3"],
  ["10.0.2.2", "web 172.17.0.2"],
])("who has a container's address %s beyond the outside is not that container", async (address, shown) => {
  const host = saved([container("web", "172.17.0.2"), container("c1", "172.17.0.3"), container("twin", address)]);
  const { stdout } = await natcorr(host, "-v", "-a");
  expect(stdout).toContain(shown);
  expect(stdout).not.toContain("twin");
  expect(JSON.stringify(await linesOf(host))).not.toContain("twin");
  const { stdout: selected } = await natcorr(host, "--container", "twin", "--only", "pair", "--format", "ndjson");
  expect(selected).not.toContain('"type":"pair"');
});

it("--fail-on looks at the packets of --container alone", async () => {
  expect((await natcorr(HOST, "--container", "web", "--fail-on", "pair")).code).toBe(3);
  expect((await natcorr(HOST, "--container", "late", "--fail-on", "pair")).code).toBe(0);
});

const SWARM = saved([
  container("web", "172.17.0.2"),
  { ...container("task.1", "10.0.0.4", { "com.docker.swarm.service.name": "tasks" }), networks: [] },
]);

it.each([
  [
    [SWARM, "--container", "tasks"],
    "has no address that natcorr can follow of 'tasks', which runs (an overlay's are within its tunnel, and containers on the host's network, or on none, have none of their own); with one are: web",
  ],
  [[HOST, "--container", "wbe"], "no container, and no service, that is called 'wbe'; there are: web, front, c1, late"],
  [["off", "--container", "web"], "--container needs --host"],
])("--host %j is wrong usage", async (options, why) => {
  const { code, stdout, stderr } = await natcorr(...options);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr.replaceAll(/\s+/g, " ")).toContain(why);
});

it.each([
  [CAPTURES[0], "inside.pcap: cannot be read: what it says is no JSON"],
  [scratch("nowhere.json"), "nowhere.json: cannot be read: not found"],
])("--host %s cannot be used", (host, why) => expect(natcorr(host)).rejects.toThrow(why));

it("the rules and conntrack's entries of a snapshot are gone by, but where others are given", async () => {
  const entries = readFileSync(join(WEB, "conntrack.txt"), "utf8").split("\n").slice(0, 9);
  const rule = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";
  const host = saved([], { rules: { iptables: ["*nat", `[3:180] ${rule}`, "COMMIT"] }, conntrack: { entries } });
  const codesOf = async (...options: readonly string[]): Promise<unknown> => {
    const lines = await linesOf(host, "-q", ...options);
    return lines
      .filter(({ type, code }) => type === "finding" && /^(conntrack|rule)$/.test(code))
      .map(({ code }) => code);
  };
  expect((await linesOf(host)).find(({ type }) => type === "flow")?.rule).toBe(rule);
  expect(await codesOf()).toEqual(["rule", "conntrack"]);
  expect(await codesOf("--rules", "off")).toEqual(["conntrack"]);
  expect(await codesOf("--conntrack", "off")).toEqual(["rule"]);
});

it("a list of conntrack's that was made when a flow had ended does not contradict it", async () => {
  const other =
    "tcp 6 60 src=172.17.0.3 dst=180.101.49.11 sport=38450 dport=80 src=180.101.49.11 dst=10.0.2.15 sport=80 dport=999";
  const { code, stdout } = await natcorr(saved([], { conntrack: { entries: [other] } }), "-q");
  expect([code, stdout.includes("conntrack-contradicted")]).toEqual([0, false]);
});

const port = (hostPort: number, containerPort: number): object => ({
  proto: "tcp",
  hostAddress: "0.0.0.0",
  hostPort,
  containerPort,
});

it("says what went through each published port", async () => {
  const host = saved([
    { ...container("web", "172.17.0.2"), published: [port(88, 80)] },
    { ...container("db", "172.17.0.9"), published: [port(5432, 5432)] },
  ]);
  const published = async (...options: readonly string[]) => (await linesOf(host, ...options)).at(-1)?.published;
  const web = { hostAddresses: ["0.0.0.0"], hostPort: 88, container: "web", translated: 2, proxied: 0, flows: [4, 5] };
  expect(await published()).toMatchObject([web, { hostPort: 5432, container: "db", translated: 0, flows: [] }]);
  // all of its packets, whatever is shown
  expect(await published("--only", "leak", "--container", "web", "-q")).toMatchObject([web]);
  expect((await natcorr(host, "-q")).stdout).toMatch(/^tcp 88→web:80 +2 +0 +0 +0 +none\ntcp 5432→db:5432 +unclear /m);
});

/** A snapshot of a host whose engine is such. */
const hostBy = (isRootless: boolean, isSwarm: boolean): string =>
  saved([], { docker: { engine: { name: "Podman Engine", isRootless, isSwarm }, containers: [] } });

it("what cannot be followed is said once, in one line each", async () => {
  const [followed, unfollowed] = [hostBy(false, false), hostBy(true, true)];
  expect((await natcorr(followed, "-q")).stderr).not.toContain("namespace");
  const { stderr } = await natcorr(`${unfollowed},${hostBy(true, true)}`, "-q");
  const said = stderr.replaceAll("\n", " ");
  expect(said.match(/Podman is rootless: its bridges are in a namespace of its user's/g)).toHaveLength(1);
  expect(said.match(/this host is a node of a Swarm: /g)).toHaveLength(1);
});

const HOSTILE = "web\u001B[2J\r\n\u009B31m\u202E.80 > 8.8.8.8 <b>".repeat(200);

it.each([
  ["text", HOSTILE],
  ["ndjson", HOSTILE],
  // Docker allows it, and it would be taken for an address
  ["text", "8.8.8.8"],
  // and for a port of another container's
  ["text", "c1.80"],
])("in %s, a hostile name does not act, nor pass for something else", async (format, name) => {
  const host = saved([container(name, "172.17.0.2"), container("c1", "172.17.0.3")]);
  const { code, stdout } = await natcorr(host, "--format", format);
  expect(code).toBe(0);
  expect(stdout).not.toMatch(ACTIVE);
  expect(stdout.includes("8.8.8.8")).toBe(format === "ndjson");
  expect(stdout).toContain(format === "text" ? "> 172.17.0.2.80" : '"container":"c1"');
  if (format === "text") return;
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.findLast(({ type }) => type === "flow").inside.container).toBe(name);
});

it("a finding names ends in text, and quotes rules as they stand; NDJSON's sentence has addresses", async () => {
  const captures = ["inside", "outside"].map((side) => join(WEB, `../leak/${side}.pcap`));
  const rules = scratch("rules-of-two.txt");
  const [rule, other] = ["172.17.0.3", "172.17.0.4"].map((address) => `-A POSTROUTING -s ${address} -j MASQUERADE`);
  writeFileSync(rules, `*nat\n${rule}\n${other}\nCOMMIT\n`);
  // the fixture was recorded 53 minutes later
  const given = ["--host", saved([container("web", "172.17.0.3")], {}, 4000), "--rules", rules];
  const why = `appears on outside untranslated, though a rule hides it: ${rule}`;
  const { stdout } = await run("file", "-q", "--width", "200", ...captures, ...given);
  expect(stdout).toContain(`! leak (7 times): web ${why}\n`);
  const { stdout: lines } = await run("file", "--only", "leak", "--format", "ndjson", ...captures, ...given);
  expect(lines).toContain(`"text":"172.17.0.3 ${why}"`);
});
