import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { checkFixture } from "../../scripts/lab/truth.js";
import { notesIn } from "../../src/capture/notes.js";
import { filed } from "../support/natcorr.js";
import { recordsIn } from "../support/page.js";
import { KINDS, Lab, type Line, type Running, skips } from "./lab.js";
import { interfacesOf, renumbered, split } from "./split.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const { version: VERSION }: { version: string } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);
const TRAFFIC = fileURLToPath(new URL("../../scripts/lab/traffic.mjs", import.meta.url));
const PUBLIC = "180.101.49.11";
const BOTH = ["docker0", "enp0s3"] as const;
/** So many datagrams are dropped where the kernel is to tell why. */
const LOST = 5;
/** What a trace says of a packet is heard within the window, on a busy machine as well. */
const TRACED = ["--trace", "live", "--window", "3s"];
const ONLY_ICMP = ["--inside-filter", "icmp", "--outside-filter", "icmp"];

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

  it("shows pairs as they are found, and both names above them", async () => {
    const live = await lab.live(...BOTH, "--width", "200");
    await ping(1);
    await live.hasSaid(/ICMP echo reply, seq 1/);
    expect(live.stdout).toMatch(/^time +latency +inside → outside/);
    expect(await live.interrupt()).toBe(0);
    expect(live.stdout).toMatch(/1 translation[^]*\nTotals: inside docker0, outside enp0s3\n/);
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
        while ((await tracers()) === 0) await sleep(20);
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

  it("shows what a filter selects, and counts what the kernel was told to keep of each side", async () => {
    const capture = ["--inside-filter", "icmp or tcp", "--outside-filter", "icmp[0] != 0"];
    const live = await lab.live(...BOTH, "--format", "ndjson", ...capture, "icmp", "or", "arp");
    await ping(2);
    await download("c1", `http://${PUBLIC}/1k`);
    await live.hasSaid(/"seq":2/);
    await live.interrupt();
    expect(live.pairs.map(({ proto, direction }) => [proto, direction])).toEqual([
      ["icmp", "outbound"],
      ["icmp", "outbound"],
    ]);
    const alone = live.lines.filter(({ type }) => type === "unmatched");
    expect(alone.map(({ proto, side }) => [proto, side])).toEqual([
      ["icmp", "inside"],
      ["icmp", "inside"],
    ]);
    // the download is not shown, but it was captured on the inside
    expect(live.summary?.totals.inside.unmatched).toBeGreaterThan(2);
    expect(live.summary?.totals.outside).toMatchObject({ paired: 2, notIp: 0 });
  });

  it("ends by itself after --count pairs, and after --duration", async () => {
    const counted = await lab.live(...BOTH, "--format", "ndjson", "-c", "3");
    await ping(3);
    expect(await counted.ended).toBe(0);
    expect(counted.pairs).toHaveLength(3);
    const timed = await lab.live(...BOTH, "-q", "--duration", "200ms", "--clock-offset", "1s");
    expect(await timed.ended).toBe(0);
    expect(timed.stdout).toContain("No translation was seen.");
    expect(timed.stderr).toContain("--clock-offset is wrong: one clock stamps all interfaces");
  });

  it("prints the totals on SIGUSR1, and goes on", async () => {
    const live = await lab.live(...BOTH, "--format", "ndjson");
    await ping(1);
    await live.hasSaid(/"pair"/);
    live.signal("SIGUSR1");
    await live.hasSaid(/clocks:/);
    expect(live.stderr).toMatch(/Totals: inside docker0, [^]*\ninside +\d+ +=/);
    expect(live.summary).toBeUndefined();
    await ping(2);
    expect(await live.interrupt()).toBe(0);
    expect(live.pairs).toHaveLength(6);
  });

  it("refreshes the translations in place on a terminal", async () => {
    const command = [process.execPath, MAIN, "live", ...BOTH, "-q"].join(" ");
    const live = lab.start("dhost", "script", "-qec", `echo pid $$; exec ${command}`, "/dev/null");
    await live.hasSaid(/capturing on/);
    await ping(5);
    // so many lines up, and everything below erased
    const paintings = (): string[] => live.stdout.replaceAll(/\[\d+A\r/g, "[up]").split("\u001B[up]\u001B[J");
    const showing = (): number => paintings().filter((painting) => painting.includes("1 translation")).length;
    while (showing() < 2) await sleep(20);
    process.kill(Number(/pid (\d+)/.exec(live.stdout)?.[1]), "SIGINT");
    expect(await live.ended).toBe(0);
    expect(paintings().at(-2)).toMatch(/1 translation[^]*as seen there[^]*Totals/);
    expect(paintings().at(-1)).toMatch(/docker0: \d+ packets captured[^]*1 translation[^]*Totals/);
  });

  it.each(["SIGHUP", "SIGTERM"] as const)(
    "ends with totals on %s, and all that was captured is in the file",
    async (name) => {
      const path = join(folder, "signalled.pcapng");
      const live = await lab.live(...BOTH, "-q", "-w", path, ...ONLY_ICMP);
      await ping(7);
      live.signal(name);
      expect(await live.ended).toBe(0);
      expect(live.stdout).toMatch(/1 translation[^]*Totals/);
      expect(interfacesOf(path)).toHaveLength(28);
    },
  );

  it("keeps all that was captured when its terminal is closed while it shows packets", async () => {
    const path = join(folder, "hungup.pcapng");
    const code = join(folder, "hungup.code");
    const command = [process.execPath, MAIN, "live", ...BOTH, "-w", path, ...ONLY_ICMP].join(" ");
    // the shell is hung up, too, and stays to tell
    const script = `trap : HUP; ${command}; echo $? > ${code}`;
    const live = lab.start("dhost", "script", "-qec", script, "/dev/null");
    await live.hasSaid(/capturing on/);
    const traffic = lab.start("c1", "ping", "-q", "-i", "0.01", PUBLIC);
    await live.hasSaid(/echo reply 9/);
    live.signal("SIGKILL");
    while (!existsSync(code) || readFileSync(code, "utf8") === "") await sleep(20);
    await traffic.interrupt();
    expect(readFileSync(code, "utf8")).toBe("0\n");
    expect(interfacesOf(path).length).toBeGreaterThanOrEqual(9 * 4);
  });

  it("gives up root for another user, who then owns the file", async () => {
    const open = mkdtempSync(join(tmpdir(), "natcorr-open-"));
    execFileSync("chmod", ["777", open]);
    const path = join(open, "both.pcapng");
    const live = await lab.live(...BOTH, "-q", "-Z", "nobody", "-w", path);
    await ping(1);
    expect(await live.interrupt()).toBe(0);
    expect(statSync(path).uid).not.toBe(0);
    expect(interfacesOf(path)).toContain("docker0");
    const snapshots: { rules: object; missing: readonly { source: string }[] }[] = [];
    for await (const note of notesIn(path)) snapshots.push(JSON.parse(note));
    // what only root may read is in the last one as in the first, but for whose process holds a port
    const [first, last] = [snapshots[0], snapshots.at(-1)].map(
      (each) =>
        each && [
          Object.keys(each.rules),
          each.missing.flatMap(({ source }) => (source === "docker-proxy" ? [] : [source])),
        ],
    );
    expect([snapshots.length > 1, first?.[0]]).toEqual([true, expect.arrayContaining(["iptables", "nft"])]);
    expect(last).toEqual(first);
    rmSync(open, { recursive: true });
  });

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
      while (!readFileSync(path).includes(`-A ${rule}`)) await sleep(20);
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

  it.each([
    ["SIGINT", []],
    ["SIGTERM", ["-Z", "nobody"]],
    ["SIGKILL", ["-Z", "nobody"]],
  ] as const)("conntrack ends with it, after %s %s", async (signal, options) => {
    const live = await lab.live(...BOTH, "-q", "--conntrack", "live", ...options);
    expect(lab.running("dhost", "conntrack")).toBe(1);
    live.signal(signal);
    await live.ended;
    while (lab.running("dhost", "conntrack") > 0) await sleep(20);
  });

  it("refuses an interface that does not exist, with those that do, and conntrack ends with it", async () => {
    const live = await lab.live("docker0", "enp0s33", "--conntrack", "live");
    expect(await live.ended).toBe(1);
    expect(live.stderr).toMatch(/^natcorr: enp0s33: there is no such interface; there are .*enp0s3/);
    while (lab.running("dhost", "conntrack") > 0) await sleep(20);
  });

  it("lists the interfaces with their addresses", async () => {
    const listed = await lab.run("dhost", process.execPath, MAIN, "interfaces");
    expect(listed).toMatch(/^enp0s3 +up +10\.0\.2\.15 /m);
  });

  describe("where something goes wrong", () => {
    it("ends with totals when an interface is removed", async () => {
      await lab.run("dhost", "ip", "link", "add", "gone0", "type", "veth", "peer", "name", "gone1");
      for (const end of ["gone0", "gone1"]) await lab.run("dhost", "ip", "link", "set", end, "up");
      const path = join(folder, "gone.pcapng");
      const live = await lab.live("docker0", "gone0", "--format", "ndjson", "-w", path);
      await ping(2);
      await lab.run("dhost", "ip", "link", "del", "gone0");
      expect(await live.ended).toBe(1);
      expect(live.stderr).toMatch(/natcorr: gone0: .*the run ends here/);
      expect(live.stderr).toMatch(/docker0: \d+ packets captured/);
      expectAccounted(live);
      expect(interfacesOf(path)).toContain("docker0");
    });

    it("ends with totals and a readable file when the disk is full", async () => {
      const disk = mkdtempSync(join(tmpdir(), "natcorr-disk-"));
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]);
      try {
        const path = join(disk, "both.pcapng");
        const live = await lab.live(...BOTH, "--format", "ndjson", "-w", path);
        const flood = lab.start("c1", "ping", "-q", "-f", "-c", "3000", "-s", "1000", PUBLIC);
        expect(await live.ended).toBe(1);
        await flood.interrupt();
        expect(live.stderr.match(/cannot be written/g)).toHaveLength(1);
        const said = live.stderr.replaceAll("\n    ", " ");
        const [, frames] = /cannot be written any further: .*frames 1 to (\d+) are in it/.exec(said) ?? [];
        expect(interfacesOf(path)).toHaveLength(Number(frames));
        expectAccounted(live);
      } finally {
        execFileSync("umount", [disk]);
        rmSync(disk, { recursive: true });
      }
    });

    it("captures on while nobody reads what it prints, as behind a pager", async () => {
      const path = join(folder, "unread.pcapng");
      const gate = join(folder, "gate");
      execFileSync("mkfifo", [gate]);
      const script = '"$@" | { read -r _ <"$0"; cat; }';
      const options = ["--format", "ndjson", "-c", "2010", "-w", path, "--host", "off", ...ONLY_ICMP];
      const command = [process.execPath, MAIN, "live", ...BOTH, ...options];
      const live = lab.start("dhost", "bash", "-c", script, gate, ...command);
      await live.hasSaid(/capturing on/);
      // the lines of these are more than a pipe holds
      await lab.run("c1", "ping", "-q", "-f", "-c", "1000", PUBLIC);
      await ping(5);
      while (statSync(path).size < 1005 * 4 * 132) await sleep(20);
      expect(live.stdout).toBe("");
      writeFileSync(gate, "\n");
      expect(await live.ended).toBe(0);
      expect(live.pairs).toHaveLength(2010);
    });

    it("leaves a readable file when it is killed", async () => {
      const path = join(folder, "killed.pcapng");
      const live = await lab.live(...BOTH, "-q", "-w", path, "--host", "off", ...ONLY_ICMP);
      await ping(3);
      // a ping's frame takes 132 bytes there
      while (statSync(path).size < 12 * 132) await sleep(20);
      live.signal("SIGKILL");
      expect(await live.ended).toBeNull();
      expect(interfacesOf(path)).toHaveLength(12);
      const file = await filed(path, "--inside", "docker0", "--outside", "enp0s3");
      expect(linesOf(file, "pair")).toHaveLength(6);
    });

    it("ends when nobody reads its output any more", async () => {
      const script = '"$@" | head -n 2; echo "exit ${PIPESTATUS[0]}"';
      const live = lab.start("dhost", "bash", "-c", script, "bash", process.execPath, MAIN, "live", ...BOTH);
      await live.hasSaid(/capturing on/);
      const traffic = lab.start("c1", "ping", "-q", "-i", "0.1", PUBLIC);
      await live.ended;
      await traffic.interrupt();
      expect(live.stdout).toMatch(/^time[^]*echo request[^]*exit 0\n$/);
      expect(live.stderr).not.toContain("    at ");
    });

    it("ends with everything accounted for on SIGINT in the middle of a flood", async () => {
      const live = await lab.live(...BOTH, "--format", "ndjson", ...ONLY_ICMP);
      const flood = lab.start("c1", "ping", "-q", "-f", PUBLIC);
      while ((live.stdout.match(/"pair"/g) ?? []).length < 1000) await sleep(20);
      expect(await live.interrupt()).toBe(0);
      await flood.interrupt();
      expectAccounted(live);
      // what was on its way when the capture ended may be alone, its twin missed; nothing else is
      const alone = live.lines.filter(({ type }) => type === "unmatched");
      expect(alone.filter(({ reason }) => reason !== "ended" && reason !== "capture-edge")).toEqual([]);
    });
  });
});

const stampNs = ({ time }: Line["inside"]): bigint => BigInt(time.replace(".", ""));

/** Every frame is in exactly one of the columns. */
function expectAccounted(live: Running): void {
  for (const side of ["inside", "outside"] as const) {
    const counts = live.summary?.totals[side];
    if (counts === undefined) throw new Error(`no summary: ${live.stderr}`);
    const { paired, unmatched, ambiguous, notIp, undecodable } = counts;
    expect(counts.frames).toBe(paired + unmatched + ambiguous + notIp + undecodable);
  }
}

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
