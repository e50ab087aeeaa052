import type * as steps from "./assembly/flow-steps.js";
import { type LatencyDigest, LatencyDigests, type LatencySummary, summaryOf } from "./latency.js";
import { EXACT_SAMPLES } from "./latency-words.js";
import type { Heap } from "../memory/heap.js";
import type { Steps } from "../memory/steps.js";
import { Samples } from "./samples.js";

/** The accounts of flows, and how many pairs each has. */
interface Accounts {
  readonly block: number;
  readonly steps: Steps<typeof steps>;
  pairs(slot: number): number;
}

/** The latencies of flows, by their slots: few one by one, in the flow's record and behind it; many as digests. */
export class FlowLatencies {
  readonly samples: Samples;
  readonly digests: LatencyDigests;
  readonly #accounts: Accounts;
  readonly #few: Int32Array;
  /** Those of flows that have some, by their addresses. */
  readonly #digestsOf = new Map<number, LatencyDigest>();

  /** `unitNs`: what most of them are multiples of. */
  constructor(heap: Heap, accounts: Accounts, unitNs: number) {
    this.samples = new Samples(heap, unitNs);
    this.digests = new LatencyDigests(heap);
    this.#accounts = accounts;
    this.#few = heap.take(Int32Array, 2 * EXACT_SAMPLES);
  }

  /** What those of all pairs that went that way come to; null where there were none. */
  summary(slot: number, isOutbound: boolean): LatencySummary | null {
    const outbound = isOutbound ? 1 : 0;
    const digest = this.#digest(slot, outbound);
    return digest ? digest.summary() : summaryOf(this.#fewOf(slot, outbound, this.#accounts.pairs(slot)));
  }

  /** That of the first pair that went that way, or, where they are not kept one by one, the least of them; 0 where none did. */
  firstNs(slot: number, isOutbound: boolean): number {
    const outbound = isOutbound ? 1 : 0;
    return this.#digest(slot, outbound)?.minNs ?? this.#fewOf(slot, outbound, this.#accounts.pairs(slot)).at(0) ?? 0;
  }

  /** Where those go that are not kept one by one: `count` of both directions were up to now. */
  digest(slot: number, isOutbound: boolean, count: number): LatencyDigest {
    const outbound = isOutbound ? 1 : 0;
    const known = this.#digest(slot, outbound);
    if (known) return known;
    const { steps, block } = this.#accounts;
    const made = [0, 1].map((direction) => this.digests.make(this.#fewOf(slot, direction, count)));
    for (const digest of made) this.#digestsOf.set(digest.address, digest);
    steps.keepDigests(block, slot, count, made[0].address, made[1].address);
    return made[outbound];
  }

  /** Lets the digests of a flow go, whose record still tells of them. */
  free(slot: number): void {
    for (const outbound of [0, 1]) {
      const digest = this.#digest(slot, outbound);
      if (digest === undefined) return;
      this.#digestsOf.delete(digest.address);
      digest.free();
    }
  }

  /** What has the latencies of a direction, where they are not kept one by one. */
  #digest(slot: number, outbound: number): LatencyDigest | undefined {
    const { steps, block } = this.#accounts;
    // an address is unsigned, and what WebAssembly returns is not
    return this.#digestsOf.get(steps.digestOf(block, slot, outbound) >>> 0);
  }

  /** Those that are kept one by one, `count` of both directions; valid until the next call. */
  #fewOf(slot: number, outbound: number, count: number): Int32Array {
    const { steps, block } = this.#accounts;
    return this.#few.subarray(0, steps.listLatencies(block, slot, outbound, count, this.#few.byteOffset));
  }
}
