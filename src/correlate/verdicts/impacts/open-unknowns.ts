import { joined } from "../../../packets/memory/joined.js";
import { addTo, type Lists, takeOut } from "../../../packets/memory/lists.js";
import type { Judgement } from "../../../packets/results/results.js";
import { INSIDE, type Side } from "../../../packets/sides.js";
import { type Drop, type Late, mayBeAbout, mayBeHeldUp, type Naming } from "./drop.js";

/** Names, and keys, under which packets are remembered at the most, the newest. */
const MOST_NAMES = 4096;
/** Of a name, so many: there must be as many errors as packets that they may be about, and of more packets nobody counts them. */
const MOST_OF_A_NAME = 16;
/** Of a key, so many: more than one of it tells nothing. */
const MOST_OF_A_KEY = 2;

/** A packet of which nothing tells what became of it, and how it was judged. */
export interface Unknown
  extends Pick<
    Drop,
    | "side"
    | "frame"
    | "flow"
    | "isSelected"
    | "isIpv6"
    | "way"
    | "timeNs"
    | "quotedAs"
    | "head"
    | "key"
    | "proto"
    | "isUnique"
  > {
  /** Whether its translation is known, by which it entered where it was seen. */
  readonly isExplained: boolean;
  /** What was said of it last. */
  said: Pick<Judgement, "verdict" | "reason">;
}

/** The packets of which an ICMP error, or their like, may tell later what became of them, or where others of their destination go. */
export class OpenUnknowns {
  /** By how errors name them, and by what their twins would have, the newest last. */
  readonly #byName: Lists<string, Unknown> = new Map();
  readonly #byKey: Lists<string, Unknown> = new Map();

  /** Of these, and of others that were judged, those that a proxy may have sent on, or sent itself, by where they are: see `Relays`. */
  readonly #sighted: Lists<string, Unknown> = new Map();

  /** Packets that were said to stay between neighbours, before the outside capture began, or to take another interface, by their conversation. */
  readonly #uncrossed: Lists<string, Unknown> = new Map();

  /** Takes one of those … */
  addUncrossed(unknown: Unknown): void {
    addTo(this.#uncrossed, String(unknown.way >> 1), unknown, MOST_OF_A_NAME, MOST_NAMES);
  }

  /** … and gives those of a conversation, and has nothing more to tell of them. */
  takeUncrossed(tuple: number): readonly Unknown[] {
    if (this.#uncrossed.size === 0) return [];
    const uncrossed = this.#uncrossed.get(String(tuple)) ?? [];
    this.#uncrossed.delete(String(tuple));
    return uncrossed;
  }

  /** Takes one that a proxy may turn out to have sent on, or to have sent. */
  addSighted(unknown: Unknown): void {
    addTo(this.#sighted, spotOf(unknown), unknown, 1, MOST_NAMES);
  }

  /** Has one of those be known. */
  takeSighted(side: Side, frame: number): Unknown | undefined {
    const [unknown] = this.#sighted.get(spotOf({ side, frame })) ?? [];
    if (unknown === undefined) return undefined;
    const isIt = (each: Unknown): boolean => each === unknown;
    takeOut(this.#sighted, spotOf(unknown), isIt);
    takeOut(this.#byName, unknown.quotedAs, isIt);
    takeOut(this.#byKey, unknown.key, isIt);
    return unknown;
  }

  add(unknown: Unknown): void {
    addTo(this.#byName, unknown.quotedAs, unknown, MOST_OF_A_NAME, MOST_NAMES);
    addTo(this.#byKey, unknown.key, unknown, MOST_OF_A_KEY, MOST_NAMES);
  }

  /** The oldest that may be a packet that came out late: no other one may be. Undefined where there is none. */
  takeLike(late: Late): Unknown | undefined {
    const like = this.#byKey.get(late.key)?.find((unknown) => mayBeHeldUp(unknown, late));
    if (like !== undefined) takeOut(this.#byKey, late.key, (each) => each === like);
    return like;
  }

  /** Those that passed inside before the outside capture began, as was said of them. */
  *beforeBegun(): Iterable<Unknown> {
    for (const unknowns of this.#byName.values())
      for (const unknown of unknowns)
        if (unknown.side === INSIDE && unknown.said.verdict === "no-overlap") yield unknown;
  }

  /** Those of a conversation. */
  *of(tuple: number): Iterable<Unknown> {
    for (const unknowns of this.#byName.values())
      for (const unknown of unknowns) if (unknown.way >> 1 === tuple) yield unknown;
  }

  /** Those that ICMP errors may be about which name their packets so. */
  named(quotedAs: string, errors: Naming): readonly Unknown[] {
    return (this.#byName.get(quotedAs) ?? []).filter((unknown) => mayBeAbout(unknown, errors));
  }

  /** Whether errors may be about more packets than are remembered under their name. */
  isCrowded(quotedAs: string, { timeNs, withinNs }: Naming): boolean {
    const unknowns = this.#byName.get(quotedAs);
    return unknowns?.length === MOST_OF_A_NAME && timeNs - unknowns[0].timeNs <= withinNs;
  }

  /** Has nothing more to tell of those of a side that passed between two times: something else is said of them now. */
  withdraw(side: Side, fromNs: number, toNs: number): void {
    const isSo = (each: Unknown): boolean => each.side === side && each.timeNs >= fromNs && each.timeNs <= toNs;
    for (const unknowns of [this.#byName, this.#byKey, this.#sighted, this.#uncrossed])
      for (const key of unknowns.keys()) takeOut(unknowns, key, isSo);
  }

  /** Takes it that something is known of those named so. */
  close(quotedAs: string): void {
    this.#byName.delete(quotedAs);
  }
}

function spotOf({ side, frame }: Pick<Unknown, "side" | "frame">): string {
  return joined(side, frame);
}
