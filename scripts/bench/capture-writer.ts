import { closeSync, openSync, writeSync } from "node:fs";
import { frameRoom, writeFrame } from "./frame.js";
import type { Packet } from "./packet.js";
import { Rng } from "./rng.js";
import { TimeHeap } from "./time-heap.js";

/** How one side was captured. */
export interface CaptureOptions {
  readonly side: "inside" | "outside";
  /** Most bytes kept of a frame. */
  readonly snaplen: number;
  readonly nanoseconds: boolean;
  /** Added to every stamp. Whole seconds stand apart: years in nanoseconds do not fit a double. */
  readonly clockOffsetS: number;
  readonly clockOffsetNs: number;
  readonly driftPpm: number;
  /** Share of stamps that are up to 30 µs too early, so that neighbours come out of order. */
  readonly reorder: number;
  /** Share of frames the capture lost. */
  readonly captureLoss: number;
  /** Frames before this time are not in the capture. */
  readonly startNs: number;
}

/** 2023-11-14 22:13:20 UTC, epoch seconds of time 0. */
const EPOCH_S = 1_700_000_000;
/** Frames under way between the interfaces at most: milliseconds of a busy link. */
const SLOTS = 8192;
const OUT_BYTES = 4 << 20;

/**
 * Writes one side's capture file. Packets are put in any order of time, a little ahead; `advance` writes those
 * whose time has come, in order, and numbers them.
 */
export class CaptureWriter {
  /** Frames written so far. */
  frames = 0;
  /** Per frame number, the serial and the kind it was put with; index 0 is unused. Longer than `frames`. */
  serials = new Int32Array(1 << 16);
  kinds = new Uint8Array(1 << 16);
  /** Serials of packets of which the capture lost a frame. */
  readonly missed = new Set<number>();
  readonly #options: CaptureOptions;
  readonly #rng: Rng;
  readonly #file: number;
  readonly #out = Buffer.allocUnsafe(OUT_BYTES);
  #outAt = 24;
  readonly #waiting = new TimeHeap();
  readonly #slots: Buffer[] = [];
  readonly #free: number[] = [];
  readonly #lengths = new Int32Array(SLOTS);
  readonly #slotSerials = new Int32Array(SLOTS);
  readonly #slotKinds = new Uint8Array(SLOTS);

  /** @param path the file to write, or null to throw everything away. */
  constructor(path: string | null, options: CaptureOptions, seed: number) {
    this.#options = options;
    this.#rng = new Rng(seed);
    this.#file = path === null ? -1 : openSync(path, "w");
    this.#out.writeUInt32LE(options.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, 0);
    this.#out.writeUInt16LE(2, 4);
    this.#out.writeUInt16LE(4, 6);
    this.#out.fill(0, 8, 16);
    this.#out.writeUInt32LE(options.snaplen, 16);
    this.#out.writeUInt32LE(1, 20); // LINKTYPE_ETHERNET
  }

  /** @param timeNs not before the last `advance`. @param serial what to remember of the frame, like `kind`. */
  put(packet: Packet, timeNs: number, serial: number, kind: number): void {
    if (this.#file < 0 || timeNs < this.#options.startNs || this.#rng.chance(this.#options.captureLoss)) {
      this.missed.add(serial);
      return;
    }
    const slot = this.#free.pop() ?? this.#addSlot();
    const bytes = this.#slotFor(slot, frameRoom(packet, this.#options.snaplen));
    this.#lengths[slot] = writeFrame(bytes, packet, this.#options.side, this.#options.snaplen);
    this.#slotSerials[slot] = serial;
    this.#slotKinds[slot] = kind;
    this.#waiting.push(timeNs, slot);
  }

  /** Writes what was put for times up to `nowNs`. */
  advance(nowNs: number): void {
    const waiting = this.#waiting;
    while (waiting.time <= nowNs) {
      const slot = waiting.id;
      this.#write(slot, waiting.time);
      waiting.pop();
      this.#free.push(slot);
    }
  }

  /** Writes everything that is left and closes the file. */
  close(): void {
    if (this.#file < 0) return;
    this.advance(Number.MAX_VALUE);
    this.#flush();
    closeSync(this.#file);
  }

  #addSlot(): number {
    if (this.#slots.length === SLOTS) throw new Error(`more than ${SLOTS} packets under way at once`);
    return this.#slots.push(Buffer.alloc(0)) - 1;
  }

  /** A slot's buffer, made larger where it is too small. */
  #slotFor(slot: number, bytes: number): Buffer {
    if (this.#slots[slot].length < bytes) this.#slots[slot] = Buffer.allocUnsafe(bytes);
    return this.#slots[slot];
  }

  #write(slot: number, timeNs: number): void {
    const { snaplen, nanoseconds, clockOffsetS, clockOffsetNs, driftPpm, reorder } = this.#options;
    const early = this.#rng.chance(reorder) ? this.#rng.below(30_000) : 0;
    const stampNs = Math.max(0, Math.floor(timeNs + clockOffsetNs + timeNs * driftPpm * 1e-6) - early);
    const seconds = Math.floor(stampNs / 1e9);
    const restNs = stampNs - seconds * 1e9;
    const original = this.#lengths[slot];
    const captured = Math.min(original, snaplen);

    if (this.#outAt + 16 + captured > OUT_BYTES) this.#flush();
    const out = this.#out;
    const at = this.#outAt;
    out.writeUInt32LE(EPOCH_S + clockOffsetS + seconds, at);
    out.writeUInt32LE(nanoseconds ? restNs : Math.floor(restNs / 1000), at + 4);
    out.writeUInt32LE(captured, at + 8);
    out.writeUInt32LE(original, at + 12);
    this.#slots[slot].copy(out, at + 16, 0, captured);
    this.#outAt = at + 16 + captured;

    this.frames++;
    if (this.frames === this.serials.length) this.#grow();
    this.serials[this.frames] = this.#slotSerials[slot];
    this.kinds[this.frames] = this.#slotKinds[slot];
  }

  #grow(): void {
    const serials = new Int32Array(this.serials.length * 2);
    const kinds = new Uint8Array(this.kinds.length * 2);
    serials.set(this.serials);
    kinds.set(this.kinds);
    this.serials = serials;
    this.kinds = kinds;
  }

  #flush(): void {
    let from = 0;
    while (from < this.#outAt) from += writeSync(this.#file, this.#out, from, this.#outAt - from);
    this.#outAt = 0;
  }
}
