/**
 * How much was heard of what conntrack says. Once the kernel has lost events, or something was not kept, what was not heard of may be there all the
 * same, and what was may be over: until the kernel has listed all that it has, and nothing was lost meanwhile.
 */
export class Hearing {
  /** How often the kernel said that events were lost. */
  losses = 0;
  /** How many entries there was no room for. */
  untaken = 0;
  /** Whether events ended before the run did. */
  isCutOff = false;
  /** How many times the kernel has listed all that it has. */
  answers = 0;
  /** Called when the kernel is to be asked what it has. */
  onQuestion: () => void = () => {};
  #isDeaf = false;
  /** Since when all was heard, where it is. */
  #sinceNs = 0n;
  /** The listing that was begun last: which one it is, when it began, and how much was lost before. */
  #listing = { number: 0, beganNs: 0n, lost: 0 };
  /** When the last listing began that has ended. */
  #askedNs = 0n;
  #isQuestion = false;

  /** Whether all was heard since then. */
  isCompleteSince(timeNs: bigint): boolean {
    return !this.#isDeaf && timeNs > this.#sinceNs;
  }

  /** Whether what was heard may differ from what the kernel has. */
  get isDeaf(): boolean {
    return this.#isDeaf;
  }

  /** Whether an answer of the kernel's would tell more. */
  get isInDoubt(): boolean {
    return this.#isQuestion || this.#isDeaf;
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

  /** Takes note that the kernel has lost events. */
  lose(): void {
    this.losses++;
    this.#isDeaf = true;
    this.ask();
  }

  /** Takes note that there was no room for an entry. The kernel is not asked: there would be none for its answer either. */
  leaveOut(): void {
    this.untaken++;
    this.#isDeaf = true;
  }

  /** Takes note that no event comes any more. */
  cutOff(): void {
    this.isCutOff = true;
    this.#isDeaf = true;
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
    if (!this.#isDeaf || this.isCutOff || this.#lost > this.#listing.lost) return;
    this.#isDeaf = false;
    this.#sinceNs = nowNs;
  }

  /** How much was not heard, or not kept. */
  get #lost(): number {
    return this.losses + this.untaken;
  }
}
