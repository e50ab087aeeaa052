/** Another packet of the sender has the same. */
const SHARED = 0;
const ONCE = 1;
const TWICE = 2;

/**
 * What senders number their packets by, of those of a stretch, and whether it tells one packet from another. It does not where another packet has
 * the same number, or the same packet comes again later: of a device that gives each packet the same IP ID, or the time as one.
 */
export class Identities {
  /** How many are one packet's own, … */
  own = 0;
  /** … and of how many of these the packet came twice at once. */
  doubled = 0;
  /** Of this stretch, and of the one before it: what is shared there is not one's own here. */
  #seen = new Map<number, number>();
  #seenBefore = new Map<number, number>();
  #ownBefore = 0;
  #doubledBefore = 0;

  /** Takes a packet that has not come just before. */
  take(identity: number): void {
    const isShared = this.#seen.has(identity) || this.#seenBefore.get(identity) === SHARED;
    this.#set(identity, isShared ? SHARED : ONCE);
  }

  /** Takes a packet that has come just before, and now for the `times`th time: more often than twice, and it is one that is sent often. */
  takeAgain(identity: number, times: number): void {
    // what came first may have ended the stretch before
    const isOwn = times === 2 && (this.#seen.get(identity) ?? this.#seenBefore.get(identity)) === ONCE;
    this.#set(identity, isOwn ? TWICE : SHARED);
  }

  /** Whether this is one packet's own, as far as is known. */
  isOwn(identity: number): boolean {
    return this.#seen.get(identity) !== SHARED;
  }

  /** How many are one packet's own, here and in the stretch before … */
  get ownLately(): number {
    return this.own + this.#ownBefore;
  }

  /** … and of how many of these the packet came twice at once. */
  get doubledLately(): number {
    return this.doubled + this.#doubledBefore;
  }

  /** Goes on to the next stretch. */
  goOn(): void {
    this.#seenBefore = this.#seen;
    this.#ownBefore = this.own;
    this.#doubledBefore = this.doubled;
    this.#seen = new Map();
    this.own = 0;
    this.doubled = 0;
  }

  #set(identity: number, state: number): void {
    const before = this.#seen.get(identity) ?? SHARED;
    this.own += (state === SHARED ? 0 : 1) - (before === SHARED ? 0 : 1);
    this.doubled += (state === TWICE ? 1 : 0) - (before === TWICE ? 1 : 0);
    this.#seen.set(identity, state);
  }
}
