import type { ContainerMacs } from "../../packets/results/container-macs.js";
import { batchIn, type PacketBatch } from "../../packets/batches/packet-batch.js";
import type { PacketSource } from "../../packets/batches/source.js";
import { FramePlaces } from "../../packets/frame-places.js";
import type { Heap } from "../../packets/memory/heap.js";
import type { SideSummary } from "../../packets/results/results.js";
import { CaptureIntake } from "./capture-intake.js";
import type { Doubled, DoubledAtFirst } from "./doubled.js";
import { MarkedPackets } from "./marked-packets.js";
import type { Progress } from "./disorder.js";
import { Intake } from "./intake.js";
import { Milestones } from "./milestones.js";

/**
 * The packets of a side in order of time: those of its only capture as that gives them, or those of several captures merged. Each capture is put in
 * order by itself before that: what it shows twice, and stamps that leap, are its own.
 *
 * Captures are merged by the stamps of their next packets; of equal ones, the capture that stands first is first. So how sources cut their batches does not
 * matter.
 */
export class SideIntake {
  readonly captures: readonly CaptureIntake[];
  readonly frames: FramePlaces;
  /** Whether it may be left before its end. */
  readonly mayStop: boolean;
  /** Epoch nanoseconds that stamps count from: that of the capture that begins first. */
  readonly epochNs: bigint;
  readonly #milestones = new Milestones();
  /** Where several are merged; none before there is such. */
  #merged: PacketBatch | undefined;
  readonly #heap: Heap;

  /** `mayStop`: as `Intake` has it. `macs`: which MAC addresses are containers'. */
  constructor(sources: readonly PacketSource[], heap: Heap, windowNs: number, mayStop = false, macs?: ContainerMacs) {
    this.frames = new FramePlaces(sources.map((source) => source.captures ?? [source.name]));
    // a capture without frames has no epoch
    const epochs = sources.map(({ epochNs }) => epochNs).filter((epochNs) => epochNs !== 0n);
    this.epochNs = epochs.reduce((least, each) => (each < least ? each : least), epochs[0] ?? 0n);
    this.captures = sources.map((source, index) => {
      const onBegins = (frame: number): void => this.frames.begin(index, frame);
      const intake = new Intake(source, new MarkedPackets(source, heap, macs), heap, windowNs, mayStop, onBegins);
      const shiftNs = source.epochNs === 0n ? 0 : Number(source.epochNs - this.epochNs);
      return new CaptureIntake(intake, index, shiftNs, this.frames);
    });
    this.mayStop = mayStop;
    this.#heap = heap;
  }

  get isLive(): boolean {
    return this.captures.some(({ source }) => source.isLive === true);
  }

  /** The stamp of the latest frame read, nanoseconds. */
  get lastNs(): number {
    return Math.max(...this.captures.map(({ source, shiftNs }) => source.lastNs + shiftNs));
  }

  /** What stamps are multiples of: by what files say, the coarsest, and by the stamps themselves, the finest; and the coarser of these. Nanoseconds. */
  async units(): Promise<{ readonly saidNs: number; readonly seenNs: number; readonly unitNs: number }> {
    const seen = await Promise.all(this.captures.map(({ intake }) => intake.packets.unitNs()));
    const saidNs = Math.max(...this.captures.map(({ source }) => source.resolutionNs));
    const seenNs = Math.min(...seen);
    return { saidNs, seenNs, unitNs: Math.max(saidNs, seenNs) };
  }

  /** How many frames all captures have, and what they say they lost. */
  get counted(): Pick<SideSummary, "frames" | "notIp" | "undecodable" | "captureDropped" | "hasCounters"> {
    const sum = (of: (source: PacketSource) => number): number =>
      this.captures.reduce((total, { source }) => total + of(source), 0);
    return {
      frames: sum(({ tally }) => tally.frames),
      notIp: sum(({ tally }) => tally.notIp),
      undecodable: sum(({ tally }) => tally.undecodable),
      captureDropped: sum(({ captureDropped }) => captureDropped),
      hasCounters: this.captures.every(({ source }) => source.hasCounters),
    };
  }

