/** Most flows or tuples that one finding names. */
const MOST_NAMED = 5;

/** How many there were of something, and the first few of them by name. */
export class Few {
  count = 0;
  readonly #names: string[] = [];

  add(name: string): void {
    this.count++;
    if (this.#names.length < MOST_NAMED) this.#names.push(name);
  }

  /** `1, 2, 3, 4, 5 and 7 more`. */
  get text(): string {
    const more = this.count - this.#names.length;
    return `${this.#names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  }
}
