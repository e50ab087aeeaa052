import { keepNewest } from "../../../packets/keep-newest.js";
import type { Verdict } from "../../../packets/results.js";
import { INSIDE } from "../../../packets/sides.js";
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
  /** Whether its translation is known, by which it entered where it was seen. */
  readonly isExplained: boolean;
  /** What was said of it last. */
  verdict: Verdict;
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

  /** Those that passed inside before the outside capture began, as was said of them. */
  *beforeBegun(): Iterable<Unknown> {
    for (const unknowns of this.#byName.values())
      for (const unknown of unknowns) if (unknown.side === INSIDE && unknown.verdict === "no-overlap") yield unknown;
  }

  /** Those of before a time that errors may be about which name their packets so, and quote such payloads. */
  named(quotedAs: string, timeNs: number, heads: readonly number[]): readonly Unknown[] {
    return (this.#byName.get(quotedAs) ?? []).filter(
      (unknown) => timeNs - unknown.timeNs <= PATIENCE_NS && mayBeAbout(unknown, timeNs, heads),
    );
  }

  /** Takes it that something is known of those named so. */
  close(quotedAs: string): void {
    this.#byName.delete(quotedAs);
  }
}
