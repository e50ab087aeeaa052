import type { Captured } from "../packets/results/published.js";
import type { HostFacts } from "./snapshot/host-facts.js";

/** Tells which of a host's interfaces the captures of the inside are of: what reaches a container passes one of its own. */
export class CapturedLinks {
  readonly #known: { readonly facts: Pick<HostFacts, "network"> | undefined };
  readonly #names: readonly string[];
  readonly #gone: ReadonlySet<string>;

  /**
   * `known`: what the host has said by now. `names`: the interfaces of the captures, empty where one is not known. `gone`: those that are captured no more; there
   * may be some later.
   */
  constructor(
    known: { readonly facts: Pick<HostFacts, "network"> | undefined },
    names: readonly string[],
    gone: ReadonlySet<string> = new Set(),
  ) {
    this.#known = known;
    this.#names = names;
    this.#gone = gone;
  }

  /** Whether all that passes some interfaces is captured, or nothing of it; undefined among them stands for one that is not known. */
  capturedOf(links: ReadonlySet<string | undefined>): Exclude<Captured, "lossy"> {
    const all = [...links];
    if (
      all.length > 0 &&
      all.every((link) => link !== undefined && this.#names.includes(link) && !this.#gone.has(link))
    )
      return "all";
    return this.#areOfHost() && !all.some((link) => link === undefined || this.#isSeen(link)) ? "none" : "untold";
  }

  /** Whether all captures are known to be of interfaces of this host. */
  #areOfHost(): boolean {
    const kinds = this.#known.facts?.network.kinds;
    return kinds !== undefined && this.#names.every((name) => kinds.has(name) || this.#gone.has(name));
  }

  /** Whether something of what passes an interface is captured: there, or on a part of it. */
  #isSeen(link: string): boolean {
    const masters = this.#known.facts?.network.masters;
    return this.#names.some((name) => name === link || masters?.get(name) === link);
  }
}
