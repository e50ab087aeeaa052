import { HAS_IP_ID, HAS_TCP_NUMBERS, IS_IPV6, identityOf, tellsSendingTime } from "../../../packets/packets.js";
import {
  ALTERED_ECN,
  ALTERED_IP_ID,
  ALTERED_OPTIONS,
  ALTERED_PAYLOAD,
  ALTERED_WINDOW,
} from "../../../packets/results/evidence.js";
import type { Kernel } from "../../kernel/kernel.js";
import { UsualGaps } from "./usual-gaps.js";

/** So many altered packets that have a number of their own say that the router alters such: of other content, two coincidences are too many. */
const LEAST = 2;
/** So many say it without: a sender may say the same again, which was lost once and missed once. With fewer, they must outnumber those left alone … */
const FEW = 8;
/** … and else be one in so many: of packets without an IP ID that is the same on both sides, a lost one may look like its retransmission … */
const LEAST_SHARE = 4;
/** … and one with it hardly does, unless its sender gives the same to all. */
const LEAST_SHARE_SAME_ID = 64;
/** A change is usual if one in so many packets has it: a retransmission may have another window as well … */
const LEAST_USUAL_SHARE = 128;
/** … and has other timestamps for sure, while a router that strips options does so to most. */
const LEAST_OPTIONS_SHARE = 2;
/** What lies so many windows back is not asked for any more. */
const PAST_WINDOWS = 3;

/** Of what kind a packet is: what a router alters of one it need not alter of another. */
export const NO_SEGMENT = 0;
export const SEGMENT = 1;
export const SYN_SEGMENT = 2;
export type SegmentKind = typeof NO_SEGMENT | typeof SEGMENT | typeof SYN_SEGMENT;
const KINDS = 3;

/** All that `alterations` tells. */
const CHANGES = ALTERED_PAYLOAD << 1;
/** What may have changed unseen: of options and window, hashes of few bits are compared. */
const HIDDEN = [0, ALTERED_OPTIONS, ALTERED_WINDOW, ALTERED_OPTIONS | ALTERED_WINDOW] as const;

/** What a router is seen to do to packets, beyond what it takes to translate them. */
export interface Rewriting {
  /** Whether it may have made one of two packets of the other that carry the same and have other keys, with these IP IDs, 0 for none. */
  mayHaveAltered(ipId: number, otherId: number): boolean;
}

/**
 * What survives between these two points, learnt from packets of which each side has one of that content: how many the router altered, in
 * what, and how long that took; held against those whose keys are equal. Each way is learnt by itself.
 */
export class Survivors implements Rewriting {
  /** Gaps of what looks like twins, inbound and outbound. */
  readonly gaps: readonly [UsualGaps, UsualGaps];
  readonly #kernel: Kernel;
  /** By whether the IP ID is the same, each by direction and `identityOf`: all … */
  readonly #altered = [new Int32Array(8), new Int32Array(8)] as const;
  /** … and those that have a number. */
  readonly #numbered = [new Int32Array(8), new Int32Array(8)] as const;
  /** By direction, kind, and ALTERED_… bits. */
  readonly #changes = new Int32Array(2 * KINDS * CHANGES);
  readonly #totals = new Int32Array(2 * KINDS);
  readonly #renumbered = new Int32Array(2);

  constructor(kernel: Kernel, windowNs: number) {
    this.#kernel = kernel;
    const gaps = () => new UsualGaps(PAST_WINDOWS * windowNs);
    this.gaps = [gaps(), gaps()];
  }

  /**
   * Takes two packets that look like twins, by the direction they go, the flags of the one that enters, its kind, what
   * differs in them (ALTERED_… bits), and whether both have the same IP ID.
   */
  note(isOutbound: boolean, flags: number, kind: SegmentKind, changes: number, isSameId: boolean): void {
    const at = placeOf(isOutbound, kind);
    this.#changes[at * CHANGES + changes]++;
    this.#totals[at]++;
    // the MSS of a SYN is clamped by many a router that leaves all else alone
    if (kind === SYN_SEGMENT && isSameId) return;
    this.#altered[isSameId ? 1 : 0][indexOf(isOutbound, flags)]++;
    if (isNumbered(flags)) this.#numbered[isSameId ? 1 : 0][indexOf(isOutbound, flags)]++;
    if ((changes & ALTERED_IP_ID) !== 0) this.#renumbered[isOutbound ? 1 : 0]++;
  }

