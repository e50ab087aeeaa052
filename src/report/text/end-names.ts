import { type Containers, NO_CONTAINERS } from "../../packets/results/containers.js";
import type { Ends } from "../../packets/results/results.js";

/** Names that nothing else in a line can be taken for: what Docker allows, but for addresses, of which it allows some. */
const PLAIN = /^(?![\d.]+$)[a-zA-Z0-9][\w.+-]*$/;
/** Most names that are explained below: what can be read. */
const MOST_EXPLAINED = 50;

/** Names of containers, in place of their addresses. */
export class EndNames {
  readonly containers: Containers;
  /** The addresses that names stand for in what was shown so far. */
  readonly #shown = new Map<string, Set<string>>();

  constructor(containers: Containers = NO_CONTAINERS) {
    this.containers = containers;
  }

  /** Ends with names as they were at a time, or from one time until another, epoch nanoseconds. */
  of(ends: Ends, fromNs: bigint, untilNs = fromNs): Ends {
    const [src, dst] = [ends.src, ends.dst].map((address) => this.#nameOf(address, fromNs, untilNs));
    return src === ends.src && dst === ends.dst ? ends : { ...ends, src, dst };
  }

  /** Which addresses the names stand for that were shown; empty where none was. */
  legend(): string {
    const names = [...this.#shown].map(([name, addresses]) => `${name} ${[...addresses].join(" ")}`);
    if (names.length === 0) return "";
    const more = names.length > MOST_EXPLAINED ? ` and ${names.length - MOST_EXPLAINED} more` : "";
    return `containers: ${names.slice(0, MOST_EXPLAINED).join(", ")}${more}\n`;
  }

  #nameOf(address: string, fromNs: bigint, untilNs: bigint): string {
    const name = this.containers.having(address, fromNs, untilNs)?.name;
    if (name === undefined || !PLAIN.test(name)) return address;
    const addresses = this.#shown.get(name);
    if (addresses === undefined) this.#shown.set(name, new Set([address]));
    else addresses.add(address);
    return name;
  }
}
