import { writeFileSync } from "node:fs";
import type { Rng } from "../rng.js";
import type { Link } from "./frame.js";

/** How a capture point shows its link, what it misses, and what its clock says. A scenario changes what it is about. */
export interface CaptureModel {
  link: Link;
  mtu: number;
  /** Bytes kept of frame n, from 0. */
  kept: (frame: number) => number;
  /** 1, or 1000 for a capture in microseconds; more for a coarse clock. */
  resolutionNs: number;
  /** Added to every stamp; whole seconds apart, as years in nanoseconds do not fit a double. */
  offsetS: number;
  offsetNs: number;
  driftPpm: number;
  /** How far its clock gets ahead beside that until a time, ns: that of a clock that is slewed for a while. */
  slewNs: (timeNs: number) => number;
  /** When its clock is set, and by how much. */
  set: ClockSet | null;
  /** What else is added to the stamp of frame n, taken at this time: stamps too early, leaps. */
  errorNs: (timeNs: number, frame: number) => number;
  /** Whether the capture runs at this time: another one that does cannot tell then what it would have shown. */
  runs: (timeNs: number) => boolean;
  /** Whether the capture misses a frame that passes at this time. */
  misses: (timeNs: number) => boolean;
  /** Whether it is a pcapng that says how many frames it missed. */
  hasCounters: boolean;
  /** Whether what it misses is no drop to anybody: it says so, or shows nothing else meanwhile either. */
  isMissTold: boolean;
  /** How much later a second copy of a frame is captured, ns; 0 for none. */
  copyAfterNs: () => number;
  /** The order in which frames are written, where it is not that of time: takes the records, gives them back. */
  arrange: (frames: Tap[]) => Tap[];
}

/** A clock that is set: at this time, forth or back. */
interface ClockSet {
  readonly atNs: number;
  readonly byNs: number;
}

function plainCapture(): CaptureModel {
  return {
    link: "ethernet",
    mtu: 1500,
    kept: () => 262_144,
    resolutionNs: 1,
    offsetS: 0,
    offsetNs: 0,
    driftPpm: 0,
    slewNs: () => 0,
    set: null,
    errorNs: () => 0,
    runs: () => true,
    misses: () => false,
    hasCounters: false,
    isMissTold: false,
    copyAfterNs: () => 0,
    arrange: (frames) => frames,
  };
}

/** A frame that a capture point saw. */
export interface Tap {
  readonly timeNs: number;
  readonly bytes: Buffer;
  /** Which packet it is of, or a part of. */
  readonly serial: number;
  readonly isCopy: boolean;
}

/** Time of the first packets: later than any clock is behind, by less than whole seconds. */
export const START_NS = 100e9;
/** 2023-11-14 22:13:20 UTC. */
export const EPOCH_S = 1_700_000_000;

/** One capture point: it collects frames in any order of time, then writes them. */
export class CapturePoint {
  readonly model: CaptureModel = plainCapture();
  /** Packets of which it missed a frame. */
  readonly missed = new Set<number>();
  /** The frames, as they are written. */
  taps: Tap[] = [];
  missedFrames = 0;
  /** Whether its stamps, once written, are all what its clock says. */
  isSteady = true;
  /** By how much the stamp of each frame is not what its clock says, once written, ns. */
  readonly errorsNs: number[] = [];
  /** How far stamps that were written are behind one before them, at most; more than 100 ms is no disorder but an error. */
  disorderNs = 0;
  /** How far they are behind one before them, at most, where that is an error. */
  fallBackNs = 0;

  /** @param isMissed whether it misses this one, whatever its model says. */
  see(bytes: Buffer, timeNs: number, serial: number, isMissed: boolean): void {
    const isRunning = this.model.runs(timeNs);
    if (!isRunning || isMissed || this.model.misses(timeNs)) {
      this.missed.add(serial);
      if (isRunning) this.missedFrames++;
      return;
    }
    this.taps.push({ timeNs, bytes, serial, isCopy: false });
    const copyAfterNs = this.model.copyAfterNs();
    if (copyAfterNs > 0) this.taps.push({ timeNs: timeNs + copyAfterNs, bytes, serial, isCopy: true });
  }

  /** Whether its frames show that it ran at a time: not before the first, nor behind the last. */
  covers(timeNs: number): boolean {
    const isWithin = timeNs >= this.taps[0].timeNs && timeNs <= this.taps[this.taps.length - 1].timeNs;
    return isWithin && this.model.runs(timeNs);
  }

  /** What the clock of this point says at a time, without its errors: ns since the epoch's second, then `offsetS`. */
  localNs(timeNs: number): number {
    const { offsetNs, driftPpm, slewNs } = this.model;
    return timeNs + offsetNs + (timeNs - START_NS) * driftPpm * 1e-6 + slewNs(timeNs);
  }

