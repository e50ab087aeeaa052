import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it, vi } from "vitest";
import { followTrace } from "../../src/asking/follow-trace.js";
import { Trace } from "../../src/host/trace/trace.js";
import { scratch } from "../support/scratch.js";

let cases = 0;
afterEach(() => void vi.unstubAllEnvs());

/** Puts an nft first on the path that prints these lines of a trace, and answers what it is told by this, in a folder of its own, which is given. */
function pretend(trace: string, answer: string): string {
  const folder = scratch(`nft-${cases++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "trace"), trace);
  const script = `#!/bin/sh\ncd ${folder}\ncase $1 in\nmonitor) echo $$ >pid; cat trace; exec sleep 60 ;;\n-i) ${answer} ;;\nesac\n`;
  writeFileSync(join(folder, "nft"), script);
  chmodSync(join(folder, "nft"), 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  return folder;
}

const ARRIVAL = { ends: { src: "172.17.0.2", dst: "10.0.2.2" }, ttl: 64, length: 84, ipId: 7 };
const LINES =
  'trace id 1 ip raw PREROUTING packet: iif "docker0" ip saddr 172.17.0.2 ip daddr 10.0.2.2 ip ttl 64 ip id 7 ip length 84\n' +
  "trace id 1 ip filter FORWARD policy drop\n";

const DOCKER0 = [{ name: "docker0", rules: ['iifname "docker0"'] }];

async function until<T>(found: () => T | undefined): Promise<T> {
  for (;;) {
    const value = found();
    if (value !== undefined) return value;
    await sleep(5);
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("has packets traced that come in by the interfaces, reads what the kernel tells, and ends nft when it is stopped", async () => {
  const folder = pretend(
    LINES,
    'while read -r line; do echo "$line" >>told; case $line in list*) echo "$line" ;; esac; done',
  );
  const trace = new Trace({ isLive: true });
  const { select, stop } = await followTrace(trace, [
    { name: "docker0", rules: ['iifname "docker0" udp', 'iifname "docker0" icmp'] },
    { name: "enp0s3", rules: ['iifname "enp0s3"'] },
  ]);
  const told = readFileSync(join(folder, "told"), "utf8");
  expect(told).toMatch(
    /^add table inet natcorr_\d+ \{ flags owner; set .* chain prerouting \{ .*\}; \}\nlist table inet natcorr_\d+\n$/,
  );
  for (const at of [0, 1])
    expect(told).toContain(`chain traced${at} { limit rate 100/second burst 100 packets meta nftrace set 1; };`);
  expect(told).toContain(
    ' iifname "docker0" udp goto traced0; iifname "docker0" icmp goto traced0; iifname "enp0s3" goto traced1; };',
  );
  select({
    addresses: ["172.17.0.2", "fd00:17::2", "172.17.0.2", "; flush ruleset"],
    ports: [
      { proto: "tcp", port: 88 },
      { proto: "}", port: 1 },
    ],
  });
  const selected = await until(() => /^flush .*\n/m.exec(readFileSync(join(folder, "told"), "utf8"))?.[0]);
  expect(selected.replaceAll(/natcorr_\d+/g, "own")).toBe(
    "flush set inet own addresses4; add element inet own addresses4 { 172.17.0.2 }; " +
      "flush set inet own addresses6; add element inet own addresses6 { fd00:17::2 }; " +
      "flush set inet own ports; add element inet own ports { tcp . 88 }\n",
  );
  expect(await until(() => trace.stopOf(ARRIVAL))).toMatchObject({ rule: "ip filter FORWARD policy drop" });
  const pid = Number(await until(() => readFileSync(join(folder, "pid"), "utf8").trim() || undefined));
  expect(isAlive(pid)).toBe(true);
  stop();
  await until(() => (isAlive(pid) ? undefined : true));
});

it("says that nft's monitor ended, where natcorr did not end it", async () => {
  const answer = 'while read -r line; do case $line in list*) echo "$line" ;; esac; done';
  const folder = pretend(LINES, answer);
  const trace = new Trace({ isLive: true });
  const { stop } = await followTrace(trace, DOCKER0);
  process.kill(Number(await until(() => trace.stopOf(ARRIVAL) && readFileSync(join(folder, "pid"), "utf8"))));
  expect(await until(() => trace.end().at(0))).toMatchObject({ code: "trace-unread" });
  stop();
});

it("says why packets cannot be traced", async () => {
  pretend("", "echo 'Error: Could not process rule: Operation not permitted' >&2; read -r _");
  await expect(followTrace(new Trace({ isLive: true }), DOCKER0)).rejects.toThrow(
    "packets cannot be traced (Error: Could not process rule: Operation not permitted): as root, with 'apt install nftables'",
  );
  await expect(followTrace(new Trace({ isLive: true }), [{ name: 'a";', rules: [] }])).rejects.toThrow(
    /of 'a";' cannot be traced/,
  );
  vi.stubEnv("PATH", scratch("nothing"));
  await expect(followTrace(new Trace({ isLive: true }), DOCKER0)).rejects.toThrow(/cannot be traced \(.*not found/);
});
