import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { createServer as createSilent } from "node:net";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, expect, it, vi } from "vitest";
import { DockerEngine } from "../../src/asking/docker-api.js";
import { HostFollower } from "../../src/asking/host-follower.js";
import { Messages } from "../../src/cli/messages.js";
import { KnownHost } from "../../src/host/snapshot/known-host.js";
import { CHANGE_SCHEMA, SCHEMA } from "../../src/host/snapshot/schema.js";
import { ENTRIES, type HostNews } from "../../src/host/snapshot/snapshot.js";
import { having } from "../host/rules/explained.js";
import { scratch } from "../support/scratch.js";

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
const isSnapshot = ajv.compile(SCHEMA);
const isChange = ajv.compile(CHANGE_SCHEMA);

/** Longer than anything takes that is waited for. */
const LONG_MS = 60_000;
const START_S = 1_796_000_000;
const ADDRESS = "172.17.0.9";

/** The host has none of the tools that it is asked by, which are some twenty processes a snapshot: for what is about the engine, and not about what is said of it. */
const withoutTools = (): unknown => vi.stubEnv("PATH", scratch("no-tools"));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closing.splice(0)) await close();
});

let engines = 0;

/** What answers as Docker does. */
class Engine {
  readonly socket = scratch(`follow-${engines++}.sock`);
  /** The containers that run, by id. */
  readonly running = new Map<string, string>();
  readonly asked: string[] = [];
  /** Those that were told no answer about this path. */
  readonly held: ServerResponse[] = [];
  holds = /^$/;
  #events: ServerResponse[] = [];
  /** No two events are of one moment. */
  #told = 0;
  readonly #server: Server;

