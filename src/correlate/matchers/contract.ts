import type { Reason } from "../../packets/results/reasons.js";
import type { Range } from "../../packets/results/results.js";
import type { Side } from "../../packets/sides.js";
import type { Base } from "../kernel/base.js";
import type { Survivors } from "./altered/survivors.js";
import type { Likes } from "./equals/likes.js";
import type { Completeness } from "./order/completeness.js";
import type { Join, Link } from "./proxied/links.js";
import type { Undecided } from "./undecided.js";

/** What is learnt of packets that several matchers go by, and verdicts. */
export interface Learnt extends Base {
  /** What the captures may miss of what entered. */
  readonly completeness: Completeness;
  /** What is like packets that have no twin. */
  readonly likes: Likes;
  /** What the router leaves of packets as it was. */
  readonly survivors: Survivors;
}

/** What matchers work on, and who takes what they find. */
export interface About extends Learnt {
  readonly pairing: Pairing;
  /** Whether what keys and records leave out speaks against two packets, one as it entered and one as it left: who sent an ICMP error. */
  readonly mayBecome: (entered: number, left: number) => boolean;
  /** Whether an outside address is known to be the NAT's own. */
  readonly isNat: (address: string) => boolean;
  readonly link: Link;
  readonly join: Join;
}

/** A matcher that sees packets as they come. */
export interface Admits {
  /** What must be in a packet for that: any of these WANTS_… bits. */
  readonly wants: number;
  /** Takes a WAITING packet that was just appended to the timeline. */
  admit(row: number): void;
}

/** A matcher that decides about packets whose window is over. */
export interface Settles {
  /** Whether it may find the twin of a WAITING packet whose window is over; where it says no, `settle` does nothing. */
  mayPair(row: number): boolean;
  /**
   * Decides about such a packet. Afterwards it is paired, or AMBIGUOUS (with what is returned), or still WAITING: then this matcher knows no
   * twin of it.
   */
  settle(row: number, nowNs: number): Undecided | null;
}

/** A matcher that goes by what becomes of packets that it does not pair. */
export interface Leaves {
  /** Takes packets that may be each other's twins, and that nothing told apart. */
  leave(rows: readonly number[]): void;
}

/** … and by those that have no twin. */
export interface GivesUp {
  /** Takes a packet that has no twin: a like of it on the other side may be judged later. */
  giveUp(row: number): void;
}

/** A matcher that may know why a packet without a twin need not have been dropped. */
export interface Doubts {
  /** What may be so instead, of a packet that seems never to have come out; undefined where nothing speaks for anything. */
  doubt(row: number): Doubt | undefined;
}

export interface Doubt {
  readonly reason: Reason;
  readonly why: string;
}

/** A matcher that knows which conversations a proxy carries on. */
export interface CarriesOn {
  /** Where a packet without a translation is carried on; null where it is not, as far as is known. */
  carriedOn(row: number): Carried | null;
}

export interface Carried {
  readonly side: Side;
  readonly tuple: number;
  /** How: as bytes of a stream, as a datagram like it, or not at all, though others of its conversation are. */
  readonly as: "stream" | "datagram" | "nothing";
}

/** A matcher that keeps something of conversations, by their tuples: until the tuple is about to be released … */
export interface KeepsTuples {
  released(tuple: number): void;
}

/** … or the conversation is known to have a translation after all … */
export interface KeepsUntranslated {
  translated(tuple: number): void;
}

/** … or what was one conversation with it, on both sides of a proxy or of a turn, is told of for the last time. */
export interface KeepsLinks {
  unlinked(tuple: number): void;
}

/** A matcher that keeps something of ways, by their numbers, which are about to get another meaning. */
export interface KeepsWays {
  forgetWays(): void;
}

/** Takes the pairs that matchers find. */
export interface Pairing {
  /** Takes two packets that were just made each other's twins on the timeline. */
  paired(inside: number, outside: number): void;
  /**
   * Pairs waiting packets of both sides, whichever is inside, that together are each other's twins; in the order of their bytes, the first of
   * each side stands for all. `by`, `evidence` and `altered` (nothing if not given) as in `Timeline`; `missing`: what was lost on its way of
   * the bytes of a segment.
   */
  pairGroup(
    some: readonly number[],
    others: readonly number[],
    slot: number,
    by: number,
    evidence: number,
    altered?: number,
    missing?: readonly Range[],
  ): void;
  /**
   * Makes waiting packets of one side the two forms of one that was turned round there, before a rewrite and after it; in the order of their bytes, the first of
   * each form stands for all. Returns how long that took, nanoseconds.
   */
  turned(befores: readonly number[], afters: readonly number[], evidence: number): number;
}
