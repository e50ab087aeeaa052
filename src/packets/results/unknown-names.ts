/** So many names are remembered that there are none of: of more, nothing is said … */
const MOST_UNKNOWN = 4096;
/** … and so many that there are, of all clients: with more, none is said to be unknown. */
const MOST_KNOWN = 65_536;
/** Names of addresses, which many have none of and nobody misses (RFC 1035 section 3.5, RFC 3596 section 2.5). */
const OF_ADDRESSES = ".arpa";

/** A name that a client asked for, and a resolver says there is none of. */
export interface UnknownName {
  readonly client: string;
  readonly resolver: string;
  /** The shortest form that was asked for. */
  readonly name: string;
  readonly count: number;
}

/**
 * Names of which a client got no addresses in any form. A search list has one name asked for in several: all of these begin with the same label (resolv.conf(5)).
 */
export class UnknownNames {
  /** By client and first label. */
  readonly #unknown = new Map<string, UnknownName>();
  readonly #known = new Set<string>();
  #isFull = false;

  /** Takes it that a resolver says there is no such name. */
  add(client: string, resolver: string, name: string): void {
    if (this.#isFull || name === "" || name.endsWith(OF_ADDRESSES)) return;
    const key = keyOf(client, name);
    const before = this.#unknown.get(key);
    if (this.#known.has(key) || (before === undefined && this.#unknown.size === MOST_UNKNOWN)) return;
    const isShortest = before === undefined || name.length < before.name.length;
    const count = (before?.count ?? 0) + 1;
    this.#unknown.set(key, isShortest ? { client, resolver, name, count } : { ...before, count });
  }

  /** Takes it that a client was given an address for a name. Not to be called of what is full. */
  know(client: string, name: string): void {
    const key = keyOf(client, name);
    this.#unknown.delete(key);
    this.#known.add(key);
    if (this.#known.size < MOST_KNOWN) return;
    // nothing will be asked of them any more
    this.#isFull = true;
    this.#unknown.clear();
    this.#known.clear();
  }

  /** Whether so many names are known that none is said to be unknown: nothing that is taken changes that. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get all(): Iterable<UnknownName> {
    return this.#unknown.values();
  }
}

function keyOf(client: string, name: string): string {
  return `${client} ${name.split(".", 1)[0]}`;
}
