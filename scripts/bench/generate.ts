import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Actor } from "./actor.js";
import { CaptureWriter } from "./capture-writer.js";
import { Cast } from "./cast.js";
import { Network, START_NS } from "./network.js";
import type { Scenario } from "./scenarios.js";
import { TimeHeap } from "./time-heap.js";
import { FORWARDED, type SideTruth, type Truth, UNSEEN, writeTruth } from "./truth.js";

/** A generated capture pair. */
export interface CapturePair {
  readonly inside: string;
  readonly outside: string;
  readonly truth: Truth;
}

/** The names a pair has in its folder. */
export function pairPaths(folder: string): { inside: string; outside: string; truth: string } {
  return {
    inside: join(folder, "inside.pcap"),
    outside: join(folder, "outside.pcap"),
    truth: join(folder, "truth.bin"),
  };
}

/**
 * Writes `inside.pcap`, `outside.pcap` and `truth.bin` to a folder, which is made where it is missing.
 * The same scenario and seed give the same bytes.
 *
 * @throws Error of node:fs where the folder cannot be written.
 */
export function generate(scenario: Scenario, folder: string, seed: number): CapturePair {
  mkdirSync(folder, { recursive: true });
  const paths = pairPaths(folder);
  const inside = writer(scenario, "inside", paths.inside, seed);
  const outside = writer(scenario, "outside", paths.outside, seed);
  if (scenario.unrelated) {
    run(scenario, inside, writer(scenario, "outside", null, seed), seed, scenario.packets);
    run(scenario, writer(scenario, "inside", null, seed), outside, ~seed, scenario.packets);
  } else {
    run(scenario, inside, outside, seed, 2 * scenario.packets);
  }
  const truth = truthOf(inside, outside, !scenario.unrelated);
  writeTruth(paths.truth, truth);
  return { inside: paths.inside, outside: paths.outside, truth };
}

function writer(scenario: Scenario, side: "inside" | "outside", path: string | null, seed: number): CaptureWriter {
  const isInside = side === "inside";
  const options = {
    side,
    snaplen: isInside ? scenario.insideSnaplen : scenario.outsideSnaplen,
    nanoseconds: isInside ? scenario.insideNanoseconds : scenario.outsideNanoseconds,
    clockOffsetS: isInside ? 0 : scenario.clockOffsetS,
    clockOffsetNs: isInside ? 0 : scenario.clockOffsetNs,
    driftPpm: isInside ? 0 : scenario.driftPpm,
    reorder: scenario.reorder,
    captureLoss: scenario.captureLoss,
    startNs: START_NS + (isInside ? 0 : scenario.outsideLateNs),
  };
  return new CaptureWriter(path, options, Math.imul(seed, isInside ? 0x2545f491 : 0x5bd1e995));
}

/** Lets a network's conversations take turns until both captures together have this many frames. */
function run(scenario: Scenario, inside: CaptureWriter, outside: CaptureWriter, seed: number, frames: number): void {
  const network = new Network(scenario, inside, outside, seed);
  const cast = new Cast(network, scenario);
  const actors: Actor[] = [];
  const turns = new TimeHeap();
  for (let i = 0; i < scenario.actors; i++) {
    actors.push(cast.next());
    turns.push(START_NS + network.rng.below(scenario.gapNs), i);
  }
  while (inside.frames + outside.frames < frames) {
    const nowNs = turns.time;
    inside.advance(nowNs);
    outside.advance(nowNs);
    const nextNs = actors[turns.id].step(nowNs);
    if (nextNs < 0) {
      actors[turns.id] = cast.next();
      turns.postpone(nowNs + network.rng.exponential(scenario.gapNs));
    } else turns.postpone(nextNs);
  }
  inside.close();
  outside.close();
}

/** What both captures wrote, without the serials of which a side has nothing or not all. */
function truthOf(inside: CaptureWriter, outside: CaptureWriter, isRelated: boolean): Truth {
  const forwarded = [serialsOf(inside), serialsOf(outside)];
  const isSeen = (serial: number) =>
    isRelated &&
    forwarded.every((isThere) => isThere[serial] === 1) &&
    !inside.missed.has(serial) &&
    !outside.missed.has(serial);
  return { inside: sideTruth(inside, isSeen), outside: sideTruth(outside, isSeen) };
}

function sideTruth(writer: CaptureWriter, isSeen: (serial: number) => boolean): SideTruth {
  const kind = writer.kinds.slice(0, writer.frames + 1);
  const serial = writer.serials.slice(0, writer.frames + 1);
  for (let frame = 1; frame <= writer.frames; frame++) {
    if (kind[frame] !== FORWARDED || isSeen(serial[frame])) continue;
    kind[frame] = UNSEEN;
    serial[frame] = 0;
  }
  return { kind, serial, isDecidable: kind.map((one, frame) => (frame > 0 && one === FORWARDED ? 1 : 0)) };
}

/** Per serial, 1 where a forwarded frame has it. */
function serialsOf({ frames, serials, kinds }: CaptureWriter): Uint8Array {
  let last = 0;
  for (let frame = 1; frame <= frames; frame++) last = Math.max(last, serials[frame]);
  const isThere = new Uint8Array(last + 1);
  for (let frame = 1; frame <= frames; frame++) if (kinds[frame] === FORWARDED) isThere[serials[frame]] = 1;
  return isThere;
}
