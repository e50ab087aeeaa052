import type { Flow } from "../../packets/flows/flows.js";
import type { Reason } from "../../packets/results/reasons.js";
import type { Range } from "../../packets/results/results.js";
import type { Side } from "../../packets/sides.js";
import type { Base } from "../kernel/base.js";
import type { Survivors } from "./altered/survivors.js";
import type { Likes } from "./equals/likes.js";
import type { Completeness } from "./order/completeness.js";
import type { Join, Link } from "./links.js";
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

/**
 * A rule that finds twins where a key alone tells none. It answers what concerns it: the rest may be left out, and is not asked of it. `Matchers` asks all
 * of them, in one order, until one of them has an answer.
 */
export interface Matcher {
  /** What must be in a packet for `admit`: any of these WANTS_… bits. */
  readonly wants?: number;
  /** Takes a WAITING packet that was just appended to the timeline. */
  admit?(row: number): void;
  /** Whether it may find the twin of a WAITING packet whose window is over; where it says no, `settle` does nothing. */
  mayPair?(row: number): boolean;
  /**
   * Decides about such a packet. Afterwards it is paired, or AMBIGUOUS (with what is returned), or still WAITING: then this matcher knows no
   * twin of it.
   */
  settle?(row: number, nowNs: number): Undecided | null;

  /** Takes packets that may be each other's twins, and that nothing told apart … */
  leave?(rows: readonly number[]): void;
  /** … and each of them once its own window is over. */
  lapse?(row: number): void;
  /** Takes a packet that has no twin. Returns whether it may be one of those that were left so. */
  giveUp?(row: number): boolean;
  /** Forgets a packet that the timeline is about to give back: it is told of those that were noted there. */
  forget?(row: number): void;

  /** Takes it that the conversation of a tuple has a translation, … */
  translated?(tuple: number): void;
  /** … that it is told of for the last time, being one flow with another one, … */
  unlinked?(tuple: number): void;
  /** … or that its number is about to be released, … */
  released?(tuple: number): void;
  /** … and that any number of a way may have another meaning from now on. */
  forgetWays?(): void;

  /** All rows of the packet that one is a fragment of, the same list for each, as long as that is held; undefined where some are missing, or it is none. */
  wholeOf?(row: number): readonly number[] | undefined;
  /** What is known of a packet that its own side should have in another form as well; undefined where it need not. */
  oneForm?(row: number): OneForm | undefined;
  /** Where a proxy carries a packet on that has no translation; undefined where none is known to. */
  carriedOn?(row: number): Carried | undefined;
  /** What the other side has a part of, where a packet has no twin; undefined where it has none. `isLeaving`: whether the packet came out of the NAT. */
  partly?(row: number, isLeaving: boolean): Doubt | undefined;
  /** Why it cannot be said of a packet without a twin that it has none; undefined where nothing speaks against that. */
  doubt?(row: number): Doubt | undefined;
  /** The same where the other side lacks a packet that was to come out there: what may have become of it instead of being dropped. */
  doubtLoss?(row: number): Doubt | undefined;
  /** Whether a packet may have left as another one of its flow that has no twin either. */
  mayHaveBecome?(entered: number, left: number): boolean;
  /** Whether a packet without a twin may turn out to be carried on by a proxy, or to be what one sent: `news` says so then. */
  isSighted?(row: number): boolean;
  /** Of which of those that is known since it was asked last. */
  news?(): readonly Recognised[];
}

export interface Doubt {
  readonly reason: Reason;
  readonly why: string;
}

/** A packet that was turned round on its own side, or may have been, and is there in one form: before the rewrite, or after it. */
export interface OneForm {
  /** The frame that may be its other form, though too little speaks for that; undefined where there is none. */
  readonly like: number | undefined;
  readonly isBefore: boolean;
  /** Of one before the rewrite: whether it goes to a neighbour of its sender, whatever is rewritten: a bridge passes that straight on. */
  goesStraight(): boolean;
  /** Whether it may have come out after all, in pieces or merged with others. */
  mayHaveComeOut(): boolean;
  /** Whether what it carried arrived all the same, as it was acknowledged, and no copy of it came out. */
  hasArrived(): boolean;
  /** Whether its translation is known to have been there still: others went by it behind the packet. */
  isAlive(): boolean;
}

export interface Carried {
  readonly side: Side;
  readonly tuple: number;
  /** How: as bytes of a stream, as a datagram like it, or not at all, though others of its conversation are. */
  readonly as: "stream" | "datagram" | "nothing";
}

/** A datagram of which it was not known when it was judged that a proxy sent it on, and the conversation of its twin. */
export interface Recognised {
  readonly spot: { readonly side: Side; readonly tuple: number; readonly frame: number };
  readonly other: { readonly side: Side; readonly tuple: number };
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
   * each form stands for all. `flow`: as packets have it that go that way. Returns how long that took, nanoseconds.
   */
  turned(befores: readonly number[], afters: readonly number[], flow: Flow, evidence: number): number;
}