  /** Of the frames that have no packet, those that were passed by; null where nobody asks for that before the end. */
  get passed(): Pick<SideSummary, "notIp" | "undecodable"> | null {
    const all = this.captures.flatMap(({ intake: { passed } }) => (passed === null ? [] : [passed]));
    if (all.length === 0) return null;
    const sum = (kind: "notIp" | "undecodable"): number => all.reduce((total, each) => total + each[kind], 0);
    return { notIp: sum("notIp"), undecodable: sum("undecodable") };
  }

  /** The packet of this frame was taken. */
  goBy(frame: number): void {
    this.#of(frame).passed?.goBy(this.frames.inSource(frame));
  }

  /** How far the stamp of a packet that is IS_MISTIMED is ahead of the time it was given, nanoseconds. */
  leapNs(frame: number): number {
    return this.#of(frame).leapNs(this.frames.inSource(frame));
  }

  /** To be told once nobody will ask that of a packet any more. */
  forgetLeap(frame: number): void {
    this.#of(frame).forgetLeap(this.frames.inSource(frame));
  }

  /** The frame that another one may be a copy of, or have as one; undefined where there is none. */
  repeatOf(frame: number): number | undefined {
    const like = this.#of(frame).packets.repeats.of(this.frames.inSource(frame));
    return like === undefined ? undefined : this.frames.onSide(this.frames.sourceOf(frame), like);
  }

  /** What came twice at the beginning of its captures. */
  get atFirst(): readonly DoubledAtFirst[] {
    return this.captures.flatMap(({ intake }) => intake.packets.atFirst);
  }

  /** As `MarkedPackets` has it. */
  takeDoubled(frame: number): Doubled | undefined {
    return this.#of(frame).packets.takeDoubled(this.frames.inSource(frame));
  }

  /** How far stamps go back in these times, as `Disorder` has it; of what there was until the side had come so far. */
  disorderBetween(fromNs: number, toNs: number, until: Progress): number {
    if (this.captures.length === 1) return this.captures[0].intake.disorder.between(fromNs, toNs, until);
    const untilNs = Math.min(until.reachedNs, this.#milestones.by(until.packets));
    const between = ({ intake, shiftNs }: CaptureIntake): number =>
      intake.disorder.between(fromNs - shiftNs, toNs - shiftNs, {
        reachedNs: untilNs - shiftNs,
        packets: Number.MAX_VALUE,
      });
    return Math.max(...this.captures.map(between));
  }

  /** Has it end with what was read so far. */
  stop(): void {
    for (const { intake } of this.captures) intake.stop();
  }

  /** The next packets, or null at the end; the batch before it is overwritten. A batch may be empty. */
  async next(): Promise<PacketBatch | null> {
    const { captures } = this;
    if (captures.length === 1) return captures[0].intake.next();
    const merged = (this.#merged ??= batchIn(this.#heap));
    merged.clear();
    merged.reachedNs = Number.NEGATIVE_INFINITY;
    while (merged.count === 0 && merged.reachedNs === Number.NEGATIVE_INFINITY) {
      for (const each of captures) each.check();
      if (captures.every(({ hasEnded }) => hasEnded)) return null;
      const wanted = captures.filter(({ isEmpty, hasEnded }) => isEmpty && !hasEnded);
      await Promise.all(wanted.map((each) => each.read()));
      merge(captures, merged);
    }
    this.#milestones.take(merged);
    return merged;
  }

  #of(frame: number): Intake {
    return this.captures[this.frames.sourceOf(frame)].intake;
  }
}

/** Takes what captures have, in order, as long as all of them tell which packet comes next, and as there is room. */
function merge(captures: readonly CaptureIntake[], into: PacketBatch): void {
  const inOrder = [...captures];
  for (;;) {
    inOrder.sort((a, b) => (a.isBefore(b) ? -1 : 1));
    const [first, second] = inOrder;
    if (first.isEmpty) {
      if (!first.hasEnded) into.reachedNs = first.nextNs;
      return;
    }
    const { batch, at } = first;
    const end = Math.min(batch.count, at + into.rows - into.count);
    if (end === at) return;
    while (first.at < end && first.isBefore(second)) first.goTo(first.at + 1);
    into.appendAll(batch, at, first.at);
  }
}