  /** Whether such packets of one IP version are altered on their way, and not each another one's retransmission. Parameters as of `note`. */
  isAltering(isOutbound: boolean, flags: number, kind: SegmentKind, isSameId: boolean): boolean {
    if (kind === SYN_SEGMENT && isSameId) return true;
    // what keeps its ID does so by chance
    if (!isSameId && (flags & HAS_IP_ID) !== 0 && this.isRenumbering(isOutbound)) return true;
    // a segment with another one may be what was sent again, unless many have
    if (!isSameId && (flags & HAS_IP_ID) !== 0 && (flags & HAS_TCP_NUMBERS) !== 0) return false;
    const hasNumber = isNumbered(flags);
    const altered = (hasNumber ? this.#numbered : this.#altered)[isSameId ? 1 : 0];
    const count = altered[indexOf(isOutbound, flags)];
    const least = hasNumber ? LEAST : FEW;
    if (count === 0 || count + altered[indexOf(!isOutbound, flags)] < least) return false;
    const intact = this.#kernel.tally.intact(isOutbound, flags);
    return count > intact || (count >= FEW && count * (isSameId ? LEAST_SHARE_SAME_ID : LEAST_SHARE) >= intact);
  }

  /** Whether what differs in two packets differs in others, too; true where too few are known to tell. */
  isUsual(isOutbound: boolean, kind: SegmentKind, changes: number): boolean {
    const at = placeOf(isOutbound, kind);
    const total = this.#totals[at];
    if (total < FEW) return true;
    const share = (changes & ALTERED_OPTIONS) !== 0 && kind === SEGMENT ? LEAST_OPTIONS_SHARE : LEAST_USUAL_SHARE;
    return HIDDEN.some((hidden) => {
      const count = this.#changes[at * CHANGES + (changes | hidden)];
      return count >= 2 && count * share >= total;
    });
  }

  /**
   * Whether the router gives packets that go this way IP IDs of its own: then an ID that is the same on both sides is chance, and no
   * evidence.
   */
  isRenumbering(isOutbound: boolean): boolean {
    return this.mayRenumber(isOutbound, FEW);
  }

  /** The same of either way: then keys with an ID are no evidence. */
  get isRenumberingAny(): boolean {
    return this.isRenumbering(true) || this.isRenumbering(false);
  }

  /** Whether it may, by so many packets at least. */
  mayRenumber(isOutbound: boolean, least: number): boolean {
    const renumbered = this.#renumbered[isOutbound ? 1 : 0];
    if (renumbered < least) return false;
    const { tally } = this.#kernel;
    const withId = tally.intact(isOutbound, HAS_IP_ID) + tally.intact(isOutbound, HAS_IP_ID | IS_IPV6);
    return renumbered * LEAST_SHARE >= withId;
  }

  mayHaveAltered(ipId: number, otherId: number): boolean {
    const isAlteredIn = (bit: number): boolean => this.#kernel.tally.alteredIn(bit) > 0;
    const isRenumbered = isAlteredIn(ALTERED_IP_ID) && (this.mayRenumber(true, 1) || this.mayRenumber(false, 1));
    return isRenumbered || (ipId === otherId && [ALTERED_OPTIONS, ALTERED_WINDOW, ALTERED_ECN].some(isAlteredIn));
  }
}

/** Whether something tells a packet with these flags from every other one of its sender, but for a segment sent again. */
function isNumbered(flags: number): boolean {
  return (flags & HAS_TCP_NUMBERS) !== 0 || tellsSendingTime(flags);
}

function indexOf(isOutbound: boolean, flags: number): number {
  return (isOutbound ? 4 : 0) | identityOf(flags);
}

function placeOf(isOutbound: boolean, kind: SegmentKind): number {
  return (isOutbound ? KINDS : 0) + kind;
}
