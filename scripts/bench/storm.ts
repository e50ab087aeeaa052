import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { BenchLab, INTERFACES, PUBLIC, sum } from "./bench-lab.js";
import { FlowTally } from "./flow-tally.js";
import { memoryTable, SAMPLE_EVERY_S, watched } from "./soak.js";

export interface StormOptions {
  readonly minutes: number;
  /** New conversations a second. */
  readonly rate: number;
  /** How long conntrack keeps an entry that nothing uses, seconds; undefined for as long as the kernel does by itself. */
  readonly forgetS: number | undefined;
  /** natcorr's entry, run by this node. */
  readonly natcorr: string;
}

const LAB_NAME = "natcorr-storm";
/** c1 of the lab. */
const CONTAINER = "172.17.0.3";
/** By then natcorr has read what is on its way. */
const SETTLE_MS = 1500;
/** What would be untrue here: conntrack sees every packet, and translates each conversation. */
const UNTRUE = ["conntrack-contradicted", "conntrack-missing", "conntrack-bypassed", "conntrack-unseen", "leak"];
/** What decides how long conntrack keeps what this sends, once it is over. */
const TIMEOUTS = [
  "tcp_timeout_time_wait",
  "tcp_timeout_fin_wait",
  "tcp_timeout_last_ack",
  "tcp_timeout_close_wait",
  "udp_timeout",
  "udp_timeout_stream",
  "icmp_timeout",
];
const COUNT_EVERY_MS = 30_000;
/** Of `conntrack -S`: packets that it dropped itself. */
const COUNTS_A_DROP = /\b(?:insert_failed|drop|early_drop)=(\d+)/g;

/**
 * Runs natcorr live with conntrack and Docker beside far more new conversations than a host has, while containers begin and end, in a Docker lab of its own.
 * Prints how its memory went, as Markdown, and what it claims. Takes root.
 *
 * @returns whether all that was captured is accounted for, and nothing is claimed that is not so.
 * @throws Error where the lab cannot be brought up, or natcorr fails.
 */
export async function storm({ minutes, rate, forgetS, natcorr }: StormOptions): Promise<boolean> {
  const lab = new BenchLab(LAB_NAME, "docker");
  lab.up();
  try {
    if (forgetS !== undefined) forgetAfter(lab, forgetS);
    const answerer = lab.startOwn("wan", "answerer", PUBLIC);
    await answerer.hasSaid(/listening/);
    const tally = new FlowTally();
    const follows = ["--conntrack", "live", "--docker", lab.socket];
    const command = [process.execPath, natcorr, "live", ...INTERFACES, "-q", "--format", "ndjson", ...follows];
    const live = lab.start("dhost", command, (text) => tally.read(text));
    await live.hasSaid(/capturing on/);
    const droppedBefore = droppedByConntrack(lab);
    const over = new AbortController();
    const containers = beginAndEnd(lab.socket, over.signal);
    const sender = lab.startOwn("c1", "newcomers", CONTAINER, PUBLIC, 60 * minutes, rate);
    const entries = entriesMeanwhile(lab, over.signal);
    const samples = await watched(live, minutes);
    await sender.ended;
    over.abort();
    const begun = await containers;
    await sleep(SETTLE_MS);
    tally.noteEnd();
    live.end("SIGINT");
    const said = await live.ended;
    answerer.end("SIGTERM");
    await answerer.ended;
    const dropped = droppedByConntrack(lab) - droppedBefore;
    process.stdout.write(`${memoryTable(samples, minutes)}\n${said}${tally.text()}\n`);
    process.stdout.write(`conntrack's entries, each half minute: ${(await entries).join(", ")}\n`);
    process.stdout.write(`${begun} containers began and ended; conntrack dropped ${dropped} packets\n`);
    const faults = [...tally.unaccounted(), ...untrue(tally, dropped)];
    process.stdout.write(faults.map((fault) => `${fault}\n`).join("") || "all accounted for, nothing untrue\n");
    return faults.length === 0;
  } finally {
    lab.down();
  }
}

/** What is claimed and not so, one text each. `dropped`: by conntrack, and nothing else drops. */
function untrue(tally: FlowTally, dropped: number): string[] {
  const claims = UNTRUE.filter((code) => tally.findings.has(code)).map(
    (code) => `untrue: ${code} ${tally.findings.get(code)}`,
  );
  return tally.dropped > dropped ? [...claims, `untrue: ${tally.dropped} dropped`] : claims;
}

/** Has conntrack forget what nothing uses any more, in the lab's host alone. */
function forgetAfter(lab: BenchLab, seconds: number): void {
  const settings = TIMEOUTS.map((name) => `net.netfilter.nf_conntrack_${name}=${seconds}`);
  lab.run("dhost", "sysctl", "-q", "-w", ...settings);
}

/** How many entries conntrack has, again and again. */
async function entriesMeanwhile(lab: BenchLab, over: AbortSignal): Promise<number[]> {
  const counts: number[] = [];
  while (!over.aborted) {
    await sleep(COUNT_EVERY_MS, undefined, { signal: over }).catch(() => {});
    counts.push(Number(lab.run("dhost", "sysctl", "-n", "net.netfilter.nf_conntrack_count")));
  }
  return counts;
}

/** Has containers begin and end, one after the other. Gives how many. */
async function beginAndEnd(socket: string, over: AbortSignal): Promise<number> {
  let begun = 0;
  for (; !over.aborted; begun++) {
    execFileSync("docker", ["-H", `unix://${socket}`, "run", "--rm", "busybox:lab", "true"], { stdio: "ignore" });
    await sleep(1000 * SAMPLE_EVERY_S, undefined, { signal: over }).catch(() => {});
  }
  return begun;
}

function droppedByConntrack(lab: BenchLab): number {
  const counters = lab.run("dhost", "conntrack", "-S");
  return sum([...counters.matchAll(COUNTS_A_DROP)].map(([, count]) => Number(count)));
}
