import { setImmediate, setTimeout } from "node:timers/promises";
import { BATCH_FRAMES, type CaptureInterface, FrameBatch } from "../../packets/batches/frames.js";
import type { Mark } from "../../packets/batches/frame-marks.js";
import { ENGINES } from "../engines.js";
import { Counters } from "./counters.js";
import type { Libpcap, Pointer } from "./libpcap.js";
import { Link } from "./link-state.js";
import type { LiveSource, LiveStatistics } from "./live-source.js";
import { MemoryDump } from "./memory-dump.js";

/** How long the kernel may fill a block of its ring before it shows it to us. */
export const BLOCK_TIMEOUT_MS = 10;
/**
 * Frames stamped this long ago have left a ring that is found empty.
 *
 * A frame waits for its block to be full or, at most, for the block's timer (prb_retire_rx_blk_timer_expired in
 * net/packet/af_packet.c), which counts in ticks of up to 10 ms on kernels before 6.18 and runs late on a busy CPU. Measured
 * on kernel 6.18 on two CPUs (2026-11): at most 7.5 ms in sparse traffic, 9.1 ms in floods on a busy machine.
 */
const LINGER_MS = BLOCK_TIMEOUT_MS + 50;
/**
 * Pauses between two looks at the ring: the shortest after frames, since a flood fills a ring of 2 MiB in 3 ms, then twice as
 * long each time up to the longest, which costs a silent interface 2 % of a CPU.
 */
const SHORTEST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 8;
/** Longest `next` waits for a frame: whoever reads two interfaces in turn lets the other one wait, and that may be flooded. */
const PATIENCE_MS = LONGEST_PAUSE_MS;
/**
 * Longest stretch of time in a batch. After a pause (a stopped process, a slow reader) a ring may hold many seconds; whoever reads
 * two interfaces in turn, and writes both to one file, then still has them in order but for this.
 */
const MOST_SPAN_NS = 100_000_000;
/** How often the counters are read, for which libpcap opens two files of /sys, and the interface is checked. */
const CHECK_MS = 100;
const NS_PER_MS = 1e6;

export interface LivePcapParts {
  readonly name: string;
  readonly pcap: Libpcap;
  /** Activated, non-blocking and filtered; the source closes it. */
  readonly handle: Pointer;
  readonly isUnfiltered: boolean;
  readonly onWarning: (text: string) => void;
}

/**
 * Frames of an interface by way of libpcap, which is called on this thread only and never waits: whatever happens, the event
 * loop turns and the process can exit.
 *
 * Times are the wall clock's, as in the kernel's stamps. If that clock is set back, stamps before `reachedNs` are possible.
 */
export class LivePcap implements LiveSource {
  readonly isLive = true;
  readonly engine = "libpcap";
  readonly stampsWithinNs = ENGINES[this.engine];
  readonly isUnfiltered: boolean;
  readonly resolutionNs = 1;
  readonly name: string;
  readonly epochNs: bigint;
  readonly interfaces: readonly CaptureInterface[];
  failure: string | undefined;
  readonly #parts: LivePcapParts;
  readonly #dump: MemoryDump;
  readonly #counters: Counters;
  readonly #batch = new FrameBatch();
  readonly #epochMs = Date.now();
  #frames = 0;
  #checkMs = performance.now() + CHECK_MS;
  /** When the counters were read last, and where they said since then that frames were lost. */
  #readNs = 0;
  #losses: Mark[] = [];
  /** Frames stamped later than this are not given. */
  #endNs = Number.POSITIVE_INFINITY;
  /** When all frames stamped by `#endNs` have left the ring, on the clock of `performance.now()`. */
  #endMs = Number.POSITIVE_INFINITY;
  readonly #link: Link;
  #isDown = false;
  #pauseMs = SHORTEST_PAUSE_MS;
  /** What has been read of the ring goes to here at least. */
  #reachedNs = Number.NEGATIVE_INFINITY;
  /** Whether what has been read of the ring is all there will be. */
  #isLast = false;
  #isOver = false;
  #isClosed = false;

