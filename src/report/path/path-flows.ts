import type { Ends } from "../../packets/results/results.js";
import type { Journey } from "./journey.js";

/** A conversation along the path: a flow of each hop that it crosses, each the next one's continuation. */
export interface PathFlow {
  /** From 1, in the order in which their first journeys are told; several where they were taken for several at first. */
  readonly numbers: readonly number[];
  readonly proto: string;
  /** By point, its ends there, in the direction of its first packet; undefined where none was seen. */
  readonly ends: readonly (Ends | undefined)[];
  /** Whether that went from the container outwards. */
  readonly isOutbound: boolean;
  /** By hop, its flow there; undefined where it has none. */
  readonly flows: readonly (number | undefined)[];
  readonly packets: number;
  /** By hop, how many of its packets were dropped or refused there, as far as was known when they were told of. */
  readonly lost: readonly number[];
}

interface Entry extends PathFlow {
  numbers: number[];
  ends: (Ends | undefined)[];
  flows: (number | undefined)[];
  packets: number;
  lost: number[];
  /** How many of its flows go on. */
  live: number;
}

/** Chains the flows of hops: a journey that is of a flow in one hop and of another in the next makes one conversation of both. */
export class PathFlows {
  count = 0;
  readonly #byHop: readonly Map<number, Entry>[];
  readonly #points: number;
  readonly #tell: (flow: PathFlow) => void;

  constructor(points: number, tell: (flow: PathFlow) => void) {
    this.#points = points;
    this.#byHop = Array.from({ length: points - 1 }, () => new Map<number, Entry>());
    this.#tell = tell;
  }

  /** The conversation that a journey is of; undefined where no hop knows its flow. */
  note({ facts, seen, crossings, fates }: Journey): number | undefined {
    let entry: Entry | undefined;
    for (const { hop, flow } of [...crossings, ...fates]) {
      if (flow === undefined) continue;
      const known = this.#byHop[hop].get(flow);
      if (known === undefined || known === entry) continue;
      entry = entry === undefined ? known : this.#joined(entry, known);
    }
    const [first] = crossings;
    if (entry === undefined && first === undefined) return undefined;
    entry ??= this.#begin(facts.proto, first.isOutbound);
    for (const { hop, flow } of [...crossings, ...fates]) if (flow !== undefined) this.#add(entry, hop, flow);
    entry.packets++;
    for (const { hop, verdict } of fates) if (verdict === "dropped" || verdict === "refused") entry.lost[hop]++;
    if (first === undefined) return entry.numbers[0];
    for (const { point, ends } of seen)
      entry.ends[point] ??= first.isOutbound === entry.isOutbound ? ends : turned(ends);
    return entry.numbers[0];
  }

  /** A flow of a hop goes on no more. */
  end(hop: number, flow: number): void {
    const entry = this.#byHop[hop].get(flow);
    if (entry === undefined) return;
    this.#byHop[hop].delete(flow);
    entry.live--;
    if (entry.live === 0) this.#tell(entry);
  }

  #begin(proto: string, isOutbound: boolean): Entry {
    this.count++;
    const none = Array.from({ length: this.#points }, () => undefined);
    return {
      numbers: [this.count],
      proto,
      isOutbound,
      ends: none.slice(),
      flows: none.slice(1),
      packets: 0,
      lost: none.slice(1).map(() => 0),
      live: 0,
    };
  }

  #add(entry: Entry, hop: number, flow: number): void {
    if (this.#byHop[hop].has(flow)) return;
    this.#byHop[hop].set(flow, entry);
    entry.flows[hop] ??= flow;
    entry.live++;
  }

  #joined(one: Entry, other: Entry): Entry {
    const [entry, later] = one.numbers[0] < other.numbers[0] ? [one, other] : [other, one];
    for (const flows of this.#byHop) for (const [flow, of] of flows) if (of === later) flows.set(flow, entry);
    entry.numbers.push(...later.numbers);
    entry.packets += later.packets;
    entry.live += later.live;
    for (const [hop, count] of later.lost.entries()) entry.lost[hop] += count;
    for (const [hop, flow] of later.flows.entries()) entry.flows[hop] ??= flow;
    const isSame = later.isOutbound === entry.isOutbound;
    for (const [point, ends] of later.ends.entries())
      if (ends !== undefined) entry.ends[point] ??= isSame ? ends : turned(ends);
    this.count--;
    return entry;
  }
}

/** The same ends, as the other one sends. */
function turned({ src, srcPort, dst, dstPort, icmpId }: Ends): Ends {
  return { src: dst, srcPort: dstPort, dst: src, dstPort: srcPort, icmpId };
}
