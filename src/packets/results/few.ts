/** Most that one finding names in words … */
export const MOST_NAMED = 5;
/** … and as data. */
export const MOST_LISTED = 100;

/** How many there were of something, and the first of them. */
export class Few<T> {
  count = 0;
  #listed: T[] = [];
  readonly #most: number;

  /** `most`: how many are listed; of what is only named, MOST_NAMED will do, as long as none is taken back. */
  constructor(most: number = MOST_LISTED) {
    this.#most = most;
  }

  add(one: T): void {
    // most have but one, and V8 gives an array that was empty room for seventeen
    if (this.count++ === 0) this.#listed = [one];
    else if (this.#listed.length < this.#most) this.#listed.push(one);
  }

  /** Takes one that is made only if it is listed: of a million, words would take longer than all else. */
  addMade(make: () => T): void {
    if (this.#listed.length < this.#most) this.add(make());
    else this.addUnlisted(1);
  }

  /** Takes one that may be listed by now. */
  addOnce(one: T): void {
    if (!this.#listed.includes(one)) this.add(one);
  }

  /** Takes all of another list, behind its own. */
  addAll({ listed, more }: Few<T>): void {
    for (const one of listed) this.add(one);
    this.addUnlisted(more);
  }

  /** Takes so many without a word on which. */
  addUnlisted(count: number): void {
    this.count += count;
  }

  /** Takes one back; what was not listed is not listed in its place. */
  remove(one: T): void {
    this.count--;
    const at = this.#listed.indexOf(one);
    if (at >= 0) this.#listed.splice(at, 1);
  }

  /** Takes so many back without a word on which: none is listed any more. */
  forget(count: number): void {
    this.count -= count;
    this.#listed.length = 0;
  }

  /** The first of them. */
  get listed(): readonly T[] {
    return this.#listed;
  }

  /** How many are not listed. */
  get more(): number {
    return this.count - this.#listed.length;
  }
}
