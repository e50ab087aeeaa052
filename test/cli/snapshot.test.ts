import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, expect, it, vi } from "vitest";
import { SCHEMA } from "../../src/host/snapshot/schema.js";
import { natcorr, natcorrIn } from "../support/natcorr.js";
import { scratch } from "../support/scratch.js";

/** What acts on a terminal, but for the ends of lines. */
const ACTIVE = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;
const HOSTILE = "web\u001B[2J\r\n\u009B31m\u202E<script>";

const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(SCHEMA);

let engine: Server | undefined;
let engines = 0;
afterEach(() => {
  engine?.close();
  vi.unstubAllEnvs();
});

/** Starts what answers as Docker does, by path; with 404 to all else. Gives its socket. */
async function answering(answers: Readonly<Record<string, unknown>>): Promise<string> {
  const socket = scratch(`${engines++}.sock`);
  const server = createServer(({ url = "" }, response) => {
    const answer = answers[url];
    if (answer === undefined) response.writeHead(404);
    response.end(typeof answer === "string" ? answer : JSON.stringify(answer ?? { message: "no such thing" }));
  });
  engine = server;
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
  return socket;
}

const CONTAINER = {
  Id: "a".repeat(64),
  Name: `/${HOSTILE}`,
  State: { Pid: 7, StartedAt: "2026-11-30T18:28:57.034108723Z" },
  Config: { Image: HOSTILE, Env: ["TOKEN=s3cret"], Cmd: ["s3cret"], Labels: { token: "s3cret" } },
  NetworkSettings: { Networks: { [HOSTILE]: { IPAddress: "172.17.0.2" } } },
};

const ANSWERS = {
  "/version": { Version: "20.10.24", Components: [{ Name: "Engine" }] },
  "/info": { SecurityOptions: [] },
  "/networks": [{ Id: "b".repeat(64), Name: HOSTILE, Driver: "bridge" }],
  // one of them is gone by the time that it is asked about
  "/containers/json": [{ Id: "gone" }, { Id: CONTAINER.Id }],
  [`/containers/${CONTAINER.Id}/json`]: CONTAINER,
};

it("a snapshot is as its schema says, holds no secret, and whatever names are in it does not act on a terminal", async () => {
  const { code, stdout } = await natcorr("snapshot", "--docker", await answering(ANSWERS));
  const snapshot = JSON.parse(stdout);
  expect([code, validate(snapshot), validate.errors]).toEqual([0, true, null]);
  expect(snapshot.docker.containers).toMatchObject([{ name: HOSTILE, started: "1796063337.034108723" }]);
  expect(snapshot.docker.networks).toMatchObject([{ name: HOSTILE }]);
  expect(stdout).not.toContain("s3cret");
  expect(stdout).not.toMatch(ACTIVE);
});

/** What a snapshot calls the bridge of an engine that answers so, and what is said of it on stderr. */
const bridgeBy = async (answers: object) => {
  const { stdout, stderr } = await natcorr("snapshot", "--docker", await answering({ ...ANSWERS, ...answers }));
  return [JSON.parse(stdout).docker.networks[0].bridge, /(?:Docker|Podman) is rootless/.exec(stderr)?.[0]];
};

it("a snapshot says what of the host cannot be followed, and has Podman's bridges as Podman calls them", async () => {
  const podman = { "/version": { Version: "4.3.1", Components: [{ Name: "Podman Engine" }] } };
  const bridges = [{ id: "b".repeat(64), network_interface: "podman1" }];
  const isRootless = { "/info": { SecurityOptions: ["name=rootless"] } };
  expect(await bridgeBy({})).toEqual([`br-${"b".repeat(12)}`, undefined]);
  expect(await bridgeBy({ ...podman, "/v4.0.0/libpod/networks/json": bridges })).toEqual(["podman1", undefined]);
  expect(await bridgeBy({ ...podman, ...isRootless })).toEqual([undefined, "Podman is rootless"]);
});

it("file --host live names containers by the engine that runs now", async () => {
  const web = join(import.meta.dirname, "../../fixtures/docker-web");
  const captures = [join(web, "inside.pcap"), join(web, "outside.pcap")];
  const running = { ...CONTAINER, Name: "/web", State: { ...CONTAINER.State, StartedAt: "2026-01-01T00:00:00Z" } };
  const socket = await answering({ ...ANSWERS, [`/containers/${CONTAINER.Id}/json`]: running });
  const { stdout } = await natcorr("file", ...captures, "--host", "live", "--docker", socket);
  expect(stdout).toMatch(/^containers: web 172\.17\.0\.2$/m);
  const { stderr } = await natcorr("file", ...captures, "--host", "live", "--docker", "off");
  expect(stderr).toContain("the host does not tell docker: --docker off");
});

