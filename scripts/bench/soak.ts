import { setTimeout as sleep } from "node:timers/promises";
import { BenchLab, type InLab, INTERFACES, type Memory, PUBLIC } from "./bench-lab.js";
import { DROPPED_PORT } from "./chatter.js";
import { FlowTally } from "./flow-tally.js";
import { table } from "./table.js";

export interface SoakOptions {
  readonly minutes: number;
  /** natcorr's entry, run by this node. */
  readonly natcorr: string;
}

const LAB_NAME = "natcorr-soak";
export const SAMPLE_EVERY_S = 10;
/** Memory is told at these parts of the time. */
const TOLD_AT = [1 / 12, 1 / 4, 1 / 2, 3 / 4, 1];
/** Growth is judged behind this part of the time: by then an hour's tables have the size they keep. */
const SETTLED_AT = 1 / 4;
/** By then natcorr has read what is on its way. */
const SETTLE_MS = 1500;
const MIB = 2 ** 20;

interface Sample extends Memory {
  readonly minutes: number;
}

/**
 * Runs natcorr live for a long time beside moderate traffic of conversations that begin and end, in a lab of its own. Prints how its
 * memory went, as Markdown, and whether every frame and every flow was accounted for. Takes root.
 *
 * @returns whether all was accounted for.
 * @throws Error where the lab cannot be brought up, or natcorr fails.
 */
export async function soak({ minutes, natcorr }: SoakOptions): Promise<boolean> {
  const lab = new BenchLab(LAB_NAME);
  lab.up();
  try {
    lab.run("dhost", "iptables", "-A", "FORWARD", "-p", "udp", "--dport", String(DROPPED_PORT), "-j", "DROP");
    const answerer = lab.startOwn("wan", "answerer", PUBLIC);
    await answerer.hasSaid(/listening/);
    const tally = new FlowTally();
    const command = [process.execPath, natcorr, "live", ...INTERFACES, "-q", "--format", "ndjson"];
    const live = lab.start("dhost", command, (text) => tally.read(text));
    await live.hasSaid(/capturing on/);
    const passedBefore = lab.framesPassed();
    const startMs = performance.now();
    const chatters = ["c1", "c2"].map((place) => lab.startOwn(place, "chatter", PUBLIC, 60 * minutes));
    const samples = await watched(live, minutes);
    for (const chatter of chatters) await chatter.ended;
    await sleep(SETTLE_MS);
    const cpuShare = live.cpuNs() / 1e6 / (performance.now() - startMs);
    const passed = lab.framesPassed() - passedBefore;
    tally.noteEnd();
    live.end("SIGINT");
    const said = await live.ended;
    answerer.end("SIGTERM");
    await answerer.ended;
    const rate = (passed / 60 / minutes).toFixed(0);
    process.stdout.write(`${memoryTable(samples, minutes)}\n${said}`);
    process.stdout.write(`${(100 * cpuShare).toFixed(1)} % of a CPU for ${rate} frames a second\n${tally.text()}\n`);
    const faults = tally.faults(passed);
    process.stdout.write(faults.map((fault) => `${fault}\n`).join("") || "all accounted for\n");
    return faults.length === 0;
  } finally {
    lab.down();
  }
}

/** Memory every ten seconds, to the end of the time; a line a minute on standard error. */
export async function watched(live: InLab, minutes: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  const startMs = performance.now();
  for (let seconds = SAMPLE_EVERY_S; seconds <= 60 * minutes; seconds += SAMPLE_EVERY_S) {
    await Promise.race([sleep(startMs + 1000 * seconds - performance.now()), live.ended]);
    const sample = { minutes: seconds / 60, ...live.memory() };
    samples.push(sample);
    if (seconds % 60 === 0) process.stderr.write(`${sample.minutes} min: ${mib(sample.resident)} MiB\n`);
  }
  return samples;
}

/** As Markdown. */
export function memoryTable(samples: readonly Sample[], minutes: number): string {
  const settled = samples.filter((sample) => sample.minutes > SETTLED_AT * minutes);
  const row = (name: string, of: (sample: Sample) => number): string[] => {
    const told = TOLD_AT.map((part) => mib(of(samples[Math.ceil(part * samples.length) - 1])));
    const sorted = settled.map(of).sort((a, b) => a - b);
    const spread = [sorted[0], sorted[sorted.length >> 1], sorted[sorted.length - 1]].map(mib);
    return [name, ...told, ...spread, mib(60 * slope(settled, of))];
  };
  const at = TOLD_AT.map((part) => `${Math.round(part * minutes)} min`);
  const from = Math.round(SETTLED_AT * minutes);
  const headings = ["MiB", ...at, `least from ${from} min`, "median", "most", "slope an hour"];
  return table(headings, [
    row("resident", ({ resident }) => resident),
    row("of it heap and buffers", ({ anonymous }) => anonymous),
  ]);
}

/** Of the straight line through the samples that has the least squares, bytes a minute. */
function slope(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const mean = (value: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + value(sample), 0) / samples.length;
  const meanMinutes = mean(({ minutes }) => minutes);
  const covariance = mean((sample) => (sample.minutes - meanMinutes) * of(sample));
  return covariance / mean(({ minutes }) => (minutes - meanMinutes) ** 2);
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
