/** Items of a side that are kept of those that are alike: among more, nothing is certain, and searching takes long. */
const MOST_ALIKE = 64;

interface Alike<Item> {
  readonly items: Item[];
  isContested: boolean;
}

/** Items of one side that wait for a twin, oldest first, by a number that says what they have in common. */
export class Shelf<Item> {
  readonly #alike = new Map<number, Alike<Item>>();
  readonly #isWaiting: (item: Item) => boolean;

  constructor(isWaiting: (item: Item) => boolean) {
    this.#isWaiting = isWaiting;
  }

  of(key: number): readonly Item[] {
    return this.#alike.get(key)?.items ?? [];
  }

  /** Whether nothing tells which of these is whose twin: true until all of them are gone, of those that come meanwhile as well. */
  isContested(key: number): boolean {
    return this.#alike.get(key)?.isContested ?? false;
  }

  contest(key: number): void {
    const alike = this.#alike.get(key);
    if (alike) alike.isContested = true;
  }

  put(key: number, item: Item): void {
    const alike = this.#alike.get(key);
    if (alike === undefined) {
      this.#alike.set(key, { items: [item], isContested: false });
      return;
    }
    const { items } = alike;
    // those that wait no more are looked for once: once it is contested, it does not matter which are kept
    if (items.length === MOST_ALIKE && !alike.isContested)
      items.splice(0, MOST_ALIKE, ...items.filter(this.#isWaiting));
    if (items.length === MOST_ALIKE) {
      items.shift();
      alike.isContested = true;
    }
    items.push(item);
  }

  takeOff(key: number, item: Item): void {
    const items = this.#alike.get(key)?.items ?? [];
    const at = items.indexOf(item);
    if (at < 0) return;
    items.splice(at, 1);
    if (items.length === 0) this.#alike.delete(key);
  }
}