it("the engine is the one that DOCKER_HOST names, if nobody says otherwise", async () => {
  const socket = await answering(ANSWERS);
  const { stdout } = await natcorrIn({ DOCKER_HOST: `unix://${socket}` }, "snapshot");
  expect(JSON.parse(stdout).docker.engine.version).toBe("20.10.24");
});

it.each([
  ["is not there", async () => scratch("none.sock"), "none.sock: not found"],
  ["is off", async () => "off", "--docker off"],
  ["is no engine", () => answering({}), "answers /version with 404"],
  [
    "answers no list",
    () => answering({ ...ANSWERS, "/containers/json": null }),
    "not understood: it answers /containers/json",
  ],
  [
    "lists what it has no id of",
    () => answering({ ...ANSWERS, "/networks": [[[]]] }),
    "not understood: it answers /networks",
  ],
  ["answers no JSON", () => answering({ ...ANSWERS, "/info": "<html>" }), "no JSON"],
])("an engine that %s is missing, and nothing else is", async (_, socketOf, why) => {
  const { code, stdout, stderr } = await natcorr("snapshot", "--docker", await socketOf());
  const { docker, missing, interfaces } = JSON.parse(stdout);
  expect([code, docker, interfaces.length > 0]).toEqual([0, undefined, true]);
  expect(missing).toContainEqual({ source: "docker", why: expect.stringContaining(why) });
  expect(stderr).toMatch(/^natcorr: not in the snapshot: docker: /m);
  expect(stderr).toContain(why);
});

/** Runs the command where there are these tools alone, each a shell script. */
async function withTools(
  name: string,
  tools: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
) {
  const folder = scratch(name);
  mkdirSync(folder, { recursive: true });
  for (const [tool, script] of Object.entries(tools)) {
    writeFileSync(join(folder, tool), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, tool), 0o755);
  }
  vi.stubEnv("PATH", folder);
  const { code, stdout, stderr } = await natcorrIn(
    { DOCKER_HOST: `unix://${scratch("none.sock")}`, ...env },
    "snapshot",
  );
  const snapshot = JSON.parse(stdout);
  expect([code, validate(snapshot), validate.errors]).toEqual([0, true, null]);
  return { snapshot, stderr };
}

it("each tool that is not there, or fails, is named with why; none is required", async () => {
  const { snapshot, stderr } = await withTools("fails", {
    "iptables-save": "echo 'Permission denied (you must be root)' >&2; exit 4",
    "ip6tables-save": "echo '*nat'",
    ip: "echo 'no JSON'",
    conntrack: "echo 'Operation failed' >&2; exit 1",
  });
  const whyOf = new Map<string, string>(
    snapshot.missing.map(({ source, why }: Record<string, string>) => [source, why]),
  );
  expect(whyOf.get("iptables-save -c")).toBe("Permission denied (you must be root)");
  expect(whyOf.get("nft list ruleset")).toBe("not found");
  expect(whyOf.get("conntrack -S")).toBe("Operation failed");
  expect(whyOf.get("ip -6 rule")).toContain("no JSON");
  expect(whyOf.has("ip6tables-save -c")).toBe(false);
  expect(snapshot.rules).toEqual({ ip6tables: ["*nat"] });
  for (const [source, why] of whyOf) expect(stderr.replaceAll(/\n +/g, " ")).toContain(`${source}: ${why}`);
});

it("of a full conntrack table, the first entries are kept and the others counted", async () => {
  const entry = "udp 17 30 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1";
  const table = scratch("table.txt");
  writeFileSync(table, `${entry}\n`.repeat(70_000));
  const { snapshot, stderr } = await withTools("full", { conntrack: `exec /bin/cat ${table}` });
  expect(snapshot.conntrack.entries).toHaveLength(65_536);
  expect(snapshot.conntrack.more).toBe(2 * 70_000 - 65_536);
  expect(stderr).toContain("74464 more entries of conntrack");
});

it("DOCKER_HOST that names another host is not asked", async () => {
  const { snapshot } = await withTools("other", {}, { DOCKER_HOST: "tcp://192.0.2.1:2375" });
  const why = "DOCKER_HOST names no Unix socket: give one to --docker";
  expect(snapshot.missing).toContainEqual({ source: "docker", why });
});
