import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Actor } from "./actor.js";
import { CaptureWriter } from "./capture-writer.js";
import { Cast } from "./cast.js";
import { kindOf, Network, START_NS } from "./network.js";
import type { Scenario } from "./scenarios.js";
import { TimeHeap } from "./time-heap.js";
import { FORWARDED, type Truth, UNSEEN, writeTruth } from "./truth.js";

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
  const truth = scenario.unrelated ? truthOf(inside, outside, false) : truthOf(inside, outside, true);
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

/** Joins what both captures wrote by the serials that forwarded packets carry. */
function truthOf(inside: CaptureWriter, outside: CaptureWriter, isRelated: boolean): Truth {
  const twin = new Int32Array(inside.frames + 1);
  const insideKind = new Uint8Array(inside.frames + 1);
  const outsideKind = new Uint8Array(outside.frames + 1);
  const outsideFrames = isRelated ? framesBySerial(outside) : new Int32Array(0);
  for (let frame = 1; frame <= outside.frames; frame++) {
    const kind = kindOf(outside.tags[frame]);
    outsideKind[frame] = kind === FORWARDED ? UNSEEN : kind;
  }
  for (let frame = 1; frame <= inside.frames; frame++) {
    const serial = inside.tags[frame];
    insideKind[frame] = kindOf(serial);
    if (serial <= 0) continue;
    const other = outsideFrames[serial] ?? 0;
    twin[frame] = other;
    if (other === 0) insideKind[frame] = UNSEEN;
    else outsideKind[other] = FORWARDED;
  }
  return { twin, insideKind, outsideKind };
}

function framesBySerial(writer: CaptureWriter): Int32Array {
  let serials = 0;
  for (let frame = 1; frame <= writer.frames; frame++) serials = Math.max(serials, writer.tags[frame]);
  const frames = new Int32Array(serials + 1);
  for (let frame = 1; frame <= writer.frames; frame++) {
    const serial = writer.tags[frame];
    if (serial > 0) frames[serial] = frame;
  }
  return frames;
}
