import { keepNewest } from "../../../packets/keep-newest.js";
import type { Reason } from "../../../packets/reasons.js";
import type { Verdict } from "../../../packets/results.js";
import type { Side } from "../../../packets/sides.js";
import { mayBeAbout } from "../claims/refusals.js";
import type { Drop } from "./drop.js";
import { PATIENCE_NS } from "./open-drops.js";

/** Names under which packets are remembered at the most, the newest. */
const MOST_NAMES = 4096;
/** Of one name, so many: an error about it tells nothing where there are several. */
const MOST_OF_A_NAME = 2;

/** A packet of which nothing tells what became of it, and how it was judged. */
export interface Unknown
  extends Pick<Drop, "side" | "frame" | "flow" | "isSelected" | "isIpv6" | "way" | "timeNs" | "quotedAs" | "head"> {
  /** What was said of it last. */
  verdict: Verdict;
  reason: Reason;
}

/** The packets of which an ICMP error may tell later what became of them, or where others of their destination go. */
export class OpenUnknowns {
  /** By how errors name them, the newest last. */
  readonly #byName = new Map<string, readonly Unknown[]>();

  add(unknown: Unknown): void {
    const others = this.#byName.get(unknown.quotedAs) ?? [];
    this.#byName.delete(unknown.quotedAs);
    this.#byName.set(unknown.quotedAs, [...others, unknown].slice(-MOST_OF_A_NAME));
    keepNewest(this.#byName, MOST_NAMES);
  }

  /** Those that passed before the other capture began, as was said of them. */
  *beforeBegun(): Iterable<Unknown> {
    for (const unknowns of this.#byName.values())
      for (const unknown of unknowns) if (unknown.verdict === "no-overlap") yield unknown;
  }

  /** Those of a conversation that was seen to be forwarded, and nothing else. */
  *unseenOf(tuple: number): Iterable<Unknown> {
    for (const unknowns of this.#byName.values())
      for (const unknown of unknowns)
        if (unknown.way >> 1 === tuple && unknown.reason === "forwarded-unseen") yield unknown;
  }

  /** Those of before a time that errors may be about which name their packets so, and quote such payloads. */
  named(quotedAs: string, timeNs: number, heads: readonly number[]): readonly Unknown[] {
    return (this.#byName.get(quotedAs) ?? []).filter(
      (unknown) => timeNs - unknown.timeNs <= PATIENCE_NS && mayBeAbout(unknown, timeNs, heads),
    );
  }

  /** Has nothing more to tell of those of a side that passed between two times: something else is said of them now. */
  withdraw(side: Side, fromNs: number, toNs: number): void {
    for (const [name, unknowns] of this.#byName) {
      const left = unknowns.filter((each) => each.side !== side || each.timeNs < fromNs || each.timeNs > toNs);
      if (left.length === 0) this.#byName.delete(name);
      else this.#byName.set(name, left);
    }
  }

  /** Takes it that something is known of those named so. */
  close(quotedAs: string): void {
    this.#byName.delete(quotedAs);
  }
}
