import type { Flow } from "../packets/flows/flows.js";
import { Heap } from "../packets/memory/heap.js";
import { type LatencyDigest, LatencyDigests } from "../packets/flows/latency.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import { copyOf, type FlowSummary } from "../packets/results/results.js";
import { INSIDE } from "../packets/sides.js";

/** What the pairs of a flow come to that were shown. */
interface Shown {
  bytes: number;
  lastNs: number;
  /** How long those took that travelled inbound, and outbound. */
  readonly latencies: readonly [LatencyDigest, LatencyDigest];
}

/**
 * Passes on the results of a run that ends after so many pairs. Others were found by then, which an earlier packet held up: what is told of flows
 * is about those that were shown, as the totals are.
 */
export class Limited extends PassingSink {
  readonly #digests = new LatencyDigests(new Heap());
  /** By the id of the flow. */
  readonly #shown = new Map<number, Shown>();

  override get wantsPairs(): boolean {
    return true;
  }

  override get pairTimes(): undefined {
    return undefined;
  }

  override pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    const tables = this.tables;
    const shown = this.#of(flow.id);
    // of a segment that lost pieces, what left has crossed
    shown.bytes += tables.lengthOf(isOutbound && tables.missingOf(inside) !== undefined ? outside : inside);
    shown.lastNs = Math.max(shown.lastNs, tables.timeline.timeNs(inside));
    shown.latencies[isOutbound ? 1 : 0].add(latencyNs);
    if (super.wantsPairs) super.pair(inside, outside, flow, isOutbound, latencyNs);
  }

  override flow(flow: FlowSummary): void {
    const shown = flow.nat === "proxy" ? undefined : this.#of(flow.id);
    if (shown === undefined) super.flow(flow);
    else super.flow({ ...copyOf(flow), ...this.#told(shown) });
    shown?.latencies.forEach((digest) => digest.free());
    this.#shown.delete(flow.id);
  }

  #of(id: number): Shown {
    let shown = this.#shown.get(id);
    if (shown === undefined) {
      const latencies = [this.#digests.make(), this.#digests.make()] as const;
      this.#shown.set(id, (shown = { bytes: 0, lastNs: Number.NEGATIVE_INFINITY, latencies }));
    }
    return shown;
  }

  #told({ bytes, lastNs, latencies: [inbound, outbound] }: Shown): Partial<FlowSummary> {
    return {
      pairs: inbound.count + outbound.count,
      pairsOutbound: outbound.count,
      bytes,
      ...(lastNs > Number.NEGATIVE_INFINITY && { lastNs: this.tables.epochsNs[INSIDE] + BigInt(Math.round(lastNs)) }),
      latency: { outbound: outbound.summary(), inbound: inbound.summary() },
    };
  }
}
