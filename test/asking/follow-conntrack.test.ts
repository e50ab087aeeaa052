import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it, vi } from "vitest";
import { type ConntrackFollower, followConntrack } from "../../src/asking/follow-conntrack.js";
import { ConntrackTable } from "../../src/host/conntrack-table.js";
import { scratch } from "../support/scratch.js";

let follower: ConntrackFollower | undefined;
let cases = 0;
afterEach(() => {
  follower?.stop();
  vi.unstubAllEnvs();
});

const entry = (port: number): string =>
  `udp 17 30 src=172.17.0.3 dst=10.0.2.2 sport=${port} dport=53 src=10.0.2.2 dst=10.0.2.15 sport=53 dport=${port}`;

/** Puts a conntrack first on the path that runs these, by what it is asked, in a folder of its own, which is given. */
function pretend(events: string, list: string): string {
  const folder = scratch(`conntrack-${cases++}`);
  mkdirSync(folder);
  const script = `#!/bin/sh\ncd ${folder}\ncase $1 in\n-E) echo $$ >pid; ${events} ;;\n-L) echo "$@" >>asked; ${list} ;;\nesac\n`;
  writeFileSync(join(folder, "conntrack"), script);
  chmodSync(join(folder, "conntrack"), 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  return folder;
}

/** Waits until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("reads what there is, of both IP versions, and what comes; ends conntrack when it is stopped", async () => {
  const folder = pretend(`echo '[1700000000.000000] [NEW] ${entry(1)}'; exec sleep 60`, `echo '${entry(2)}'`);
  const table = new ConntrackTable({ isLive: true });
  follower = await followConntrack(table);
  await until(() => table.size === 2);
  expect(readFileSync(join(folder, "asked"), "utf8")).toBe("-L -f ipv4\n-L -f ipv6\n");
  expect(table).toMatchObject({ unread: 0, hearing: { answers: 1, losses: 0, cutOffBy: "" } });
  const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
  expect(isAlive(pid)).toBe(true);
  follower.stop();
  await until(() => !isAlive(pid));
  expect(table.hearing.cutOffBy).toBe("");
});

/** A statement of awk's that prints an event of the i-th conversation. */
const printing = (kind: string): string =>
  `printf "[%d.%03d000] [${kind}] ${entry(7).replaceAll("=7 ", "=%d ").replace(/=7$/, "=%d")}\\n", 1700000000 + i / 1000, i % 1000, 1 + i % 60000, 1 + i % 60000`;

it("of many events, it holds what lives", async () => {
  // 20,000 conversations, a millisecond apart, each of which ends when the next begins
  pretend(
    `awk 'BEGIN { for (i = 0; i < 20000; i++) { ${printing("NEW")}; ${printing("DESTROY")} } }'; exec sleep 60`,
    "true",
  );
  const table = new ConntrackTable({ isLive: true });
  let [letGo, most] = [0, 0];
  table.onLetGo(() => {
    letGo++;
    most = Math.max(most, table.size);
  });
  follower = await followConntrack(table);
  await until(() => letGo + table.size === 20_000);
  expect([table.unread, table.hearing.untaken]).toEqual([0, 0]);
  expect(most).toBeLessThan(11_500);
});

it("hears that events are lost, and asks for the table anew", async () => {
  const warning =
    "WARNING: We have hit ENOBUFS! We are losing events.\\nThis message means that the current netlink socket";
  const folder = pretend(
    `until [ -e lose ]; do sleep 0.01; done; printf '${warning}\\n' >&2; exec sleep 60`,
    `[ ! -e lose ] || echo '${entry(2)}'`,
  );
  const table = new ConntrackTable({ isLive: true });
  follower = await followConntrack(table);
  writeFileSync(join(folder, "lose"), "");
  await until(() => table.hearing.losses > 0);
  expect(table.hearing.isCompleteSince(1n)).toBe(false);
  // at the end of a run nothing waits for its turn
  await follower.listAtEnd();
  expect([table.hearing.losses, table.hearing.answers, table.size]).toEqual([1, 2, 1]);
  expect(table.hearing.isCompleteSince(BigInt(Date.now() + 1000) * 1_000_000n)).toBe(true);
});

it("hears that there are no events any more", async () => {
  const folder = pretend("until [ -e end ]; do sleep 0.01; done; exit 1", "true");
  const table = new ConntrackTable({ isLive: true });
  follower = await followConntrack(table);
  expect(table.hearing.cutOffBy).toBe("");
  writeFileSync(join(folder, "end"), "");
  await until(() => table.hearing.cutOffBy !== "");
});

it("asks nothing at the end where nothing is open", async () => {
  const folder = pretend("exec sleep 60", "true");
  const table = new ConntrackTable({ isLive: true });
  follower = await followConntrack(table);
  await follower.listAtEnd();
  expect(table.hearing.answers).toBe(1);
  expect(existsSync(join(folder, "asked"))).toBe(true);
});

it("says why conntrack cannot be read", async () => {
  pretend("exec sleep 60", "printf 'not permitted\\nreally not\\n' >&2; exit 1");
  await expect(followConntrack(new ConntrackTable({ isLive: true }))).rejects.toThrow(
    "conntrack cannot be read (not permitted): as root, with 'apt install conntrack'",
  );
  vi.stubEnv("PATH", scratch("nothing"));
  await expect(followConntrack(new ConntrackTable({ isLive: true }))).rejects.toThrow(
    /conntrack cannot be read \(.*not found\)/,
  );
});
