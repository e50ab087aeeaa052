import { OUTSIDE, otherSide, type Side, SIDE_NAMES, SIDES } from "../../../packets/sides.js";
import type { Tally } from "../../kernel/tally.js";

/** A capture that so many packets entered by, and fewer, shows nothing of how many it misses. */
const LEAST_ENTERED = 16;
/** A capture that misses so few packets is believed where it lacks one: of a hundred that are called dropped, one may have been missed. */
const TOLERATED = 0.01;
/** What a capture lacks has another reason than chance if that is rarer than one in two to the power of so many. */
const CHANCE_BITS = 20;

/**
 * How much each capture misses. What comes out of the NAT must have come in: where the other capture lacks it, that one missed it, or a
 * router changed it beyond recognition. Both are reasons not to believe that a packet never came out where that capture lacks it.
 */
export class Misses {
  /** By side: packets that came out on the other one, by a known translation, and are not in this capture. */
  readonly #missing: [number, number] = [0, 0];
  /** By side: of those, how many are the very next frame on the other side behind one that this capture misses as well; and which that was last. */
  readonly #inRow: [number, number] = [0, 0];
  readonly #lastFrame: [number, number] = [0, 0];
  /** By side: packets that came out on the other one, as it seems, and are not in this capture: no pair proves that such enter there. */
  readonly #unproved: [number, number] = [0, 0];
  /** By side: packets that were forwarded and are not in its capture: it missed them, or another interface had them. */
  readonly #foreign: [number, number] = [0, 0];
  /** By side: packets that should have come out there, and are not in its capture. */
  readonly #gone: [number, number] = [0, 0];
  /** Whether it was believed of the last of these that they never came out. */
  readonly #isBelieved: [boolean, boolean] = [false, false];
  /** Whether it was said of any that its capture may be of one direction alone. */
  readonly #isOneWay: [boolean, boolean] = [false, false];
  readonly #tally: Pick<Tally, "pairsThatWent">;

  constructor(tally: Pick<Tally, "pairsThatWent">) {
    this.#tally = tally;
  }

  /** Notes that a packet of a known translation came out on the other side, in this frame, and is not in this side's capture; `isProved`: whether a pair went that way. */
  noteEntry(side: Side, frame: number, isProved: boolean): void {
    const counts = isProved ? this.#missing : this.#unproved;
    counts[side]++;
    if (isProved && frame === this.#lastFrame[side] + 1) this.#inRow[side]++;
    this.#lastFrame[side] = frame;
  }

  /** Whether so many packets that this side's capture lacks show that it did not run: not where it misses some, and may have missed as many. */
  showAbsence(side: Side, count: number): boolean {
    return !this.isPatchy(side) && !(this.hasEntry(side) && this.mayLackAll(side, count));
  }

  /** Whether this side's capture is known to lack any that entered there. */
  hasEntry(side: Side): boolean {
    return this.#missing[side] > 0;
  }

  /** Notes that a packet of an unknown translation was forwarded, and is not in this side's capture. */
  noteCrossing(side: Side): void {
    this.#foreign[side]++;
  }

  /** Whether there is any such packet. */
  hasCrossing(side: Side): boolean {
    return this.#foreign[side] > 0;
  }

  /** Notes that a packet should have come out on this side, and is not in its capture. Returns whether that may be as the capture missed it. */
  noteExit(side: Side): boolean {
    this.#gone[side]++;
    const mayBeMissed = this.#mayMissExits(side);
    this.#isBelieved[side] = !mayBeMissed;
    return mayBeMissed;
  }

  /** The side of which it was believed that packets never came out, and whose capture may have missed them, as it turns out; undefined where there is none. Told once. */
  takeDoubted(): Side | undefined {
    const doubted = SIDES.find((side) => this.#isBelieved[side] && this.#mayMissExits(side));
    if (doubted !== undefined) this.#isBelieved[doubted] = false;
    return doubted;
  }

  /** Whether more of those that should have come out on this side may have been missed than are tolerated. */
  #mayMissExits(side: Side): boolean {
    const gone = this.#gone[side];
    const left = this.#tally.pairsThatWent(side === OUTSIDE);
    return this.#share(side) * (left + gone) > TOLERATED * gone;
  }

  /**
   * Whether (nearly) nothing that should have come out on this side is in its capture: that may be of one direction alone, as `tcpdump -Q in` makes it.
   * `noteExit` was told of all of it.
   */
  lacksExits(side: Side): boolean {
    const isOneWay = this.#hasNoExits(side);
    if (isOneWay) this.#isOneWay[side] = true;
    return isOneWay;
  }

  /** The side of which that was so, and is no more, as it turns out; undefined where there is none. Told once. */
  takeShown(): Side | undefined {
    const shown = SIDES.find((side) => this.#isOneWay[side] && !this.#hasNoExits(side) && !this.#mayMissExits(side));
    if (shown !== undefined) this.#isOneWay[shown] = false;
    return shown;
  }

  #hasNoExits(side: Side): boolean {
    return this.#tally.pairsThatWent(side === OUTSIDE) <= TOLERATED * this.#gone[side];
  }

  /** Whether (nearly) nothing that must have entered on this side is in its capture: that may be of one direction alone as well. */
  lacksEntries(side: Side): boolean {
    const missing = this.#missing[side] + this.#unproved[side];
    return missing > 0 && this.#entered(side) <= TOLERATED * missing;
  }

  /** Whether a capture misses so much that nothing follows from what it lacks. */
  isPatchy(side: Side): boolean {
    return this.#share(side) > TOLERATED;
  }

  /**
   * Whether a capture may lack all of so many packets of one flow as it misses some, by those of other flows that must have entered there, and by how many
   * of these it missed in a row. Where none entered, it lacks that direction as a whole.
   */
  mayLackAll(side: Side, count: number): boolean {
    const missing = this.#missing[side];
    const all = missing + this.#entered(side);
    // as if there had been one more of either kind (Laplace's rule of succession): few show little
    const first = (missing + 1) / (all + 2);
    const next = Math.max(first, this.#inRow[side] / (missing + 1));
    return all > 0 && first * next ** (count - 1) > 2 ** -CHANCE_BITS;
  }

  /** Why a capture is not believed, in words. Precondition: it is not. */
  why(side: Side): string {
    const isShown = this.#isShown(side);
    const by = isShown ? side : otherSide(side);
    const unseen = isShown ? this.#missing[by] : this.#unseen(by);
    const lacks = `${SIDE_NAMES[by]} lacks ${unseen} of ${unseen + this.#entered(by)} packets that must have entered there`;
    return isShown ? lacks : `${lacks}, and nothing shows that ${SIDE_NAMES[side]} lacks fewer`;
  }

  /** The share of packets that enter on a side and that its capture misses; where none do, both captures are taken to be alike. */
  #share(side: Side): number {
    if (this.#isShown(side)) return this.#missing[side] / (this.#missing[side] + this.#entered(side));
    const other = otherSide(side);
    const unseen = this.#unseen(other);
    return unseen === 0 ? 0 : unseen / (unseen + this.#entered(other));
  }

  #isShown(side: Side): boolean {
    return this.#missing[side] + this.#entered(side) >= LEAST_ENTERED;
  }

  #unseen(side: Side): number {
    return this.#missing[side] + this.#foreign[side];
  }

  /** Packets that entered on a side, and came out on the other one. */
  #entered(side: Side): number {
    return this.#tally.pairsThatWent(side !== OUTSIDE);
  }
}
