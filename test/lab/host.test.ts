import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filed } from "../support/natcorr.js";
import { isSkipped, root, tools } from "../support/needs.js";
import { scratch } from "../support/scratch.js";

const ROOT = join(import.meta.dirname, "../..");
const MAIN = join(ROOT, "dist/main.js");
const LAB = join(ROOT, "scripts/lab/lab");
const LAB_NAME = `natcorr-test-${process.pid}`;
const env = { ...process.env, LAB_NAME };
const SOCKET = `/run/natcorr-lab/${LAB_NAME}-docker/docker.sock`;
const TOOLS = [
  "ip",
  "iptables",
  "nft",
  "ipset",
  "conntrack",
  "tcpdump",
  "tshark",
  "dockerd",
  "docker",
  "runc",
  "busybox",
];

const skips = isSkipped(
  "what a Docker host says, in the lab",
  root,
  tools(TOOLS, "scripts/lab/install"),
  tools(["curl"]),
);

function lab(...args: readonly string[]): string {
  return execFileSync(LAB, args, {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
}

function docker(...args: readonly string[]): string {
  return execFileSync("docker", ["-H", `unix://${SOCKET}`, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
}

const begin = (name: string): string => docker("run", "-d", "--name", name, "busybox:lab", "sleep", "1000000");
const onBridge = (name: string): string => docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", name).trim();
const pings = (name: string): string => docker("exec", name, "ping", "-c", "1", "10.0.2.2");

/** Whether the host forwards. */
const forward = (value: 0 | 1): string => lab("exec", "dhost", "sysctl", "-qw", `net.ipv4.ip_forward=${value}`);

/** What natcorr keeps of the host as it is now. */
const snapshot = (): string => lab("exec", "dhost", process.execPath, MAIN, "snapshot", "--docker", SOCKET);

/** What lines say but for the first one, in no order. */
function told(lines: readonly { type: string }[]): string[] {
  const others = lines.filter(({ type }) => type !== "header");
  return others.map((line) => JSON.stringify(line)).toSorted();
}

/** Has somebody outside ask for pages, whether they are there or not. */
function get(...urls: readonly string[]): void {
  for (const url of urls)
    spawnSync(LAB, ["exec", "wan", "timeout", "2", "busybox", "wget", "-q", "-O", "/dev/null", url], { env });
}

/** Has two containers of docker0 send something, and a published port of a third one called. */
function crossElsewhere(): void {
  for (const name of ["c1", "c2"]) pings(name);
  get("http://10.0.2.15:88");
}

/** Captures on a bridge and on the uplink while something happens. Gives the two captures. */
async function captured(bridge: string, happens: () => void): Promise<string[]> {
  const captures = [bridge, "enp0s3"].map((name) => {
    const path = scratch(`${name}.pcap`);
    const args = ["exec", "dhost", "tcpdump", "--immediate-mode", "-U", "-i", name, "-w", path];
    return { path, process: spawn(LAB, args, { env }) };
  });
  const ended = captures.map(({ process }) => once(process, "close"));
  let said = "";
  for (const { process } of captures) process.stderr.on("data", (text: Buffer) => (said += text.toString()));
  while ((said.match(/listening on/g) ?? []).length < captures.length) await sleep(10);
  happens();
  for (const { process } of captures) {
    await hasWrittenAll(process);
    process.kill("SIGINT");
  }
  await Promise.all(ended);
  return captures.map(({ path }) => path);
}

/** Waits until tcpdump has written all that came: asked by a signal, it tells how many frames it wrote, and how many the kernel has had for it. */
async function hasWrittenAll(tcpdump: ChildProcess): Promise<void> {
  let told = "";
  tcpdump.stderr?.on("data", (text: Buffer) => (told += text.toString()));
  for (;;) {
    const [, written, had] = /(\d+) packets? captured, (\d+) packets? received/.exec(told) ?? [];
    if (written !== undefined && written === had) return;
    told = "";
    tcpdump.kill("SIGUSR1");
    await sleep(20);
  }
}

/** Has natcorr capture on docker0 and on the uplink while something happens, which is told what was printed, and said, so far. Gives all of that. */
function live(
  happens: (printed: () => string, said: () => string) => Promise<void>,
  ...options: readonly string[]
): Promise<{ stdout: string; stderr: string }> {
  return liveOn("docker0", happens, ...options);
}

/** The same on another bridge. */
async function liveOn(
  bridge: string,
  happens: (printed: () => string, said: () => string) => Promise<void>,
  ...options: readonly string[]
): Promise<{ stdout: string; stderr: string }> {
  const args = ["exec", "dhost", process.execPath, MAIN, "live", bridge, "enp0s3", "--docker", SOCKET, ...options];
  const running = spawn(LAB, args, { env });
  const ended = once(running, "close");
  let [stdout, stderr] = ["", ""];
  running.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  running.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  while (!stderr.includes("capturing on")) await sleep(10);
  await happens(
    () => stdout,
    () => stderr,
  );
  running.kill("SIGINT");
  await ended;
  return { stdout, stderr };
}

/** The containers that pairs are from, in the order of time, each once as long as no other comes, and at which address; where nobody is named, nobody. */
function sendersOf(stdout: string): string[] {
  const senders = linesOf(stdout)
    .map((line) => JSON.parse(line))
    .filter(({ type, direction }) => type === "pair" && direction === "outbound")
    .toSorted((one, other) => (one.inside.time < other.inside.time ? -1 : 1))
    .map(({ inside: { src, container } }) => `${container ?? "nobody"} ${src}`);
  return senders.filter((sender, at) => sender !== senders[at - 1]);
}

/** Has a container ping until it was named once more than before: live is told of it when it runs already. */
async function pingUntilNamed(name: string, printed: () => string): Promise<void> {
  const named = (): number => printed().split(`"container":"${name}"`).length;
  const before = named();
  while (named() === before) {
    pings(name);
    await sleep(10);
  }
}

/** What is said of rules that are missing now, whatever packets there are. */
async function natMissing(): Promise<string[]> {
  const host = scratch("nat.json");
  writeFileSync(host, snapshot());
  const captures = ["inside", "outside"].map((side) => join(ROOT, `fixtures/ping/${side}.pcap`));
  const lines = linesOf(await filed(...captures, "--host", host, "-q"));
  return lines.flatMap((line) => (line.includes('"code":"nat-missing"') ? [JSON.parse(line).text] : []));
}

const blackhole = (what: string, network: string): string =>
  lab("exec", "dhost", "ip", "route", what, "blackhole", network);

/** What is said of a ping to where a route of type blackhole leads, while nothing else crosses, and of what happens behind it. */
async function reasonsAtBlackhole(behind: () => unknown): Promise<string[]> {
  blackhole("add", "203.0.113.0/24");
  try {
    const { stdout } = await live(
      async (printed) => {
        spawnSync(LAB, ["exec", "c1", "ping", "-c", "1", "-W", "1", "203.0.113.5"], { env });
        // judged once its window is over
        while (!/"dst":"203.0.113.5".*"verdict"/.test(printed())) await sleep(10);
        behind();
      },
      "--format",
      "ndjson",
    );
    return linesOf(stdout).flatMap((line) =>
      /"type":"(?:unmatched|update)"/.test(line) ? [JSON.parse(line).reason] : [],
    );
  } finally {
    blackhole("del", "203.0.113.0/24");
  }
}

const iptables = (...args: readonly string[]): string => lab("exec", "dhost", "iptables", ...args);

describe.skipIf(skips)("a Docker host", () => {
  beforeAll(() => {
    lab("up", "docker");
    docker(
      "network",
      "create",
      "-o",
      "com.docker.network.bridge.name=br-app",
      "--subnet",
      "172.28.0.0/16",
      "--label",
      "token=s3cret",
      "app",
    );
    const sleeps = ["busybox:lab", "sleep", "1000000"];
    docker("run", "-d", "--name", "db", "--network", "app", "--label", "com.docker.compose.service=store", ...sleeps);
    docker("run", "-d", "--name", "side", "--network", "container:db", "-e", "TOKEN=s3cret", ...sleeps);
    docker("run", "-d", "--name", "agent", "--network", "host", "--label", "token=s3cret", ...sleeps);
    docker("run", "-d", "--name", "lonely", "--network", "none", "busybox:lab", "sh", "-c", "sleep 1000000", "s3cret");
    docker("run", "-d", "--name", "dns", "-p", "127.0.0.1:53:5353/udp", "-p", "80", ...sleeps);
  });
  afterAll(() => lab("down", "docker"));

  it("a snapshot has the containers that docker has, whatever networks they are in, and no secret", () => {
    const { docker: said, missing, dockerProxies } = JSON.parse(snapshot());
    expect(missing).toEqual([]);
    const format =
      "{{slice .Name 1}} {{.Id}} {{.State.Pid}}{{range .NetworkSettings.Networks}} {{.IPAddress}}{{end}}" +
      "{{range $port, $bound := .NetworkSettings.Ports}}{{range $bound}} {{.HostIp}}:{{.HostPort}}->{{$port}}{{end}}{{end}}";
    const inspected = docker("inspect", "-f", format, ...linesOf(docker("ps", "-q")));
    expect(said.containers.map(summed).toSorted()).toEqual(linesOf(inspected).toSorted());
    const modes = said.containers.map(({ name, networkMode }: Container) => [name, networkMode]);
    const db = said.containers.find(({ name }: Container) => name === "db");
    expect(Object.fromEntries(modes)).toMatchObject({
      web: "bridge",
      db: "app",
      side: `container:${db.id}`,
      agent: "host",
      lonely: "none",
    });
    expect(db.labels).toEqual({ "com.docker.compose.service": "store" });
    expect(JSON.stringify(said)).not.toContain("s3cret");
    expect(dockerProxies).toContainEqual(
      expect.objectContaining({ proto: "udp", hostAddress: "127.0.0.1", hostPort: 53, containerPort: 5353 }),
    );
  });

  it("a snapshot has the addresses, rules and counters that the tools of the host print", () => {
    const { docker: said, interfaces, routes, rules, conntrack, sysctls } = JSON.parse(snapshot());
    const app = said.networks.find(({ name }: { name: string }) => name === "app");
    const names = interfaces.map(({ ifname }: { ifname: string }) => ifname);
    expect(names).toEqual(expect.arrayContaining(["lo", "enp0s3", "docker0", app.bridge]));
    expect(routes).toContainEqual(expect.objectContaining({ dst: "default", gateway: "10.0.2.2", dev: "enp0s3" }));
    expect(rules.iptables.join("\n")).toContain("] -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE");
    expect(conntrack.counters).toHaveProperty("insert_failed");
    expect(sysctls).toMatchObject({
      "net.ipv4.ip_forward": "1",
      "net.ipv4.conf.docker0.rp_filter": expect.any(String),
    });
  });

  it("two containers that had one address one after the other are told apart, and those that share one are named together", async () => {
    const address = "172.28.0.99";
    const beginThere = (name: string) =>
      docker("run", "-d", "--name", name, "--network", "app", "--ip", address, "busybox:lab", "sleep", "1000000");
    beginThere("first");
    const captures = await captured("br-app", () => {
      pings("first");
      docker("rm", "-f", "first");
      beginThere("second");
      for (const name of ["second", "side"]) pings(name);
    });
    const host = scratch("host.json");
    writeFileSync(host, snapshot());
    const text = await filed(...captures, "--host", host);
    const pairs = linesOf(text)
      .map((line) => JSON.parse(line))
      .filter(({ type, direction }) => type === "pair" && direction === "outbound");
    // before the container that has it now began, nothing tells whose it was, though all have one ICMP id, and so one flow
    expect(pairs.map(({ inside: { src, container } }) => [src, container])).toEqual([
      [address, undefined],
      [address, "second"],
      [addressOf("db"), "db+side"],
    ]);
  });

  it("live names containers that begin and end meanwhile, one after the other at one address, and so does its file alone", async () => {
    const path = scratch("both.pcapng");
    let shared = "";
    const { stdout, stderr } = await live(
      async (printed) => {
        begin("one");
        shared = onBridge("one");
        await pingUntilNamed("one", printed);
        docker("rm", "-f", "one");
        begin("two");
        await pingUntilNamed("two", printed);
        docker("rename", "two", "one");
        expect(onBridge("one")).toBe(shared);
        await pingUntilNamed("one", printed);
        docker("network", "connect", "--ip", "172.28.0.77", "app", "one");
        docker("rm", "-f", "one");
      },
      "-w",
      path,
      "--format",
      "ndjson",
      "icmp",
    );
    expect(stderr).not.toContain("not named");
    const senders = [`one ${shared}`, `two ${shared}`, `one ${shared}`];
    expect(sendersOf(stdout).filter((sender) => !sender.startsWith("nobody"))).toEqual(senders);
    // where no engine is
    const told = (...options: readonly string[]): Promise<string> =>
      filed(path, "--inside", "docker0", "--outside", "enp0s3", ...options);
    const all = await told("icmp");
    expect(sendersOf(all)).toEqual(senders);
    expect(sendersOf(await told("--container", "two"))).toEqual([`two ${shared}`]);
    expect(linesOf(all).some((line) => line.includes("MASQUERADE"))).toBe(true);
    const hosts = execFileSync("tshark", ["-r", path, "-q", "-z", "hosts"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(hosts).toMatch(/^172\.17\.0\.2\tweb$/m);
    expect(hosts).toContain(`\n${shared}\tone|two\n`);
    expect(hosts).toMatch(/^172\.28\.0\.77\tone$/m);
  });

  it("live goes on naming containers once it is another user, and keeps that", async () => {
    const folder = mkdtempSync(join(tmpdir(), "natcorr-host-"));
    chmodSync(folder, 0o777);
    try {
      const path = join(folder, "both.pcapng");
      const { stdout, stderr } = await live(
        async (printed) => {
          begin("brief");
          await pingUntilNamed("brief", printed);
          docker("rm", "-f", "brief");
        },
        "-Z",
        "nobody",
        "-w",
        path,
        "--format",
        "ndjson",
        "--container",
        "brief",
      );
      expect(stderr).toContain("no container, and no service, is called 'brief' yet");
      expect(sendersOf(stdout)).toEqual([expect.stringMatching(/^brief 172\.17\./)]);
      const told = await filed(path, "--inside", "docker0", "--outside", "enp0s3");
      expect(sendersOf(told)).toEqual(sendersOf(stdout));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("what went through each published port is what the host's own counters say", async () => {
    const address = addressOf("dns");
    const port = /:(\d+)$/m.exec(docker("port", "dns", "80/tcp"))?.[1] ?? "";
    const drop = ["DOCKER-USER", "-d", `${address}/32`, "-p", "tcp", "-j", "DROP"];
    lab("exec", "dhost", "iptables", "-I", ...drop);
    const captures = await captured("docker0", () => {
      // its packets cross, so it is known to be behind that bridge; the first connection tells the names of the interfaces, and what
      // crosses later that both captures went on
      pings("dns");
      get("http://10.0.2.15:88", `http://10.0.2.15:${port}`, "http://10.0.2.15:88", "http://[fd00:2::15]:88");
    });
    const host = scratch("ports.json");
    writeFileSync(host, snapshot());
    const counted = (rule: RegExp): number =>
      Number(
        /^\[(\d+):/.exec(
          JSON.parse(readFileSync(host, "utf8")).rules.iptables.find((line: string) => rule.test(line)),
        )?.[1],
      );
    const text = await filed(...captures, "--host", host, "-q");
    const { published } = JSON.parse(linesOf(text).at(-1) ?? "");
    expect(published).toContainEqual(
      expect.objectContaining({
        container: "web",
        hostPort: 88,
        translated: 2,
        proxied: 1,
        dropped: 0,
        pids: [expect.any(Number), expect.any(Number)],
      }),
    );
    expect(counted(/-A DOCKER .*--dport 88 -j DNAT/)).toBe(2);
    const dropped = counted(/-A DOCKER-USER .*-j DROP/);
    expect(dropped).toBeGreaterThan(0);
    expect(published).toContainEqual(
      expect.objectContaining({ container: "dns", hostPort: Number(port), translated: 0, proxied: 0, dropped }),
    );
    const ofDns = await filed(...captures, "--host", host, "--container", "dns", "--only", "dropped");
    expect(linesOf(ofDns).filter((line) => /"container":"dns".*"verdict":"dropped"/.test(line))).toHaveLength(dropped);
    expect(published).toContainEqual(
      expect.objectContaining({
        proto: "udp",
        hostAddresses: ["127.0.0.1"],
        hostPort: 53,
        container: "dns",
        translated: 0,
        dropped: 0,
      }),
    );
  });

  it("what goes through a published port, and what a docker-proxy carries on, a page that is served has while the run goes on", async () => {
    const use = (text: string): unknown =>
      linesOf(text)
        .flatMap((line) => JSON.parse(line).published ?? [])
        .find(({ hostPort }) => hostPort === 88);
    let soFar = "";
    const { stdout } = await live(
      async (printed, said) => {
        await pingUntilNamed("web", printed);
        const [, page = ""] = /the page is at (\S+)\n/.exec(said()) ?? [];
        get("http://10.0.2.15:88", "http://10.0.2.15:88", "http://[fd00:2::15]:88");
        // until the proxy's two connections are known to be one
        for (let tries = 0; tries < 20 && !soFar.includes('"nat":"proxy"'); tries++) {
          await sleep(500);
          soFar = lab("exec", "dhost", "curl", "-s", "--compressed", "--max-time", "5", `${page}state?after=0`);
        }
      },
      "--serve",
      "0",
      "--format",
      "ndjson",
    );
    expect(use(soFar)).toMatchObject({ container: "web", translated: 2, proxied: 1, dropped: 0 });
    expect(use(linesOf(stdout).at(-1) ?? "")).toMatchObject({ container: "web", translated: 2, proxied: 1 });
    expect(JSON.parse(linesOf(soFar)[0]).text.published).toMatch(
      /^Published ports so far\n.*\n(?:.*\n)*tcp 88→web:80 +2 +1 +0 +0 +\d+ \d+\n/,
    );
  });

  it("what the host itself calls is told of the ports that conntrack says it called, live and by its file alone", async () => {
    const path = scratch("calls.pcapng");
    const calls = async (printed: () => string): Promise<void> => {
      await pingUntilNamed("web", printed);
      // by addresses of the host; by docker-proxy; and straight to the container
      for (const place of ["10.0.2.15:88", "10.0.2.15:88", "172.17.0.1:88", "127.0.0.1:88", "[::1]:88", "172.17.0.2"])
        lab("exec", "dhost", "busybox", "wget", "-q", "-O", "/dev/null", `http://${place}/`);
      // past the rules, which let calls of this bridge return
      lab("exec", "c1", "busybox", "wget", "-q", "-O", "/dev/null", "http://172.17.0.2/");
    };
    const listed = await live(calls, "--format", "ndjson");
    const heard = await live(calls, "--format", "ndjson", "--conntrack", "live");
    lab("exec", "dhost", "conntrack", "-F");
    const { stdout } = await live(calls, "-w", path, "--format", "ndjson");
    const entries = lab("exec", "dhost", "conntrack", "-L", "-p", "tcp");
    const called = entries.match(/ src=(\S+) dst=\1 sport=\d+ dport=88 src=172\.17\.0\.2 /g) ?? [];
    expect(called).toHaveLength(3);
    const told = (...options: readonly string[]): Promise<string> =>
      filed(path, "--inside", "docker0", "--outside", "enp0s3", "-q", ...options);
    expect(publishedIn(await told("--conntrack", "off"))).toContainEqual(
      expect.objectContaining({ hostPort: 88, fromInside: 0, fromInsideUnclear: 0 }),
    );
    for (const text of [listed.stdout, heard.stdout, stdout, await told()])
      expect(publishedIn(text)).toContainEqual(
        expect.objectContaining({
          hostPort: 88,
          fromHost: called.length,
          unheld: 0,
          misplaced: 0,
          fromInside: 0,
          fromInsideUnclear: 0,
          proxiedFromHost: 2,
          fromHostUnclear: 1,
          captured: "all",
          translated: 0,
          unknown: 0,
        }),
      );
  });

  it("what was seen outside alone has its container, as conntrack's own entries have it: live, by the file, and by a snapshot", async () => {
    const path = scratch("outside.pcapng");
    const { stdout } = await liveOn(
      "br-app",
      async (printed) => {
        crossElsewhere();
        while (!/"dstPort":88,"container":"web".*"verdict"/.test(printed())) await sleep(10);
      },
      "-w",
      path,
      "--conntrack",
      "live",
      "--format",
      "ndjson",
    );
    const names = new Map(["c1", "c2", "web"].map((name) => [addressOf(name), name]));
    const idsOf = (entries: string): [string | undefined, number][] =>
      [...entries.matchAll(/^icmp .*?src=(\S+) .*?id=\d+ .*?id=(\d+) /gm)].map(([, src, id]) => [
        names.get(src),
        Number(id),
      ]);
    const expected = idsOf(lab("exec", "dhost", "conntrack", "-L", "-p", "icmp")).filter(
      ([name]) => name !== undefined,
    );
    // others may have entries and packets from before: an answer that is repeated, an error that comes late
    expect(expected.map(([name]) => name)).toEqual(expect.arrayContaining(["c1", "c2"]));
    const byFile = (...options: readonly string[]): Promise<string> =>
      filed(path, "--inside", "br-app", "--outside", "enp0s3", ...options);
    for (const text of [stdout, await byFile()]) {
      const told = outsideAlone(text);
      expect(told.filter(({ icmpId }) => icmpId !== undefined)).toHaveLength(2 * 2);
      for (const { icmpId, container } of told.filter(({ icmpId }) => icmpId !== undefined))
        expect(expected).toContainEqual([container, icmpId]);
      const ofPort = told.filter(isOfPort);
      expect(ofPort.length).toBeGreaterThan(4);
      expect(new Set(ofPort.map(({ container }) => container))).toEqual(new Set(["web"]));
    }
    const ofOne = outsideAlone(await byFile("--container", "c1"));
    expect(ofOne.map(({ container }) => container)).toEqual(["c1", "c1"]);
    expect(outsideAlone(await byFile("--conntrack", "off", "icmp")).map(({ container }) => container)).toEqual(
      Array.from({ length: 4 }, () => undefined),
    );

    const captures = await captured("br-app", crossElsewhere);
    const host = scratch("outside.json");
    writeFileSync(host, snapshot());
    const told = outsideAlone(await filed(...captures, "--host", host));
    const pings = told.filter(({ icmpId }) => icmpId !== undefined).map(({ container }) => container);
    expect(pings).toEqual(["c1", "c1", "c2", "c2"]);
    expect(new Set(told.filter(isOfPort).map(({ container }) => container))).toEqual(new Set(["web"]));
  });

  it("which connections a container refuses, and which rule closes a port, is what the host counted", async () => {
    docker("run", "-d", "--name", "shut", "-p", "89:81", "-p", "90:80", "busybox:lab", "httpd", "-f", "-p", "80");
    const drop = ["DOCKER-USER", "-d", `${addressOf("shut")}/32`, "-p", "tcp", "--dport", "80", "-j", "DROP"];
    lab("exec", "dhost", "iptables", "-I", ...drop);
    const [before, after] = [scratch("before.json"), scratch("after.json")];
    writeFileSync(before, snapshot());
    const captures = await captured("docker0", () => {
      pings("shut");
      get(
        "http://10.0.2.15:88",
        "http://10.0.2.15:89",
        "http://10.0.2.15:89",
        "http://10.0.2.15:90",
        "http://10.0.2.15:88",
      );
      spawnSync(LAB, ["exec", "dhost", "busybox", "wget", "-q", "-O", "/dev/null", "http://10.0.2.15:89"], { env });
    });
    writeFileSync(after, snapshot());
    docker("rm", "-f", "shut");
    const { rules } = JSON.parse(readFileSync(after, "utf8"));
    const rule = `-A ${drop.join(" ").replace("-p tcp", "-p tcp -m tcp")}`;
    const line = rules.iptables.find((each: string) => each.endsWith(rule));
    const count = Number(/^\[(\d+):/.exec(line)?.[1]);
    expect(count).toBeGreaterThan(0);
    const text = await filed(...captures, "--host", `${before},${after}`, "-q");
    const { published } = JSON.parse(linesOf(text).at(-1) ?? "");
    expect(published).toContainEqual(
      expect.objectContaining({ hostPort: 89, translated: 2, refusedInside: 3, fromHostUnclear: 1, closedBy: [] }),
    );
    expect(published).toContainEqual(
      expect.objectContaining({ hostPort: 90, translated: 0, dropped: count, closedBy: [{ rule, count }] }),
    );
  });

  it("what could have dropped packets is what the host counted, and no rule that did not", async () => {
    const [address, db] = [addressOf("c1"), addressOf("db")];
    const idle = [
      "DOCKER-USER",
      "-i",
      "docker0",
      "-p",
      "icmp",
      "-m",
      "string",
      "--string",
      "never-there",
      "--algo",
      "bm",
      "-j",
      "DROP",
    ];
    const drop = ["DOCKER-USER", "-s", `${address}/32`, "-p", "icmp", "-j", "DROP"];
    for (const rule of [idle, drop]) lab("exec", "dhost", "iptables", "-I", ...rule);
    const [before, after] = [scratch("before.json"), scratch("after.json")];
    writeFileSync(before, snapshot());
    const captures = await captured("docker0", () => {
      pings("web");
      // one that a rule drops, and one to another bridge's container, from which Docker isolates it
      for (const [name, to] of [
        ["c1", "10.0.2.2"],
        ["c2", db],
      ])
        spawnSync(LAB, ["exec", name, "ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", "1", to], { env });
      pings("web");
    });
    writeFileSync(after, snapshot());
    for (const rule of [idle, drop]) lab("exec", "dhost", "iptables", "-D", ...rule);
    const text = await filed(...captures, "--host", `${before},${after}`);
    const lines = linesOf(text).map((line) => JSON.parse(line));
    const droppedOf = (src: string): number =>
      lines.filter((line) => line.verdict === "dropped" && line.src === src).length;
    const named = lines
      .filter(({ code }) => code?.startsWith("drop-"))
      .map(({ rule, count, counted }) => [rule, count, counted]);
    const [ofRule, isolated] = [droppedOf(address), droppedOf(addressOf("c2"))];
    expect([ofRule, isolated].map((count) => count > 0)).toEqual([true, true]);
    expect(named).toEqual([
      [`-A ${drop.join(" ")}`, ofRule, ofRule],
      ["-A DOCKER-ISOLATION-STAGE-2 -o br-app -j DROP", isolated, isolated],
    ]);
  });

  it("a rule that stood for a moment is named for what it dropped, live, by a trace that knows its handle alone, and all that live told, the file alone tells", async () => {
    const path = scratch("rules.pcapng");
    const [rule, other] = ["-d 10.0.2.2/32 -p icmp", "-i br-app -p sctp"].map((what, at) =>
      `DOCKER-USER ${what} -m comment --comment ops${at} -j DROP`.split(" "),
    );
    const { stdout } = await live(
      async () => {
        pings("c2");
        // each of them is kept in the file once it was read
        for (const each of [rule, other]) {
          iptables("-I", ...each);
          while (!readFileSync(path).includes(`--comment ops${each === rule ? 0 : 1} `)) await sleep(10);
          if (each === rule)
            spawnSync(LAB, ["exec", "c1", "ping", "-c", "3", "-i", "0.2", "-W", "1", "10.0.2.2"], { env });
        }
        for (const each of [rule, other]) iptables("-D", ...each);
        // Docker's own rules for a container are no news
        docker("run", "--rm", "-p", "9105:80", "busybox:lab", "true");
      },
      "--rules",
      "live",
      "--trace",
      "live",
      "--conntrack",
      "live",
      "-w",
      path,
      "--format",
      "ndjson",
    );
    const read = await filed(path, "--inside", "docker0", "--outside", "enp0s3");
    const [lines, linesFiled] = [stdout, read].map((text) => linesOf(text).map((line) => JSON.parse(line)));
    expect(told(linesFiled)).toEqual(told(lines));
    expect(lines.find(({ code }) => code === "conntrack")?.count).toBeGreaterThan(0);
    const saved = `-A ${rule.join(" ")}`;
    const shown = lines.filter(({ verdict }) => verdict === "dropped");
    expect(new Set(shown.map((line) => line.rule))).toEqual(new Set([`ip filter ${saved}`]));
    const came = { came: [expect.any(String)], went: [expect.any(String)] };
    for (const all of [lines, linesFiled]) {
      expect(all.filter(({ code }) => ["drop-rule", "rules-changed"].includes(code))).toEqual([
        expect.objectContaining({ rule: saved, count: 3, counted: 3 }),
        expect.objectContaining({
          changes: [rule, other].map((each) => expect.objectContaining({ rule: `-A ${each.join(" ")}`, ...came })),
        }),
      ]);
    }
  });

  it("spells of a second without forwarding are named for what was dropped in them, live and by the file alone", async () => {
    const path = scratch("spells.pcapng");
    const { stdout } = await live(
      async () => {
        pings("c2");
        // the second begins within the ten seconds in which no other snapshot is taken
        for (const count of [4, 5]) {
          forward(0);
          spawnSync(LAB, ["exec", "c1", "ping", "-c", `${count}`, "-i", "0.3", "-W", "1", "10.0.2.2"], { env });
          forward(1);
          await sleep(1000);
        }
        pings("c2");
      },
      "-w",
      path,
      "--format",
      "ndjson",
    );
    const read = await filed(path, "--inside", "docker0", "--outside", "enp0s3");
    for (const text of [stdout, read]) {
      const lines = linesOf(text).map((line) => JSON.parse(line));
      const grounds = lines.filter(({ code }) => code?.startsWith("drop-"));
      expect(grounds.map(({ code, count }) => [code, count])).toEqual([["drop-not-forwarded", 9]]);
      expect(grounds[0].text).toContain("net.ipv4.ip_forward was 0 by ");
    }
  });

  it("a route of type blackhole drops what nothing else tells of, though a container begins and ends meanwhile, and not once it is another one", async () => {
    const container = ["run", "--rm", "-p", "9106:80", "busybox:lab", "true"];
    expect(await reasonsAtBlackhole(() => docker(...container))).toContain("not-forwarded");
    const inOut = ["add", "del"];
    expect(await reasonsAtBlackhole(() => inOut.map((what) => blackhole(what, "203.0.113.128/25")))).not.toContain(
      "not-forwarded",
    );
  });

  it("a container that accepts and never answers is named, whichever docker-proxy calls it", async () => {
    docker("pause", "web");
    try {
      const { stdout } = await live(
        async () => {
          const calls = ["http://127.0.0.1:88", "http://[fd00:2::15]:88"].map((url, at) =>
            spawn(
              LAB,
              ["exec", at === 0 ? "dhost" : "wan", "timeout", "3", "busybox", "wget", "-q", "-O", "/dev/null", url],
              { env },
            ),
          );
          await Promise.all(calls.map((call) => once(call, "close")));
          // docker-proxy closes its own connections behind that
          while (lab("exec", "dhost", "ss", "-Htn", "state", "established", "dst", "172.17.0.2").trim() !== "")
            await sleep(10);
        },
        "--format",
        "text",
      );
      // lines are cut to the width of a terminal
      expect(stdout.replaceAll(/\s+/g, " ")).toMatch(
        /no-response \(2 times\): accepted, asked, and no byte came back: tcp 172\.17\.0\.1 > web\.80 \(2 conversations: .+: the caller closed\)/,
      );
    } finally {
      docker("unpause", "web");
    }
  });

  it("a rule that asks for a set of ipset's is named for who is in it alone", async () => {
    const [address, other] = [addressOf("c1"), addressOf("c2")];
    lab("exec", "dhost", "ipset", "create", "banned", "hash:ip,port");
    lab("exec", "dhost", "ipset", "add", "banned", `${address},udp:7`);
    const rule = ["DOCKER-USER", "-m", "set", "--match-set", "banned", "src,dst", "-j", "DROP"];
    iptables("-I", ...rule);
    const [before, after] = [scratch("before.json"), scratch("after.json")];
    try {
      writeFileSync(before, snapshot());
      const captures = await captured("docker0", () => {
        for (const name of ["c1", "c2"]) {
          pings(name);
          spawnSync(LAB, ["exec", name, "bash", "-c", "echo ping > /dev/udp/10.0.2.2/7"], { env });
        }
      });
      writeFileSync(after, snapshot());
      const text = await filed(...captures, "--host", `${before},${after}`);
      const lines = linesOf(text).map((line) => JSON.parse(line));
      const droppedOf = (src: string): number =>
        lines.filter((line) => line.verdict === "dropped" && line.src === src).length;
      expect([address, other].map(droppedOf)).toEqual([1, 0]);
      expect(lines.filter(({ code }) => code === "drop-rule")).toMatchObject([
        { rule: `-A ${rule.join(" ")}`, count: 1 },
      ]);
    } finally {
      iptables("-D", ...rule);
      // the kernel lets go of it some time behind the rule
      while (spawnSync(LAB, ["exec", "dhost", "ipset", "destroy", "banned"], { env }).status !== 0) await sleep(10);
    }
  });

  it("too few ports, and a bridge's own rules, are told by the counter and the rules that tell them", async () => {
    const few = [
      "POSTROUTING",
      "-s",
      `${addressOf("c1")}/32`,
      "-p",
      "udp",
      "-j",
      "MASQUERADE",
      "--to-ports",
      "1000-1003",
    ];
    const [untracks, drops] = [
      `ip saddr ${addressOf("c2")} notrack`,
      `ip saddr ${addressOf("c1")} ip daddr ${addressOf("web")} counter drop`,
    ];
    const onBridge = [
      `add chain bridge lab early { type filter hook prerouting priority dstnat; }`,
      `add rule bridge lab early ${untracks}`,
      `add chain bridge lab passing { type filter hook forward priority filter; }`,
      `add rule bridge lab passing ${drops}`,
    ];
    lab("exec", "dhost", "iptables", "-t", "nat", "-I", ...few);
    lab("exec", "dhost", "nft", `add table bridge lab; ${onBridge.join("; ")}`);
    try {
      const { stdout } = await live(
        async (printed) => {
          await pingUntilNamed("web", printed);
          // each from a port of its own
          spawnSync(LAB, ["exec", "c1", "bash", "-c", "for n in {1..8}; do echo $n > /dev/udp/10.0.2.2/7; done"], {
            env,
          });
          for (const [name, to] of [
            ["c2", "180.101.49.11"],
            ["c1", addressOf("web")],
          ])
            spawnSync(LAB, ["exec", name, "ping", "-c", "1", "-W", "1", to], { env });
        },
        "--rules",
        "live",
        "--format",
        "ndjson",
      );
      const lines = linesOf(stdout).map((line) => JSON.parse(line));
      const found = (code: string) => lines.filter((line) => line.code === code);
      const dropped = lines.filter(({ verdict, dstPort }) => verdict === "dropped" && dstPort === 7).length;
      expect(dropped).toBe(4);
      expect(found("drop-conntrack")).toMatchObject([{ count: dropped, counter: "insert_failed", counted: dropped }]);
      expect(found("host-drops").filter(({ counter }) => counter === "drop")).toEqual([]);
      expect(found("untranslated")).toMatchObject([
        { text: expect.stringContaining(`: bridge lab early ${untracks}`) },
      ]);
      expect(found("leak")).toEqual([]);
      expect(found("drop-rule")).toMatchObject([
        { rule: drops.replace("counter ", ""), table: "bridge lab", chain: "passing", count: 1 },
      ]);
    } finally {
      lab("exec", "dhost", "iptables", "-t", "nat", "-D", ...few);
      lab("exec", "dhost", "nft", "delete table bridge lab");
    }
  });

  it("what a rule redirects to the host, where nobody listens, is refused, in the name of whom it was sent to", async () => {
    const rules = ["tcp", "udp"].map((proto) =>
      `PREROUTING -i docker0 -p ${proto} --dport 5353 -j REDIRECT --to-ports 5300`.split(" "),
    );
    for (const rule of rules) lab("exec", "dhost", "iptables", "-t", "nat", "-I", ...rule);
    try {
      const { stdout } = await live(
        async (printed) => {
          for (const proto of ["tcp", "udp"])
            spawnSync(LAB, ["exec", "c1", "bash", "-c", `echo ? > /dev/${proto}/180.101.49.11/5353`], { env });
          while (!/"proto":"icmp".*"verdict"/.test(printed())) await sleep(10);
        },
        "--rules",
        "live",
        "--format",
        "ndjson",
      );
      const lines = linesOf(stdout).map((line) => JSON.parse(line));
      // neighbours announce themselves at any time
      const alone = lines.filter(({ type, proto }) => type === "unmatched" && proto !== "icmpv6");
      expect(alone.map(({ proto, src, verdict }) => `${proto} ${src} ${verdict}`)).toEqual([
        `tcp ${addressOf("c1")} refused`,
        "tcp 180.101.49.11 local",
        `udp ${addressOf("c1")} refused`,
        "icmp 180.101.49.11 local",
      ]);
      expect(lines.filter(({ code }) => code === "nothing-paired")).toEqual([]);
    } finally {
      for (const rule of rules) lab("exec", "dhost", "iptables", "-t", "nat", "-D", ...rule);
    }
  });

  it("a network whose own masquerade is gone is named, and none that has its own", async () => {
    const rule = ["POSTROUTING", "-s", "172.28.0.0/16", "!", "-o", "br-app", "-j", "MASQUERADE"];
    expect(await natMissing()).toEqual([]);
    lab("exec", "dhost", "iptables", "-t", "nat", "-D", ...rule);
    const found = await natMissing();
    lab("exec", "dhost", "iptables", "-t", "nat", "-I", ...rule);
    expect(found).toEqual(["no rule masquerades containers' networks: app"]);
  });

  it("which rules of INPUT drop and reject what goes to the host itself is what the host counted", async () => {
    const rules = [
      ["INPUT", "-p", "tcp", "--dport", "8098", "-j", "REJECT"],
      ["INPUT", "-p", "tcp", "--dport", "8099", "-j", "DROP"],
    ];
    for (const rule of rules) lab("exec", "dhost", "iptables", "-A", ...rule);
    const [before, after] = [scratch("before.json"), scratch("after.json")];
    writeFileSync(before, snapshot());
    const captures = await captured("docker0", () => {
      pings("web");
      get("http://10.0.2.15:8098", "http://10.0.2.15:8099");
      for (const url of ["http://10.0.2.15:8099", "http://172.17.0.1:8098", "http://172.17.0.1:8099"])
        spawnSync(LAB, ["exec", "c1", "timeout", "2", "busybox", "wget", "-q", "-O", "/dev/null", url], { env });
      pings("web");
    });
    writeFileSync(after, snapshot());
    for (const rule of rules) lab("exec", "dhost", "iptables", "-D", ...rule);
    const text = await filed(...captures, "--host", `${before},${after}`, "-q");
    const lines = linesOf(text).map((line) => JSON.parse(line));
    const named = lines
      .filter(({ code }) => code?.startsWith("drop-"))
      .map(({ rule, count, counted }) => ({ rule, isAll: count > 0 && count === counted }));
    expect(named).toHaveLength(2);
    for (const rule of ["8098 -j REJECT --reject-with icmp-port-unreachable", "8099 -j DROP"])
      expect(named).toContainEqual({ rule: `-A INPUT -p tcp -m tcp --dport ${rule}`, isAll: true });
  });
});

/** A container of a snapshot, as far as tests look at it. */
interface Container {
  readonly id: string;
  readonly name: string;
  readonly pid: number;
  readonly networkMode: string;
  readonly networks: readonly { readonly addresses: readonly string[] }[];
  readonly published: readonly Readonly<Record<string, string | number>>[];
}

/** A container, as `docker inspect` is asked for it. */
function summed({ id, name, pid, networks, published }: Container): string {
  const ports = published.map(
    ({ proto, hostAddress, hostPort, containerPort }) => ` ${hostAddress}:${hostPort}->${containerPort}/${proto}`,
  );
  return `${name} ${id} ${pid}${networks.map(({ addresses }) => ` ${addresses[0] ?? ""}`).join("")}${ports.join("")}`;
}

/** A packet that was seen outside alone, as far as tests look at it. */
interface Alone {
  readonly icmpId?: number;
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly container?: string;
}

/** Those that NDJSON has. */
function outsideAlone(text: string): Alone[] {
  const lines = linesOf(text).map((line) => JSON.parse(line));
  return lines.filter(({ type, side }) => type === "unmatched" && side === "outside");
}

function isOfPort({ srcPort, dstPort }: Alone): boolean {
  return srcPort === 88 || dstPort === 88;
}

/** What NDJSON says of the published ports. */
function publishedIn(text: string): unknown {
  return JSON.parse(linesOf(text).at(-1) ?? "").published;
}

function linesOf(text: string): string[] {
  return text.trim().split("\n");
}

function addressOf(name: string): string {
  return docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name).trim();
}
