import type { Containers } from "../packets/results/containers.js";
import { ofNamed } from "../packets/results/findings.js";
import { Gathered, Named } from "../packets/results/gathered.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import type { Ends, FlowSummary, Judgement, Sink, Summary } from "../packets/results/results.js";
import type { Verdict } from "../packets/results/verdicts.js";
import { saidAddress } from "../packets/results/sentence.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";
import { NO_MAC } from "../protocols/mac.js";
import { endsOf } from "./ends.js";
import { epochNsOf } from "../packets/results/epoch-ns.js";

/** So many addresses are told of. */
const MOST_ADDRESSES = 1000;

/** What came in from outside by a container's address, and from when to when, nanoseconds on the timeline. */
class Clash extends Gathered {
  fromNs = Number.POSITIVE_INFINITY;
  throughNs = Number.NEGATIVE_INFINITY;

  lived(fromNs: number, throughNs: number): this {
    this.fromNs = Math.min(this.fromNs, fromNs);
    this.throughNs = Math.max(this.throughNs, throughNs);
    return this;
  }
}

/**
 * Passes all results on, and tells at the end which containers' addresses another host has, too (`address-clash`): packets from there came in from outside, from a MAC
 * address that is neither the host's nor a container's. What answers them goes to the container.
 */
export class AddressClashes extends PassingSink {
  readonly #containers: Containers;
  readonly #clashes = new Map<string, Clash>();

  constructor(next: Sink, containers: Containers) {
    super(next);
    this.#containers = containers;
  }

  override wantsVerdict(verdict: Verdict): boolean {
    return verdict === "unknown" || super.wantsVerdict(verdict);
  }

  override unmatched(row: number, judgement: Judgement): void {
    const { timeline: t } = this.tables;
    if (judgement.verdict === "unknown" && t.side(row) === OUTSIDE) {
      const epochNs = epochNsOf(this.tables, row);
      const clash = this.#clashOf(endsOf(this.tables, row), epochNs, epochNs);
      clash?.lived(t.timeNs(row), t.timeNs(row)).add(OUTSIDE, t.frame(row), this.tables.flowOf(row), t.isIpv6(row));
    }
    super.unmatched(row, judgement);
  }

  override flow(flow: FlowSummary): void {
    const { initiator, sides, outside, firstNs, lastNs } = flow;
    if (initiator === "outside" && sides[0] !== sides[1]) {
      const [from, through] = [firstNs, lastNs].map((ns) => Number(ns - this.tables.epochsNs[INSIDE]));
      this.#clashOf(outside, firstNs, lastNs)?.lived(from, through).addFlow(flow);
    }
    super.flow(flow);
  }

  override end(summary: Summary): void {
    const all = new Named();
    for (const [address, clash] of this.#clashes) {
      const { fromNs, throughNs } = clash;
      all.addAll(clash);
      all.named.add(saidAddress(address, { fromNs, throughNs }));
    }
    const text = "another host has addresses that containers have here, as packets came in on outside from there";
    for (const finding of ofNamed("address-clash", all, text)) this.next.finding(finding);
    super.end(summary);
  }

  /** What came in by the same address as this one, which a container has here at that time; undefined where it did not. */
  #clashOf(ends: Ends, fromNs: bigint, throughNs: bigint): Clash | undefined {
    const { src, srcMac: mac = NO_MAC } = ends;
    const containers = this.#containers;
    // what a container sent untranslated left by the host's MAC address, or by its own
    if (mac === NO_MAC || containers.isOwnMac(mac) !== false || containers.isContainersMac(mac)) return undefined;
    const having = containers.having(src, fromNs, throughNs);
    if (having === undefined || having.isOutside === true) return undefined;
    const known = this.#clashes.get(src);
    if (known !== undefined || this.#clashes.size === MOST_ADDRESSES) return known;
    const clash = new Clash();
    this.#clashes.set(src, clash);
    return clash;
  }
}
