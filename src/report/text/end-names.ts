import { type Containers, NO_CONTAINERS } from "../../packets/results/containers.js";
import type { Ends } from "../../packets/results/results.js";

/** Names that nothing else in a line can be taken for: what Docker allows, but for addresses, of which it allows some. */
const PLAIN = /^(?![\d.]+$)[a-zA-Z0-9][\w.+-]*$/;
/** Most names that are explained below, and most addresses of one: what can be read. */
const MOST_EXPLAINED = 50;
const MOST_ADDRESSES = 8;
/** Most names that are counted: a live run may show new ones day and night. */
const MOST_COUNTED = 10_000;

/** Names of containers, in place of their addresses. */
export class EndNames {
  readonly containers: Containers;
  /** The addresses that names stand for in what was shown so far. */
  readonly #shown = new Map<string, Set<string>>();

  constructor(containers: Containers = NO_CONTAINERS) {
    this.containers = containers;
  }

  /** Ends with names as they were at a time, or from one time through another, epoch nanoseconds. */
  of(ends: Ends, fromNs: bigint, throughNs = fromNs): Ends {
    const [src, dst] = [ends.src, ends.dst].map((address) => this.#nameOf(address, fromNs, throughNs));
    return src === ends.src && dst === ends.dst ? ends : { ...ends, src, dst };
  }

  /** Which addresses the names stand for that were shown; empty where none was. */
  legend(): string {
    const names = [...this.#shown].map(([name, addresses]) => `${name} ${addressesText(addresses)}`);
    if (names.length === 0) return "";
    const left = names.length - MOST_EXPLAINED;
    const more = left > 0 ? ` and ${names.length === MOST_COUNTED ? "at least " : ""}${left} more` : "";
    return `containers: ${names.slice(0, MOST_EXPLAINED).join(", ")}${more}\n`;
  }

  #nameOf(address: string, fromNs: bigint, throughNs: bigint): string {
    const name = this.containers.having(address, fromNs, throughNs)?.name;
    if (name === undefined || !PLAIN.test(name)) return address;
    const addresses = this.#shown.get(name);
    if (addresses === undefined) {
      if (this.#shown.size < MOST_COUNTED) this.#shown.set(name, new Set([address]));
    } else if (addresses.size <= MOST_ADDRESSES) addresses.add(address);
    return name;
  }
}

function addressesText(addresses: ReadonlySet<string>): string {
  const shown = [...addresses].slice(0, MOST_ADDRESSES).join(" ");
  return addresses.size > MOST_ADDRESSES ? `${shown} …` : shown;
}
