/** What is about the process of a live run: its end, signals, terminals, users, files. How a lab's packets are translated is nothing to that: one lab will do. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { notesIn } from "../../src/capture/notes.js";
import { filed } from "../support/natcorr.js";
import { BOTH, Lab, ONLY_ICMP, PUBLIC, type Running, skips } from "./lab.js";
import { interfacesOf } from "./split.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

describe.skipIf(skips)("the process of natcorr live", () => {
  let lab: Lab;
  let folder: string;

  beforeAll(() => {
    lab = new Lab("plain");
    folder = mkdtempSync(join(tmpdir(), "natcorr-process-"));
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

  it("shows pairs as they are found, and both names above them", async () => {
    const live = await lab.live(...BOTH, "--width", "200");
    await ping(1);
    await live.hasSaid(/ICMP echo reply, seq 1/);
    expect(live.stdout).toMatch(/^time +latency +inside → outside/);
    expect(await live.interrupt()).toBe(0);
    expect(live.stdout).toMatch(/1 translation[^]*\nTotals: inside docker0, outside enp0s3\n/);
  });

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

  it.each([
    ["SIGINT", []],
    ["SIGTERM", ["-Z", "nobody"]],
    ["SIGKILL", ["-Z", "nobody"]],
  ] as const)("conntrack ends with it, after %s %s", async (signal, options) => {
    const live = await lab.live(...BOTH, "-q", "--conntrack", "live", ...options);
    // on a busy machine, the shell that begins it may have listed entries before
    while (lab.running("dhost", "conntrack") < 1) await sleep(20);
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
      expect(file.match(/^\{"type":"pair"/gm)).toHaveLength(6);
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

    it("ends with totals on a Ctrl-C that comes twice, as npx and timeout send theirs beside the terminal's", async () => {
      // it asks the host once more before it ends
      const live = await lab.live(...BOTH, "--format", "ndjson", "-w", join(folder, "twice.pcapng"));
      await ping(2);
      live.signal("SIGINT");
      await sleep(5);
      expect(await live.interrupt()).toBe(0);
      expectAccounted(live);
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

/** Every frame is in exactly one of the columns. */
function expectAccounted(live: Running): void {
  for (const side of ["inside", "outside"] as const) {
    const counts = live.summary?.totals[side];
    if (counts === undefined) throw new Error(`no summary: ${live.stderr}`);
    const { paired, unmatched, ambiguous, notIp, undecodable } = counts;
    expect(counts.frames).toBe(paired + unmatched + ambiguous + notIp + undecodable);
  }
}