  constructor() {
    this.#server = createServer(({ url = "" }, response) => {
      this.asked.push(url);
      if (this.holds.test(url)) this.held.push(response);
      else this.answer(url, response);
    });
    closing.push(() => this.stop());
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => void this.#server.listen(this.socket, resolve));
  }

  answer(url: string, response: ServerResponse): void {
    const id = /^\/containers\/(\w+)\/json$/.exec(url)?.[1];
    if (url.startsWith("/events")) {
      response.flushHeaders();
      this.#events.push(response);
    } else if (url === "/containers/json") response.end(JSON.stringify([...this.running.keys()].map((Id) => ({ Id }))));
    else if (id === undefined) response.end(url === "/networks" ? "[]" : "{}");
    else if (this.running.has(id)) response.end(JSON.stringify(this.#inspected(id)));
    else response.writeHead(404).end("{}");
  }

  /** A container begins, or ends, and who listens is told. */
  begin(id: string, name = id): void {
    this.running.set(id, name);
    this.tell("start", id);
  }

  end(id: string): void {
    this.running.delete(id);
    this.tell("die", id);
  }

  tell(Action: string, ID: string, name?: string): void {
    const timeNano = (Date.now() + this.#told++) * 1e6;
    this.write(`${JSON.stringify({ Type: "container", Action, Actor: { ID, Attributes: { name } }, timeNano })}\n`);
  }

  write(text: string): void {
    for (const events of this.#events) events.write(text);
  }

  /** It tells no more events, behind those that it told. */
  endEvents(): void {
    for (const events of this.#events.splice(0)) events.end();
  }

  /** It drops the connections that it told events by. */
  hangUp(): void {
    for (const events of this.#events.splice(0)) events.destroy();
  }

  async stop(): Promise<void> {
    this.hangUp();
    for (const each of this.held) each.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close").catch(() => {});
  }

  #inspected(id: string): object {
    const State = { Running: true, Pid: 1, StartedAt: new Date(START_S * 1000).toISOString() };
    return {
      Id: id,
      Name: `/${this.running.get(id)}`,
      State,
      NetworkSettings: { Networks: { n: { IPAddress: ADDRESS } } },
    };
  }
}

interface Followed {
  readonly follower: HostFollower;
  readonly news: HostNews[];
  /** What was said on stderr, a line a message. */
  readonly said: () => string;
}

function following(socket: string, isKept = true, mostMs = LONG_MS): Followed {
  let stderr = "";
  const console = {
    isTerminal: false,
    rows: undefined,
    columns: undefined,
    write: (text: string) => void (stderr += text),
  };
  const engine = new DockerEngine(socket, "", mostMs);
  const follower = new HostFollower(new KnownHost(), {
    engine,
    version: "0.0.0",
    isKept,
    messages: new Messages(console, 10_000),
  });
  closing.push(() => {
    follower.close();
    engine.close();
  });
  const news: HostNews[] = [];
  follower.keepIn((each) => void news.push(each));
  return { follower, news, said: () => stderr };
}

async function until(is: () => boolean): Promise<void> {
  while (!is()) await sleep(5);
}

const nameNow = ({ follower }: Followed) =>
  follower.known.containers.having(ADDRESS, BigInt(Date.now()) * 1_000_000n)?.name;

it("takes a snapshot, what becomes of containers, and a snapshot in the end, all as their schemas say", async () => {
  const engine = new Engine();
  engine.running.set("1", "web");
  await engine.listen();
  const followed = following(engine.socket);
  await followed.follower.begin();
  expect(nameNow(followed)).toBe("web");
  engine.end("1");
  engine.begin("2", "next");
  await until(() => nameNow(followed) === "next");
  // nothing is new in these
  for (const action of ["start", "connect", "rename"]) engine.tell(action, "2");
  engine.tell("destroy", "1");
  engine.begin("2", "other");
  await until(() => nameNow(followed) === "other");
  await followed.follower.end();
  const { news } = followed;
  expect(news.map((each) => (isSnapshot(each) ? "snapshot" : isChange(each) ? each : isChange.errors))).toMatchObject([
    "snapshot",
    { id: "1" },
    { id: "2", container: { name: "next" } },
    { id: "2", container: { name: "other" } },
    "snapshot",
  ]);
  // whoever ended is not asked about
  expect(engine.asked.filter((path) => path === "/containers/1/json")).toHaveLength(1);
});

it("takes a snapshot where a flow left with an address that the host does not have, and soon no other one", async () => {
  withoutTools();
  const engine = new Engine();
  await engine.listen();
  const { follower, news } = following(engine.socket);
  const ask = () => follower.known.masqueradeSources.onUnknown();
  ask();
  await follower.begin();
  expect(news).toHaveLength(1);
  ask();
  ask();
  await until(() => news.length > 1);
  await follower.end();
  ask();
  expect(news.map(({ format }) => format)).toEqual(Array.from({ length: 3 }, () => "natcorr-snapshot"));
});

it("takes a snapshot once addresses of the host come or go that others can reach", async () => {
  const folder = scratch("monitor");
  mkdirSync(folder, { recursive: true });
  const monitor = [
    "#!/bin/sh",
    '[ "$2" = monitor ] || exit 1',
    "echo '5: veth1    inet6 fe80::1/64 scope link'",
    // the test reads the rest once there is a snapshot
    `until [ -e '${folder}/go' ]; do sleep 0.01; done`,
    "echo 'Deleted 2: enp0s3    inet 10.0.2.15/24 scope global enp0s3'",
    "echo '2: enp0s3    inet 10.0.2.33/24 scope global enp0s3'",
    "exec sleep 60",
  ];
  writeFileSync(join(folder, "ip"), `${monitor.join("\n")}\n`, { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  const { follower, news } = following("off");
  await follower.begin();
  expect(news).toHaveLength(1);
  follower.known.ownAddresses.take(having(0n, ["10.0.2.15"]));
  expect(follower.known.ownAddresses.hadSince("10.0.2.15", 0n)).toBe(true);
  writeFileSync(join(folder, "go"), "");
  await until(() => news.length > 1);
  expect(follower.known.ownAddresses.hadSince("10.0.2.15", 0n)).toBe(false);
});

it("keeps in a snapshot which routes came or went since the one before, as many as there is room for", async () => {
  const folder = scratch("monitored-routes");
  mkdirSync(folder, { recursive: true });
  const routes = Array.from({ length: 70 }, (_, n) => `203.0.113.${n} via 10.77.0.2 dev vx0 `);
  const monitor = [
    "#!/bin/sh",
    '[ "$2" = monitor ] || exit 1',
    `until [ -e '${folder}/go' ]; do sleep 0.01; done`,
    `cat '${folder}/routes'`,
    "exec sleep 60",
  ];
  writeFileSync(join(folder, "routes"), `${routes.join("\n")}\n`);
  writeFileSync(join(folder, "ip"), `${monitor.join("\n")}\n`, { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  const { follower, news } = following("off");
  await follower.begin();
  writeFileSync(join(folder, "go"), "");
  await until(() => news.length > 1);
  await follower.end();
  const heard = news.map((each) => ("heardRoutes" in each ? (each.heardRoutes ?? []) : []));
  expect([news.map((each) => isSnapshot(each)), isSnapshot.errors]).toEqual([[true, true, true], null]);
  expect(heard.map(({ length }) => length)).toEqual([0, 65, 0]);
  expect([heard[1][0], heard[1][64]]).toMatchObject([{ dst: "203.0.113.0", dev: "vx0" }, { dst: "default" }]);
});

it("a container that ended has no address any more, whatever is still asked, or answered, about it", async () => {
  withoutTools();
  const engine = new Engine();
  engine.running.set("1", "web");
  await engine.listen();
  const followed = following(engine.socket);
  await followed.follower.begin();
  engine.holds = /^\/containers\/\w+\/json/;
  engine.begin("2", "brief");
  await until(() => engine.held.length === 1);
  engine.tell("die", "2");
  engine.end("1");
  await until(() => nameNow(followed) === undefined);
  engine.holds = /^$/;
  // it was asked before
  engine.answer("/containers/2/json", engine.held[0]);
  await followed.follower.end();
  expect(followed.news.filter((each) => isChange(each))).toMatchObject([{ id: "1" }]);
});

it("a container that was gone before it could be asked about is named by what was told of it, once", async () => {
  withoutTools();
  const engine = new Engine();
  await engine.listen();
  const followed = following(engine.socket);
  await followed.follower.begin();
  engine.holds = /^\/containers\/\w+\/json/;
  for (const action of ["start", "die", "destroy"]) engine.tell(action, "2", "job.6");
  await until(() => engine.held.length === 1);
  engine.holds = /^$/;
  engine.answer("/containers/2/json", engine.held[0]);
  await followed.follower.end();
  expect(followed.news.filter((each) => isChange(each))).toMatchObject([{ id: "2", unasked: "job.6" }]);
  expect(followed.said()).toContain(
    "gone before docker could be asked about them, whose addresses and ports are not known: job.6\n",
  );
  expect(["job.6", "job.7"].map((name) => followed.follower.known.isUnasked(name))).toEqual([true, false]);
});

it("what the host said before somebody keeps it is kept, too", async () => {
  withoutTools();
  const engine = new Engine();
  await engine.listen();
  const followed = following(engine.socket);
  const early = new HostFollower(new KnownHost(), {
    engine: new DockerEngine(engine.socket, "", LONG_MS),
    version: "0.0.0",
    isKept: true,
    messages: new Messages({ isTerminal: false, rows: undefined, columns: undefined, write: () => {} }, 80),
  });
  closing.push(() => early.close());
  await Promise.all([early.begin(), followed.follower.begin()]);
  const formats: string[] = [];
  early.keepIn(({ format }) => void formats.push(format));
  expect(formats).toEqual(["natcorr-snapshot"]);
});

it.each([
  { isKept: true, count: 65_537, begun: ["one entry"], meanwhile: ["one entry"] },
  { isKept: false, count: 65_536, begun: ["one entry"], meanwhile: [] },
  { isKept: false, count: 65_537, begun: [], meanwhile: [] },
])("conntrack's entries are asked for where they are kept, or few, at both ends: %j", async (asked) => {
  const folder = scratch("conntrack");
  mkdirSync(folder, { recursive: true });
  const answers = `-Lipv4) echo one entry ;;\n-C) echo ${asked.count} ;;`;
  writeFileSync(join(folder, "conntrack"), `#!/bin/sh\ncase $1$3 in\n${answers}\nesac\n`, { mode: 0o755 });
  vi.stubEnv("PATH", folder);
  const engine = new Engine();
  await engine.listen();
  const { follower, news } = following(engine.socket, asked.isKept);
  await follower.begin();
  follower.known.masqueradeSources.onUnknown();
  await until(() => news.length === 2);
  await follower.end();
  const entries = [asked.begun, asked.meanwhile, asked.begun];
  expect(news).toMatchObject(entries.map((listed) => ({ conntrack: { entries: listed } })));
  const isListed = news.map((each) => "missing" in each && each.missing.every(({ source }) => source !== ENTRIES));
  expect(isListed).toEqual(entries.map((listed) => listed.length > 0));
});

it("an engine that goes is asked again, for all that runs by then; until then, nobody's name is known", async () => {
  const engine = new Engine();
  engine.running.set("1", "web");
  await engine.listen();
  const followed = following(engine.socket, false);
  await followed.follower.begin();
  engine.holds = /./;
  engine.hangUp();
  await until(() => nameNow(followed) === undefined);
  engine.running.clear();
  engine.running.set("2", "next");
  engine.holds = /^$/;
  await until(() => nameNow(followed) === "next");
  expect(followed.said()).toMatch(
    /^natcorr: new containers are not named: docker: .*sock: aborted; --docker off .*\nnatcorr: docker answers again: containers are named from now on\n$/,
  );
});

it("of more events than there is time for, all that runs is asked for at once", async () => {
  const engine = new Engine();
  await engine.listen();
  const followed = following(engine.socket);
  await followed.follower.begin();
  engine.holds = /^\/containers\/\w+\/json/;
  engine.begin("1");
  await until(() => engine.held.length === 1);
  for (let id = 2; id < 3000; id++) engine.tell("start", String(id));
  engine.running.set("1", "last");
  engine.holds = /^$/;
  // once that was noticed, all were heard
  engine.endEvents();
  await until(() => followed.said() !== "");
  engine.answer("/containers/1/json", engine.held[0]);
  await until(() => followed.news.filter((each) => isSnapshot(each)).length > 1);
  expect(engine.asked.filter((path) => /^\/containers\/\d+\/json$/.test(path)).length).toBeLessThan(10);
  expect(nameNow(followed)).toBe("last");
});

it.each([
  ["is not there", async () => scratch("nobody.sock"), /nobody\.sock: not found/, LONG_MS],
  ["hangs", hanging, /hangs\.sock: did not answer within 0\.05 s/, 50],
  ["is none", notFound, /answers \/events with 404/, LONG_MS],
])("an engine that %s is said to, once, and the rest of the host is kept", async (_, socketOf, why, mostMs) => {
  const followed = following(await socketOf(), true, mostMs);
  await followed.follower.begin();
  await followed.follower.end();
  expect(followed.said().split("\n")[0]).toMatch(/^natcorr: containers are not named: docker: /);
  expect(followed.said()).toMatch(why);
  expect(followed.said().match(/not named/g)).toHaveLength(1);
  expect(followed.news.length).toBeGreaterThanOrEqual(2);
  for (const each of followed.news) expect(isSnapshot(each)).toBe(true);
});

it("an engine that is off is not asked, and nothing is said of it", async () => {
  withoutTools();
  const followed = following("off");
  await followed.follower.begin();
  await followed.follower.end();
  expect(followed.said()).not.toContain("docker:");
  expect(followed.news).toHaveLength(2);
});

it.each([
  ["no JSON", "<html>\n"],
  ["a line without end", "x".repeat(2_000_000)],
])("events that are %s are survived", async (_, text) => {
  const engine = new Engine();
  await engine.listen();
  const followed = following(engine.socket);
  await followed.follower.begin();
  engine.write(text);
  await until(() => followed.said() !== "");
  engine.running.set("1", "web");
  await until(() => nameNow(followed) === "web");
  expect(followed.said()).toMatch(/not named: docker: /);
});

/** A socket that takes connections, and answers none. */
async function hanging(): Promise<string> {
  const socket = scratch("hangs.sock");
  const server = createSilent((connection) => closing.push(() => connection.destroy()));
  closing.push(() => server.close());
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
  return socket;
}

async function notFound(): Promise<string> {
  const socket = scratch("other.sock");
  const server = createServer((_, response) => response.writeHead(404).end("{}"));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
  return socket;
}
