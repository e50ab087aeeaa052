/** So often it is remembered what the host had. */
const MOST_TOLD = 64;

/** Which addresses the host had from a time on, epoch nanoseconds; undefined where some had come or gone, and nobody had told which. */
interface Told {
  readonly timeNs: bigint;
  readonly addresses: ReadonlySet<string> | undefined;
}

/** Which addresses the host had, and when. */
export class OwnAddresses {
  readonly #told: Told[] = [];

  /** Takes what a snapshot tells of them. */
  take(timeNs: bigint, addresses: Iterable<string>): void {
    this.#add({ timeNs, addresses: new Set(addresses) });
  }

  /** Takes it that some came or went: which, the next snapshot tells. */
  change(timeNs: bigint): void {
    this.#add({ timeNs, addresses: undefined });
  }

  /** Whether nobody told of any. */
  get isEmpty(): boolean {
    return this.#told.length === 0;
  }

  /** Whether the host is known to have had an address all the time since then, epoch nanoseconds. */
  hadSince(address: string, sinceNs: bigint): boolean {
    const last = this.#told.findLastIndex(({ timeNs }) => timeNs <= sinceNs);
    const told = this.#told.slice(Math.max(0, last));
    return told.length > 0 && told.every(({ addresses }) => addresses?.has(address) === true);
  }

  #add(told: Told): void {
    this.#told.push(told);
    if (this.#told.length > MOST_TOLD) this.#told.shift();
  }
}