  constructor(parts: LivePcapParts) {
    const { name, pcap, handle, isUnfiltered } = parts;
    this.name = name;
    this.isUnfiltered = isUnfiltered;
    this.epochNs = BigInt(this.#epochMs) * BigInt(NS_PER_MS);
    this.#parts = parts;
    this.#dump = new MemoryDump(pcap, handle);
    this.#counters = new Counters(pcap, handle);
    this.#link = new Link(pcap, handle, name);
    this.interfaces = [{ name, linkType: this.#dump.linkType, snaplen: pcap.snapshot(handle) }];
  }

  get captureDropped(): number {
    return this.#counters.latest.dropped;
  }

  get hasCounters(): boolean {
    return true;
  }

  async next(): Promise<FrameBatch | null> {
    const patientUntilMs = performance.now() + PATIENCE_MS;
    // A flooded interface always has frames: signals, timers and the other interface get their turn here.
    await setImmediate();
    while (!this.#isOver && !this.#isClosed) {
      this.#take();
      if (this.#batch.count > 0) {
        this.#pauseMs = SHORTEST_PAUSE_MS;
        return this.#batch;
      }
      if (this.#isOver) break;
      if (performance.now() >= patientUntilMs) return this.#batch;
      await setTimeout(this.#pauseMs);
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    }
    return null;
  }

  statistics(): LiveStatistics {
    if (!this.#isClosed) this.#counters.read();
    return this.#counters.latest;
  }

  stop(): void {
    if (this.#endNs !== Number.POSITIVE_INFINITY) return;
    // To the end of this millisecond: the clock shows no less.
    this.#endNs = this.#nowNs() + NS_PER_MS;
    this.#endMs = performance.now() + LINGER_MS;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#counters.read();
    this.#isClosed = true;
    this.#dump.close();
    this.#parts.pcap.close(this.#parts.handle);
  }

  #nowNs(): number {
    return (Date.now() - this.#epochMs) * NS_PER_MS;
  }

  /** Puts what the ring holds into the batch, or what is left of what it held. */
  #take(): void {
    const batch = this.#batch;
    const dump = this.#dump;
    if (dump.unread === 0) this.#refill();
    dump.read(batch, this.#epochMs, MOST_SPAN_NS);
    if (dump.unread === 0) {
      batch.reachedNs = this.#reachedNs;
      this.#isOver = this.#isLast;
    }
    if (this.#endNs !== Number.POSITIVE_INFINITY) this.#cut();
    batch.marks = this.#losses;
    this.#losses = [];
    batch.number(this.#frames + 1);
    this.#frames += batch.count;
  }

  #refill(): void {
    const dump = this.#dump;
    // read before the ring is: what is found there may be later
    const nowNs = this.#nowNs();
    const nowMs = performance.now();
    dump.refill(BATCH_FRAMES);
    if (dump.isDrained) this.#reachedNs = Math.max(this.#reachedNs, nowNs - LINGER_MS * NS_PER_MS);
    if (dump.failure !== 0) this.#endFor(this.#parts.pcap.getError(this.#parts.handle));
    this.#isLast = nowMs >= this.#endMs && (dump.isDrained || dump.failure !== 0);
    if (nowMs >= this.#checkMs || this.#isLast) this.#check(nowMs);
  }

  #check(nowMs: number): void {
    this.#checkMs = nowMs + CHECK_MS;
    const { dropped } = this.#counters.latest;
    this.#counters.read();
    const sinceNs = this.#readNs;
    this.#readNs = this.#nowNs();
    const count = this.#counters.latest.dropped - dropped;
    if (count > 0) this.#losses.push({ frame: this.#frames, loss: { sinceNs, toldNs: this.#readNs, count } });
    this.#watchLink();
  }

  /** libpcap since 1.10 waits for an interface to come up again, without a word (pcap-linux.c, ENETDOWN), and may do so for one that is gone. */
  #watchLink(): void {
    const { state } = this.#link;
    if (state === "gone") this.#endFor("the interface is gone");
    else if (this.#isDown !== (state === "down")) {
      this.#isDown = state === "down";
      const what = this.#isDown ? "is down: no packet passes until it is up again" : "is up again";
      this.#parts.onWarning(`${this.name}: the interface ${what}`);
    }
  }

  /** The interface gives no more, for this reason. The frames still in its ring are given first, as after a stop. */
  #endFor(reason: string): void {
    if (this.#endNs !== Number.POSITIVE_INFINITY) return;
    this.failure = reason;
    this.stop();
  }

  /** Ends the capture with the last frame stamped before its end. */
  #cut(): void {
    const { timeNs, count } = this.#batch;
    let row = 0;
    while (row < count && timeNs[row] <= this.#endNs) row++;
    if (row === count) return;
    this.#batch.count = row;
    this.#isOver = true;
  }
}
