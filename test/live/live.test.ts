import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { checkFixture } from "../../scripts/lab/truth.js";
import { filed } from "../support/natcorr.js";
import { recordsIn } from "../support/page.js";
import { BOTH, KINDS, Lab, type Line, PUBLIC, skips } from "./lab.js";
import { interfacesOf, renumbered, split } from "./split.js";

const { version: VERSION }: { version: string } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);
const TRAFFIC = fileURLToPath(new URL("../../scripts/lab/traffic.mjs", import.meta.url));
/** So many datagrams are dropped where the kernel is to tell why. */
const LOST = 5;
/** What a trace says of a packet is heard within the window, on a busy machine as well. */
const TRACED = ["--trace", "live", "--window", "3s"];

describe.skipIf(skips).each(KINDS)("natcorr live in the %s lab", (kind) => {
  let lab: Lab;
  let folder: string;

  beforeAll(() => {
    lab = new Lab(kind);
    folder = mkdtempSync(join(tmpdir(), "natcorr-live-"));
  });

  afterEach(() => lab.endAll());

  afterAll(() => {
    rmSync(folder, { recursive: true });
    lab.down();
  });

  const ping = (count: number, ...more: readonly string[]): Promise<string> =>
    lab.run("c1", "ping", "-q", "-i", "0.02", "-c", String(count), ...more, PUBLIC);
  const download = (place: string, url: string): Promise<string> =>
    lab.run(place, "busybox", "wget", "-q", "-O", "/dev/null", url);

  it("agrees with conntrack about a ping, a download and a published port", async () => {
    const conntrack = lab.start("dhost", "conntrack", "-E", "-e", "NEW,UPDATES,DESTROY", "-o", "timestamp,id");
    while (conntrack.stdout === "") await ping(1);
    await lab.run("dhost", "conntrack", "-F");
    const path = join(folder, "both.pcapng");
    const page = join(folder, "report.html");
    const live = await lab.live(...BOTH, "--format", "ndjson", "-w", path, "--html", page);
    await ping(5);
    await download("c1", `http://${PUBLIC}/200k`);
    await download("wan", "http://10.0.2.15:88/20k");
    expect(await live.interrupt()).toBe(0);
    // once it has told of this, it has told of all before
    await lab.run("dhost", "bash", "-c", `echo last > /dev/udp/${PUBLIC}/4321`);
    await conntrack.hasSaid(/dport=4321/);
    await conntrack.interrupt();

    expect(recordsIn(readFileSync(page, "utf8"))).toEqual(live.stdout.trimEnd().split("\n"));
    split(path, folder);
    writeFileSync(join(folder, "conntrack.txt"), conntrack.stdout);
    expect(checkFixture(folder, renumbered(live.lines, path))).toEqual([]);
    expect(new Set(live.pairs.map(({ nat }) => nat))).toEqual(new Set(["snat", "dnat"]));
    expect(live.stdout.split("\n")[0]).toBe(
      `{"type":"header","format":"natcorr","version":2,"program":"${VERSION}","captures":{"inside":[{"name":"docker0","counters":true}],"outside":[{"name":"enp0s3","counters":true}]}}`,
    );
    for (const { direction, latencyNs, inside, outside } of live.pairs) {
      const laterNs = stampNs(outside) - stampNs(inside);
      expect(latencyNs).toBe(Number(direction === "outbound" ? laterNs : -laterNs));
      expect(latencyNs).toBeGreaterThan(0);
    }
    const said = /docker0: (\d+) packets captured, (\d+) packets received by filter, 0 packets dropped/.exec(
      live.stderr,
    );
    const [captured, received] = (said ?? []).slice(1).map(Number);
    // a frame may arrive between the end and the closing of the handle: bridges and IPv6 send some by themselves
    expect(captured).toBeGreaterThanOrEqual(live.pairs.length);
    expect(captured).toBeLessThanOrEqual(received);

    expect(new Set(interfacesOf(path))).toEqual(new Set(BOTH));
    expect(twins(await pairsOfFiles(folder))).toEqual(twins(live.pairs));
    // read back as it is, it has the same frames and flows; without the rules of the host, which it holds
    const file = await filed(path, "--inside", "docker0", "--outside", "enp0s3", "--host", "off");
    for (const type of ["header", "pair", "ambiguous", "flow"])
      expect(linesOf(file, type)).toEqual(linesOf(live.stdout, type));
    expect(linesOf(file, "pair").length).toBeGreaterThan(30);
  });

  it("judges what never comes out, without further packets, and names in the end the rule whose counter moved", async () => {
    await lab.run("dhost", "iptables", "-I", "FORWARD", "-p", "udp", "--dport", "5555", "-j", "DROP");
    try {
      const live = await lab.live(...BOTH, "--format", "ndjson", "--window", "300ms", "udp or icmp");
      await ping(1);
      await lab.run("c1", "bash", "-c", `echo lost > /dev/udp/${PUBLIC}/5555`);
      await live.hasSaid(/"verdict":"dropped"/);
      await live.interrupt();
      expect(live.lines.filter(({ type }) => type === "unmatched")).toMatchObject([{ side: "inside", dstPort: 5555 }]);
      expect(live.lines.filter(({ code }) => code?.startsWith("drop-"))).toMatchObject([
        { code: "drop-rule", count: 1, counted: 1, rule: "-A FORWARD -p udp -m udp --dport 5555 -j DROP" },
      ]);
    } finally {
      await lab.run("dhost", "iptables", "-D", "FORWARD", "1");
    }
  });

  it("names in the end the rule that rejects what was refused", async () => {
    const rule = ["FORWARD", "-p", "udp", "-m", "udp", "--dport", "5556", "-j", "REJECT", "--reject-with"];
    await lab.run("dhost", "iptables", "-I", ...rule, "icmp-admin-prohibited");
    try {
      const live = await lab.live(...BOTH, "--format", "ndjson", "udp");
      await lab.run("c1", "bash", "-c", `echo refused > /dev/udp/${PUBLIC}/5556`);
      await live.hasSaid(/"verdict":"refused"/);
      await live.interrupt();
      expect(live.lines.filter(({ code }) => code?.startsWith("drop-"))).toMatchObject([
        { code: "drop-rule", count: 1, counted: 1, rule: `-A ${rule.join(" ")} icmp-admin-prohibited` },
      ]);
    } finally {
      await lab.run("dhost", "iptables", "-D", "FORWARD", "1");
    }
  });

  it("names the rule that keeps two containers of one bridge apart", async () => {
    const rule = ["FORWARD", "-i", "docker0", "-o", "docker0", "-j", "DROP"];
    await lab.run("dhost", "iptables", "-I", ...rule);
    try {
      const live = await lab.live(...BOTH, "--format", "ndjson");
      await ping(1);
      await live.hasSaid(/"pair"/);
      const called = lab.start("c1", "busybox", "wget", "-q", "-O", "/dev/null", "http://172.17.0.2/1k");
      await live.hasSaid(/"dstPort":80/);
      await called.interrupt();
      await live.interrupt();
      const grounds = live.lines.filter(({ code }) => code === "drop-rule");
      expect(grounds.map(({ rule: named }) => named)).toEqual([`-A ${rule.join(" ")}`]);
    } finally {
      await lab.run("dhost", "iptables", "-D", ...rule);
    }
  });

  it.each(["SIGINT", "SIGKILL"] as const)(
    "names the rule that the kernel shows to have stopped a packet, and leaves none of its own behind: %s",
    async (signal) => {
      await lab.run("dhost", "iptables", "-I", "FORWARD", "-p", "udp", "--dport", "5555", "-j", "DROP");
      const rules = (): Promise<string> => lab.run("dhost", "nft", "list", "ruleset");
      try {
        const live = await lab.live(...BOTH, "--format", "ndjson", ...TRACED);
        expect(await rules()).toContain("table inet natcorr_");
        // somebody listens by the time that it captures
        expect(await tracers()).toBe(1);
        await ping(1);
        for (let count = 0; count < LOST; count++) {
          await lab.run("c1", "bash", "-c", `echo lost > /dev/udp/${PUBLIC}/5555`);
          await sleep(100);
        }
        await live.hasSaid(new RegExp(`(?:"verdict":"dropped"[^]*){${LOST}}`));
        live.signal(signal);
        await live.ended;
        // the kernel tells of all its drops, those in other tests' namespaces too: near one of theirs, ours are counted and not a reason
        const told = live.lines.filter(({ code }) => code === "drop-reason" || code === "kernel-drops");
        expect(told.some(({ text }) => /NETFILTER_DROP/.test(text ?? ""))).toBe(signal === "SIGINT");
        expect(live.lines.some(({ code }) => code === "trace-unread")).toBe(false);
        const dropped = live.lines.filter(({ verdict }) => verdict === "dropped");
        const each = { dstPort: 5555, reason: "rule", rule: "ip filter FORWARD udp dport 5555 drop" };
        expect(dropped).toMatchObject(Array.from({ length: LOST }, () => each));
        while ((await rules()).includes("natcorr_")) await sleep(10);
      } finally {
        await lab.run("dhost", "iptables", "-D", "FORWARD", "1");
      }
    },
  );

  it.each([
    ["a filter", () => ["udp", "dst", "port", "5555"], /udp dport 5555 /],
    ["containers", () => ["--host", hostOf("web"), "--container", "web"], /tcp dport 8[08] /],
  ] as const)("has the kernel trace no more than what %s select", async (_, options, what) => {
    const rules = [
      ["FORWARD", "-p", "udp", "--dport", "5555:5556", "-j", "DROP"],
      ["FORWARD", "-p", "tcp", "-d", "172.17.0.2", "-j", "DROP"],
    ];
    for (const rule of rules) await lab.run("dhost", "iptables", "-I", ...rule);
    try {
      const live = await lab.live(...BOTH, "--format", "ndjson", ...TRACED, ...options());
      const witness = lab.start("dhost", "nft", "monitor", "trace");
      // natcorr's own, and the witness
      while ((await tracers()) < 2) await sleep(20);
      await ping(1);
      for (const port of [5556, 5555]) await lab.run("c1", "bash", "-c", `echo lost > /dev/udp/${PUBLIC}/${port}`);
      const called = lab.start("wan", "busybox", "wget", "-q", "-O", "/dev/null", "http://10.0.2.15:88/1k");
      await live.hasSaid(/"verdict":"dropped".*"reason":"rule"/);
      await called.interrupt();
      await live.interrupt();
      await witness.interrupt();
      const traced = witness.stdout.split("\n").filter((line) => line.includes(" packet: "));
      expect(traced.length).toBeGreaterThan(0);
      expect(traced.filter((line) => !what.test(line))).toEqual([]);
    } finally {
      for (const rule of rules) await lab.run("dhost", "iptables", "-D", ...rule);
    }
  });

  /** How many listen to the kernel's traces on the host: of NETLINK_NETFILTER, to NFNLGRP_NFTRACE (linux/netlink.h, linux/netfilter/nfnetlink.h). */
  const tracers = async (): Promise<number> => {
    const sockets = (await lab.run("dhost", "cat", "/proc/net/netlink")).split("\n");
    const listening = sockets.filter((socket) => {
      const [, protocol, , groups = ""] = socket.trim().split(/\s+/);
      return protocol === "12" && (Number.parseInt(groups, 16) & (1 << 8)) !== 0;
    });
    return listening.length;
  };

  /** A snapshot that says that a container has 172.17.0.2, and port 88 of the host's. */
  const hostOf = (name: string): string => {
    const published = [{ proto: "tcp", hostAddress: "0.0.0.0", hostPort: 88, containerPort: 80 }];
    const networks = [{ network: "bridge", addresses: ["172.17.0.2"] }];
    const containers = [{ id: name, name, networkMode: "bridge", networks, published, labels: {} }];
    const interfaces = [{ ifname: "enp0s3", addr_info: [{ local: "10.0.2.15" }] }];
    const path = join(folder, `${name}.json`);
    const snapshot = {
      format: "natcorr-snapshot",
      version: 1,
      time: "1.000000000",
      docker: { containers },
      interfaces,
    };
    writeFileSync(path, JSON.stringify(snapshot));
    return path;
  };

  it("has conntrack's word for each translation, and on no others", async () => {
    await ping(1);
    const live = await lab.live(...BOTH, "--format", "ndjson", "--conntrack", "live");
    await ping(3);
    await download("c1", `http://${PUBLIC}/20k`);
    await download("wan", "http://10.0.2.15:88/20k");
    expect(await live.interrupt()).toBe(0);
    const flows = live.lines.filter(({ type }) => type === "flow");
    expect(flows.length).toBeGreaterThanOrEqual(3);
    const findings = live.lines.filter(({ code }) => code?.startsWith("conntrack"));
    expect(findings.map(({ code, count }) => [code, count])).toEqual([["conntrack", flows.length]]);
  });

  it("names a conversation whose entry was deleted while it went on", async () => {
    // what conntrack lists before it deletes must not time out meanwhile
    await lab.run("dhost", "conntrack", "-F");
    const live = await lab.live(...BOTH, "--format", "ndjson", "--conntrack", "live");
    const pinging = lab.run("c1", "ping", "-c", "10", "-i", "0.3", PUBLIC);
    await live.hasSaid(/"seq":6/);
    await lab.run("dhost", "conntrack", "-D", "-p", "icmp");
    await pinging;
    expect(await live.interrupt()).toBe(0);
    expect(live.lines.filter(({ code }) => code === "conntrack-deleted")).toMatchObject([{ count: 1 }]);
  });

  it("names conversations whose entry timed out while they went on, and those whose answers conntrack took for none", async () => {
    const timeout = "net.netfilter.nf_conntrack_icmp_timeout";
    const untracked = ["PREROUTING", "-i", "enp0s3", "-p", "udp", "--sport", "4445", "-j", "CT", "--notrack"];
    const echo = lab.start("wan", process.execPath, TRAFFIC, "echo", PUBLIC, "4445");
    await lab.run("dhost", "sysctl", "-qw", `${timeout}=1`);
    await lab.run("dhost", "iptables", "-t", "raw", "-A", ...untracked);
    try {
      while (!(await lab.run("wan", "ss", "-Hlun", "sport = :4445")).includes(":4445")) await sleep(20);
      const live = await lab.live(...BOTH, "--format", "ndjson", "--conntrack", "live");
      // conntrack lets go of what is over when it comes across it: an answer finds its entry gone, or a new one
      await lab.run("c2", "ping", "-q", "-c", "3", "-i", "3", PUBLIC);
      await lab.run("c1", process.execPath, TRAFFIC, "udp", PUBLIC, "4445", "--from", "6002", "--count", "3");
      await live.hasSaid(/"srcPort":4445.*"verdict"/);
      await live.interrupt();
      const ofCode = (wanted: string): Line[] => live.lines.filter(({ code }) => code === wanted);
      expect(ofCode("conntrack-timed-out")).toMatchObject([
        { count: 1, text: expect.stringMatching(/: icmp 172\.17\.0\.\d+ > 180/) },
      ]);
      expect(ofCode("conntrack-unreplied")).toMatchObject([
        { count: 1, text: expect.stringMatching(/: udp 172\.17\.0\.\d+\.6002 > 180\.101\.49\.11\.4445$/) },
      ]);
    } finally {
      await lab.run("dhost", "iptables", "-t", "raw", "-D", ...untracked);
      await lab.run("dhost", "sysctl", "-qw", `${timeout}=30`);
      await echo.interrupt();
    }
  });

  it("names the rule by which conntrack leaves alone what left as it came, and misses no entry of that", async () => {
    const untracked = [
      "PREROUTING",
      "-i",
      "docker0",
      "-p",
      "udp",
      "-m",
      "udp",
      "--dport",
      "4446",
      "-j",
      "CT",
      "--notrack",
    ];
    await lab.run("dhost", "iptables", "-t", "raw", "-A", ...untracked);
    try {
      const live = await lab.live(
        ...BOTH,
        "--format",
        "ndjson",
        "--conntrack",
        "live",
        "--rules",
        "live",
        "udp or icmp",
      );
      await ping(2);
      await lab.run("c1", process.execPath, TRAFFIC, "udp", PUBLIC, "4446", "--count", "3");
      await ping(2);
      await live.interrupt();
      const flows = live.lines.filter(({ type, nat }) => type === "flow" && nat === "none");
      expect(flows).toMatchObject([{ proto: "udp", rule: `-A ${untracked.join(" ")}` }]);
      expect(live.lines.filter(({ code }) => code === "conntrack-missing")).toEqual([]);
    } finally {
      await lab.run("dhost", "iptables", "-t", "raw", "-D", ...untracked);
    }
  });

  it.each([[[]], [["-Z", "nobody"]]])("knows rules that are made meanwhile, with %j", async (options) => {
    const rule = "PREROUTING -d 10.0.2.15/32 -p tcp -m tcp --dport 99 -j DNAT --to-destination 172.17.0.2:80";
    // another user writes it, with -Z
    const open = mkdtempSync(join(tmpdir(), "natcorr-rules-"));
    chmodSync(open, 0o777);
    const path = join(open, "both.pcapng");
    const live = await lab.live(...BOTH, "--format", "ndjson", "--rules", "live", "-w", path, ...options);
    try {
      await lab.run("dhost", "iptables", "-t", "nat", "-A", ...rule.split(" "));
      // it is kept there once it was read
      while (!existsSync(path) || !readFileSync(path).includes(`-A ${rule}`)) await sleep(20);
      await download("wan", "http://10.0.2.15:99/20k");
      await download("c1", `http://${PUBLIC}/20k`);
      expect(await live.interrupt()).toBe(0);
    } finally {
      await lab.run("dhost", "iptables", "-t", "nat", "-D", ...rule.split(" "));
      rmSync(open, { recursive: true });
    }
    const rules = live.lines.flatMap(({ type, rule: named }) =>
      type === "flow" && named !== undefined ? [named] : [],
    );
    expect(rules).toContain(`-A ${rule}`);
    expect(rules).toContain("-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE");
    expect(live.lines.filter(({ code }) => code === "rule-missing" || code === "rules-unread")).toEqual([]);
  });
});

const stampNs = ({ time }: Line["inside"]): bigint => BigInt(time.replace(".", ""));

/** Pairs that `natcorr file` finds in the two captures of a folder. */
async function pairsOfFiles(folder: string): Promise<Line[]> {
  const captures = [join(folder, "inside.pcap"), join(folder, "outside.pcap")];
  const stdout = await filed("--clock-offset", "none", ...captures);
  return linesOf(stdout, "pair").map((line): Line => JSON.parse(line));
}

/** The lines of one type, sorted: a live run does not wait as long as a file's to show pairs in order of time. */
function linesOf(stdout: string, type: string): string[] {
  return stdout
    .split("\n")
    .filter((line) => line.startsWith(`{"type":"${type}"`))
    .sort();
}

/** Pairs by what does not depend on how frames and flows are numbered. */
function twins(pairs: readonly Line[]): string[] {
  return pairs
    .map(({ inside, outside, direction, nat, latencyNs }) =>
      [inside.time, outside.time, direction, nat, latencyNs].join(" "),
    )
    .sort();
}
