import { IS_ERROR } from "../packets/packets.js";
import type { AnsweredNames } from "../packets/results/answers.js";
import type { Containers } from "../packets/results/containers.js";
import type { Ends, FlowSummary, Tables } from "../packets/results/results.js";
import { endsOf } from "./ends.js";

/** What DNS answers called the two ends of a packet, or of a flow; undefined where nothing tells. */
export type Called = readonly [src: string | undefined, dst: string | undefined];

const NOT_CALLED: Called = [undefined, undefined];

/** The names that ends have by DNS answers: each by what the other end was told before they spoke. */
export class AnsweredEnds {
  readonly #tables: Tables;
  readonly #answers: AnsweredNames;
  readonly #containers: Pick<Containers, "isOwn">;

  /** `containers`: what is known of the host, whose own addresses nobody else names. */
  constructor(tables: Tables, answers: AnsweredNames, containers: Pick<Containers, "isOwn">) {
    this.#containers = containers;
    this.#tables = tables;
    this.#answers = answers;
  }

  /** Whether a row's packet may have any. */
  mayCall(row: number): boolean {
    const { timeline, tuples } = this.#tables;
    // the outer addresses of an error are its own
    if ((timeline.flags(row) & IS_ERROR) !== 0) return true;
    const tuple = timeline.tuple(row);
    const mayName = (isA: boolean): boolean =>
      this.#answers.mayName(tuples.isIpv6(tuple), tuples.words, tuples.address(tuple, isA));
    return mayName(true) || mayName(false);
  }

  /** Those of a row's packet. `inside`: the row of its inside form, where there is one: whoever asked is known there. */
  ofRow(row: number, inside = row): Called {
    if (!this.mayCall(row)) return NOT_CALLED;
    const ends = endsOf(this.#tables, row);
    return this.#of(ends, inside === row ? ends : endsOf(this.#tables, inside), this.#tables.beganNs(inside));
  }

  /** That of an address to whoever spoke to it from a time on, epoch nanoseconds. `peer`: who that is, inside. */
  ofAddress(address: string, peer: string, sinceNs: bigint): string | undefined {
    if (this.#containers.isOwn(address)) return undefined;
    return this.#answers.nameOf(address, peer, sinceNs, this.#tables.offsetNs);
  }

  /** Those of a flow's ends, on one of its sides. */
  ofFlow(ends: Ends, { inside, firstNs }: Pick<FlowSummary, "inside" | "firstNs">): Called {
    return this.#of(ends, inside, firstNs);
  }

  #of(ends: Ends, inside: Ends, sinceNs: bigint): Called {
    return [this.ofAddress(ends.src, inside.dst, sinceNs), this.ofAddress(ends.dst, inside.src, sinceNs)];
  }
}
