/** So many times of which not all was heard are told apart: of more, the first ones count as one. */
const MOST_DEAF = 256;

/** A time, epoch nanoseconds. */
interface Span {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/**
 * How much was heard of what conntrack says. Once the kernel has lost events, or something was not kept, what was not heard of may be there all the
 * same, and what was may be over: until the kernel has listed all that it has, and nothing was lost meanwhile.
 */
export class Hearing {
  /** How often the kernel said that events were lost. */
  losses = 0;
  /** How many entries there was no room for. */
  untaken = 0;
  /** Why events ended before the run did; empty where they did not. */
  cutOffBy = "";
  /** How many times the kernel has listed all that it has. */
  answers = 0;
  /** Called when the kernel is to be asked what it has. */
  onQuestion: () => void = () => {};
  /** Since when not all is heard, where that is so … */
  #deafFromNs: bigint | undefined;
  /** … and when it was so before. */
  readonly #deaf: Span[] = [];
  /** The listing that was begun last: which one it is, when it began, and how much was lost before. */
  #listing = { number: 0, beganNs: 0n, lost: 0 };
  /** When the last listing began that has ended. */
  #askedNs = 0n;
  #isQuestion = false;

  /** Whether all was heard since then, or from then to `untilNs`. */
  isCompleteSince(timeNs: bigint, untilNs?: bigint): boolean {
    const isOver = (fromNs: bigint): boolean => untilNs !== undefined && untilNs < fromNs;
    const isDeafThen = this.#deafFromNs !== undefined && !isOver(this.#deafFromNs);
    return !isDeafThen && this.#deaf.every(({ fromNs, toNs }) => toNs < timeNs || isOver(fromNs));
  }

  /** Whether what was heard may differ from what the kernel has. */
  get isDeaf(): boolean {
    return this.#deafFromNs !== undefined;
  }

  /** Whether an answer of the kernel's would tell more. */
  get isInDoubt(): boolean {
    return this.#isQuestion || this.isDeaf;
  }

  /** Whether the kernel was asked since then, and has answered. */
  wasAskedSince(timeNs: bigint): boolean {
    return this.#askedNs > timeNs;
  }

  /** The number of the listing that was begun last; 0 before the first. */
  get listing(): number {
    return this.#listing.number;
  }

  /** Has the kernel asked what it has. */
  ask(): void {
    this.wonder();
    this.onQuestion();
  }

  /** Takes note that what the kernel has would tell more: it may be asked at the end. */
  wonder(): void {
    this.#isQuestion = true;
  }

  /** Takes note that the kernel has lost events, of what happened from then on. */
  lose(fromNs = 0n): void {
    this.losses++;
    this.#deafFromNs ??= fromNs;
    this.ask();
  }

  /** Takes note that there was no room for an entry of that time. The kernel is not asked: there would be none for its answer either. */
  leaveOut(fromNs = 0n): void {
    this.untaken++;
    this.#deafFromNs ??= fromNs;
  }

  /** Takes note that no event comes any more of what happened from then on, and why. */
  cutOff(why: string, fromNs = 0n): void {
    this.cutOffBy = why;
    this.#deafFromNs ??= fromNs;
  }

  /** Takes note that the kernel is about to list all that it has. */
  beginListing(nowNs: bigint): void {
    this.#listing = { number: this.listing + 1, beganNs: nowNs, lost: this.#lost };
    this.#isQuestion = false;
  }

  /** Takes note that all of that was read. */
  endListing(nowNs: bigint): void {
    this.answers++;
    this.#askedNs = this.#listing.beganNs;
    if (this.#deafFromNs === undefined || this.cutOffBy !== "" || this.#lost > this.#listing.lost) return;
    this.#deaf.push({ fromNs: this.#deafFromNs, toNs: nowNs });
    this.#deafFromNs = undefined;
    if (this.#deaf.length <= MOST_DEAF) return;
    const [{ fromNs }, { toNs }] = this.#deaf;
    this.#deaf.splice(0, 2, { fromNs, toNs });
  }

  /** How much was not heard, or not kept. */
  get #lost(): number {
    return this.losses + this.untaken;
  }
}
