import { remember } from "../../packets/memory/keep-newest.js";

/** So many interfaces are remembered. */
const MOST_LINKS = 4096;

/** The settings that a new interface begins with, all at once. */
const BEGINS = /^inet6? (\S+) forwarding .* ignore_routes_with_linkdown /;
/** What becomes of an interface itself, and whether it is a bridge's port. */
const LINK = /^(?:Deleted )?\d+: ([^@:\s]+)(?:@\S+)?: <.*?>(?:.*? (master) )?/;
/** The interface of a route, or of an address. */
const ROUTE = / dev (\S+)|^\d+: (\S+) +inet6? /;
/** Addresses that each interface has, whatever it is for. */
const LOCAL = /(?:^| )(?:fe80:|ff00::)/;

/**
 * Interfaces by which no route leads: ports of bridges, and those that came up while `ip monitor` was heard, until they have an address or a route. Each container has two such, which come up as it
 * begins, and go down and away as it ends.
 */
export class RoutelessLinks {
  readonly #names = new Set<string>();

  /** Takes what `ip -o monitor` printed next. Returns whether it is about the state of such an interface alone. */
  hear(line: string): boolean {
    const begins = BEGINS.exec(line)?.[1];
    if (begins !== undefined) remember(this.#names, begins, MOST_LINKS);
    const [, link, master] = LINK.exec(line) ?? [];
    if (link === undefined) {
      if (!LOCAL.test(line)) this.#route(line);
      return false;
    }
    if (master !== undefined) remember(this.#names, link, MOST_LINKS);
    return this.#names.has(link);
  }

  #route(line: string): void {
    const [, ofRoute, ofAddress] = ROUTE.exec(line) ?? [];
    const name = ofRoute ?? ofAddress;
    if (name !== undefined) this.#names.delete(name);
  }
}