  /** Orders what was seen and writes it: pcap, or pcapng with a count of what was missed where it has counters. */
  write(path: string): void {
    this.taps.sort((a, b) => a.timeNs - b.timeNs);
    this.#setAtFirst();
    this.taps = this.model.arrange(this.taps);
    const stamps = this.taps.map((tap, i) => this.#stampOf(tap.timeNs, i));
    let latest = stamps[0];
    for (const stamp of stamps) {
      const behindNs = (latest.seconds - stamp.seconds) * 1e9 + latest.nanos - stamp.nanos;
      if (behindNs <= 0) latest = stamp;
      else if (behindNs <= 100e6) this.disorderNs = Math.max(this.disorderNs, behindNs);
      else this.fallBackNs = Math.max(this.fallBackNs, behindNs);
    }
    writeFileSync(path, this.model.hasCounters ? this.#pcapng(stamps) : this.#pcap(stamps));
  }

  /** A clock that was set before the first frame is no other to anybody than one that always stood so; and one that is set behind the last was never set. */
  #setAtFirst(): void {
    const { set } = this.model;
    if (set === null || this.taps.length === 0) return;
    const isBefore = set.atNs < this.taps[0].timeNs;
    const isBehind = set.atNs >= this.taps[this.taps.length - 1].timeNs;
    if (isBefore) this.model.offsetNs += set.byNs;
    if (isBefore || isBehind) this.model.set = null;
  }

  #stampOf(timeNs: number, frame: number): Stamp {
    const { resolutionNs, offsetS, set, errorNs } = this.model;
    const ownNs = errorNs(timeNs, frame);
    this.errorsNs.push(ownNs);
    const error = ownNs + (set !== null && timeNs > set.atNs ? set.byNs : 0);
    if (error !== 0) this.isSteady = false;
    const local = this.localNs(timeNs) + error;
    const stampNs = Math.floor(local / resolutionNs) * resolutionNs;
    const seconds = Math.floor(stampNs / 1e9);
    return { seconds: EPOCH_S + offsetS + seconds, nanos: Math.floor(stampNs - seconds * 1e9) };
  }

  #pcap(stamps: readonly Stamp[]): Buffer {
    const isMicro = this.model.resolutionNs % 1000 === 0;
    const header = words(isMicro ? 0xa1b2c3d4 : 0xa1b23c4d, 0x00040002, 0, 0, 262_144, 1);
    const parts = [header];
    for (const [i, { bytes }] of this.taps.entries()) {
      const { seconds, nanos } = stamps[i];
      const captured = bytes.subarray(0, this.model.kept(i));
      parts.push(words(seconds, isMicro ? nanos / 1000 : nanos, captured.length, bytes.length), captured);
    }
    return Buffer.concat(parts);
  }

  /** https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html: section, interface in ns, packets, statistics. */
  #pcapng(stamps: readonly Stamp[]): Buffer {
    const parts = [
      block(0x0a0d0d0a, words(0x1a2b3c4d, 0x00000001, 0xffffffff, 0xffffffff)),
      block(1, words(1, 262_144, 0x00010009, 9, 0)),
    ];
    for (const [i, { bytes }] of this.taps.entries()) {
      const [high, low] = halves(stamps[i]);
      const captured = bytes.subarray(0, this.model.kept(i));
      const padding = Buffer.alloc(-captured.length & 3);
      parts.push(block(6, Buffer.concat([words(0, high, low, captured.length, bytes.length), captured, padding])));
    }
    const [high, low] = halves(stamps[stamps.length - 1]);
    // isb_ifrecv 4, isb_ifdrop 5, eight bytes each
    const counters = words(0x00080004, this.taps.length, 0, 0x00080005, this.missedFrames, 0, 0);
    parts.push(block(5, Buffer.concat([words(0, high, low), counters])));
    return Buffer.concat(parts);
  }
}

interface Stamp {
  readonly seconds: number;
  readonly nanos: number;
}

/** A stamp as pcapng's two words. */
function halves({ seconds, nanos }: Stamp): [number, number] {
  const stamp = BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
  return [Number(stamp >> 32n), Number(stamp & 0xffffffffn)];
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32LE(value, 4 * i);
  return bytes;
}

function block(type: number, body: Buffer): Buffer {
  const length = body.length + 12;
  return Buffer.concat([words(type, length), body, words(length)]);
}

/** Misses a share of the frames, whichever. */
export function missing(rng: Rng, share: number): (timeNs: number) => boolean {
  return () => rng.chance(share);
}
