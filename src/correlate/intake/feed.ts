import { BATCH_FRAMES } from "../../packets/frames.js";
import type { Heap } from "../../packets/heap.js";
import { batchIn, type PacketBatch, type PacketSource } from "../../packets/packets.js";
import type { Intake } from "./intake.js";
import type { Impact, Judgement, SideSummary, Update, Verdict } from "../../packets/results.js";
import { OUTSIDE, type Side } from "../../packets/sides.js";
import type { TupleTable } from "../../packets/tuples.js";
import type { Tunnels } from "./tunnels.js";

/** One side while it is merged: its batch, how far it was taken, and what became of its frames. */
export class Feed {
  readonly intake: Intake;
  readonly source: PacketSource;
  hasEnded = false;
  paired = 0;
  unmatched = 0;
  /** Of these, how many got which verdict. */
  readonly verdicts = new Map<Verdict, number>();
  /** Of those that were dropped, how many came to what. */
  readonly impacts = new Map<Impact, number>();
  ambiguous = 0;
  /** Which way each packet of the batch goes, as `TupleTable` numbers ways. */
  readonly ways: Int32Array;
  /** Where among them the next packet stands, and where they end. */
  at = 0;
  end = 0;
  /** Stamp of the next packet, or how far it is known that there is none; nanoseconds from the source's epoch. */
  nextNs = Number.NEGATIVE_INFINITY;
  readonly #side: Side;
  readonly #heap: Heap;
  readonly #tuples: TupleTable;
  readonly #tunnels: Tunnels;
  #batch: PacketBatch | null = null;
  /** For batches that are not in the heap; none before there is such. */
  #own: PacketBatch | undefined;

  constructor(heap: Heap, side: Side, intake: Intake, tuples: TupleTable, tunnels: Tunnels) {
    this.intake = intake;
    this.source = intake.source;
    this.#heap = heap;
    this.#side = side;
    this.#tuples = tuples;
    this.#tunnels = tunnels;
    this.ways = heap.take(Int32Array, BATCH_FRAMES);
  }

  /** The packets that are about to be merged, in the heap. */
  get batch(): PacketBatch {
    if (this.#batch === null) throw new RangeError("no batch was taken");
    return this.#batch;
  }

  /** Frame of the next packet, or 0 where there is none in the batch. */
  get nextFrame(): number {
    return this.isEmpty ? 0 : this.batch.frame(this.at);
  }

  /** Whether all packets of the batch were taken. */
  get isEmpty(): boolean {
    return this.at === this.end;
  }

  /** Whether the next batch is needed. */
  get isUsedUp(): boolean {
    return !this.hasEnded && this.isEmpty;
  }

  /** Takes the next batch; null is the end. */
  take(batch: PacketBatch | null): void {
    this.#batch = batch && this.#inHeap(batch);
    this.hasEnded = batch === null;
    this.end = batch?.count ?? 0;
    this.goTo(0);
    if (this.#side === OUTSIDE && this.#batch !== null) this.#tunnels.take(this.#batch);
    this.findWays();
  }

  #inHeap(batch: PacketBatch): PacketBatch {
    if (this.#heap.has(batch.records)) return batch;
    const own = (this.#own ??= batchIn(this.#heap));
    own.take(batch);
    return own;
  }

  /** Goes on to the packet that stands there. */
  goTo(at: number): void {
    this.at = at;
    if (this.#batch !== null && at < this.end) this.nextNs = this.#batch.stampNs(at);
    else this.nextNs = this.#batch?.reachedNs ?? Number.POSITIVE_INFINITY;
  }

  /** Finds the conversations of the packets not taken yet; to be called again once tuples have been released. */
  findWays(): void {
    if (this.#batch !== null) this.#tuples.findWays(this.#side, this.#batch, this.at, this.ways);
  }

  /** Leaves the packets not taken yet. */
  leave(): void {
    if (this.#side === OUTSIDE && this.#batch !== null) this.#tunnels.leave(this.#batch, this.at);
  }

  /** Counts a packet without a twin that was judged. */
  judged({ verdict, impact }: Judgement): void {
    this.unmatched++;
    add(this.verdicts, verdict, 1);
    if (impact !== undefined) add(this.impacts, impact, 1);
  }

  /** Counts a packet that was dropped as what it turned out to be. */
  updated({ verdict, impact, before }: Update): void {
    add(this.verdicts, before.verdict, -1);
    add(this.impacts, before.impact, -1);
    add(this.verdicts, verdict, 1);
    if (verdict === "dropped") add(this.impacts, impact, 1);
  }

  /**
   * What became of the frames. Where not all read are decided about (`isAllDecided`), as in a run stopped early, those that
   * are not are left out.
   */
  summary(isAllDecided: boolean): SideSummary {
    const { paired, unmatched, ambiguous } = this;
    const { frames, notIp, undecodable } = this.source.tally;
    const accounted = paired + unmatched + ambiguous + notIp + undecodable;
    return {
      frames: this.hasEnded && isAllDecided ? frames : accounted,
      paired,
      unmatched,
      ambiguous,
      notIp,
      undecodable,
      captureDropped: this.source.captureDropped,
      hasCounters: this.source.hasCounters,
    };
  }
}

/** Counts some more, or fewer; what there is none of is not there. */
function add<T>(counts: Map<T, number>, what: T, more: number): void {
  const count = (counts.get(what) ?? 0) + more;
  if (count === 0) counts.delete(what);
  else counts.set(what, count);
}
