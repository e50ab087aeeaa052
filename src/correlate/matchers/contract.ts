import type { Range } from "../../packets/results/results.js";
import type { Base } from "../kernel/base.js";
import type { Join, Link } from "./proxied/links.js";
import type { Undecided } from "./undecided.js";

/** What matchers work on, and who takes what they find. */
export interface About extends Base {
  readonly pairing: Pairing;
  /** Whether what keys and records leave out speaks against two packets, one as it entered and one as it left: who sent an ICMP error. */
  readonly mayBecome: (entered: number, left: number) => boolean;
  /** The frame of its own side that a packet may be a copy of, or have as one; undefined where there is none. */
  readonly repeatOf: (row: number) => number | undefined;
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

/** What is noted of packets beside the timeline, which is told of each by `note`. */
export interface Notes {
  /** Forgets a packet that the timeline is about to give back. */
  forget(row: number): void;
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
