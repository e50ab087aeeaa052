import type { FlowAccounts } from "../../packets/flows/flow-accounts.js";
import type { LatencyDigest } from "../../packets/flows/latency.js";
import { asDoubles, type Heap } from "../../packets/memory/heap.js";
import { NONE } from "../../packets/tuples.js";
import * as entries from "./entries.js";
import * as words from "./kernel-words.js";

/** Counts the latencies of pairs: all of a direction, and those of flows that have too many to keep one by one. */
export class Latencies {
  /** Of all pairs, by direction: at `outbound`. */
  readonly #digests: readonly [LatencyDigest, LatencyDigest];
  readonly #accounts: FlowAccounts;
  /** Those that no digest counted yet: see `entries.ts`. */
  readonly #words: Int32Array;
  readonly #latencyNs: Float64Array;

  constructor(block: Int32Array, heap: Heap, accounts: FlowAccounts) {
    this.#accounts = accounts;
    this.#digests = [accounts.latencies.digests.make(), accounts.latencies.digests.make()];
    this.#words = heap.take(Int32Array, (entries.MOST_LATENCIES + 1) << entries.LATENCY_BITS);
    this.#latencyNs = asDoubles(this.#words);
    block[words.LATENCIES] = this.#words.byteOffset;
    for (const [outbound, { address }] of this.#digests.entries()) block[words.DIGESTS + outbound] = address;
  }

  /** Latencies of all pairs that went in a direction. */
  of(isOutbound: boolean): LatencyDigest {
    return this.#digests[isOutbound ? 1 : 0];
  }

  /** Adds the latencies that no digest counted yet to those of all pairs, and to those of flows that have too many to keep one by one. */
  count(latencies: number): void {
    for (let at = 0; at < latencies << entries.LATENCY_BITS; at += 1 << entries.LATENCY_BITS) {
      const latencyNs = this.#latencyNs[(at >> 1) + entries.LATENCY_NS];
      const facts = this.#words[at + entries.LATENCY_FACTS];
      const slot = this.#words[at + entries.LATENCY_SLOT];
      const isOutbound = (facts & entries.IS_OUTBOUND) !== 0;
      if ((facts & entries.IS_COUNTED) === 0) this.of(isOutbound).add(latencyNs);
      if (slot === NONE) continue;
      this.#accounts.latencies.digest(slot, isOutbound, facts >>> entries.KNOWN_SHIFT).add(latencyNs);
    }
  }
}
