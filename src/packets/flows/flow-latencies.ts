import * as account from "./flow-records.js";
import { type LatencyDigest, LatencyDigests, type LatencySummary, summaryOf } from "./latency.js";
import { EXACT_SAMPLES } from "./latency-words.js";
import type { Heap } from "../memory/heap.js";
import { Samples } from "./samples.js";

/** The records of flows, wherever they are just now, and how many pairs each has. */
interface Accounts {
  readonly records: Int32Array;
  pairs(slot: number): number;
}

/** The latencies of flows, by their slots: few one by one, in the flow's record and behind it; many as digests. */
export class FlowLatencies {
  readonly samples: Samples;
  readonly digests: LatencyDigests;
  readonly #accounts: Accounts;
  readonly #listed = new Int32Array(2 * EXACT_SAMPLES);
  readonly #few = new Int32Array(2 * EXACT_SAMPLES);
  /** Those of flows that have some, by their addresses. */
  readonly #digestsOf = new Map<number, LatencyDigest>();

  /** `unitNs`: what most of them are multiples of. */
  constructor(heap: Heap, accounts: Accounts, unitNs: number) {
    this.samples = new Samples(heap, unitNs);
    this.digests = new LatencyDigests(heap);
    this.#accounts = accounts;
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
  digest(slot: number, outbound: number, count: number): LatencyDigest {
    const known = this.#digest(slot, outbound);
    if (known) return known;
    const { records } = this.#accounts;
    const record = slot << account.RECORD_BITS;
    const made = [0, 1].map((direction) => this.digests.make(this.#fewOf(slot, direction, count)));
    if (count > account.FEW_LATENCIES)
      this.samples.drop(records[record + account.LATENCIES + account.FEW_LATENCIES - 1]);
    for (const [direction, digest] of made.entries()) {
      records[record + account.LATENCIES + direction] = digest.address;
      this.#digestsOf.set(records[record + account.LATENCIES + direction], digest);
    }
    records[record + account.MORE_PAIRS] = 0;
    records[record + account.MORE_BYTES] = 0;
    records[record + account.BITS] |= account.HAS_DIGESTS;
    return made[outbound];
  }

  /** Lets those of a flow go, whose record still tells of them. */
  drop(slot: number): void {
    const { records } = this.#accounts;
    const latencies = (slot << account.RECORD_BITS) + account.LATENCIES;
    if (this.#hasDigests(slot)) for (const outbound of [0, 1]) this.#free(records[latencies + outbound]);
    else if (this.#accounts.pairs(slot) > account.FEW_LATENCIES)
      this.samples.drop(records[latencies + account.FEW_LATENCIES - 1]);
  }

  #hasDigests(slot: number): boolean {
    return (this.#accounts.records[(slot << account.RECORD_BITS) + account.BITS] & account.HAS_DIGESTS) !== 0;
  }

  /** What has the latencies of a direction, where they are not kept one by one. */
  #digest(slot: number, outbound: number): LatencyDigest | undefined {
    return this.#hasDigests(slot)
      ? this.#digestsOf.get(this.#accounts.records[(slot << account.RECORD_BITS) + account.LATENCIES + outbound])
      : undefined;
  }

  /** Those that are kept one by one, `count` of both directions; valid until the next call. */
  #fewOf(slot: number, outbound: number, count: number): Int32Array {
    const { records } = this.#accounts;
    const latencies = (slot << account.RECORD_BITS) + account.LATENCIES;
    const inRecord = count > account.FEW_LATENCIES ? account.FEW_LATENCIES - 1 : count;
    const listed = this.#listed;
    for (let at = 0; at < inRecord; at++) listed[at] = records[latencies + at];
    if (count > inRecord) this.samples.copy(records[latencies + inRecord], listed.subarray(inRecord, count));
    let few = 0;
    for (let at = 0; at < count; at++) if ((listed[at] & 1) === outbound) this.#few[few++] = listed[at] >> 1;
    return this.#few.subarray(0, few);
  }

  #free(address: number): void {
    this.#digestsOf.get(address)?.free();
    this.#digestsOf.delete(address);
  }
}
