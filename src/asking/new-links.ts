import { remember } from "../packets/memory/keep-newest.js";

/** So many interfaces are remembered. */
const MOST_LINKS = 4096;

/** The settings that a new interface begins with, all at once. */
const BEGINS = /^inet6? (\S+) forwarding .* ignore_routes_with_linkdown /;
/** What becomes of an interface itself, its flags, and whether it is a bridge's port. */
const LINK = /^(?:Deleted )?\d+: ([^@:\s]+)(?:@\S+)?: <(.*?)>(?:.*? (master) )?/;
/** The interface of a route, or of an address. */
const ROUTE = / dev (\S+)|^\d+: (\S+) +inet6? /;
/** Addresses that each interface has, whatever it is for. */
const LOCAL = /(?:^| )(?:fe80:|ff00::)/;
/** An address that comes, and a route that the kernel makes for it, to its own network. */
const OF_ITS_NETWORK = /^\d+: \S+ +inet6? |^(?!Deleted |default ).* proto kernel scope /;
const IS_UP = /\bUP\b/;

/**
 * Interfaces of which what is told is no change of how the host forwards what it did before. By some, no route leads: ports of bridges, and those that came up while `ip monitor`
 * was heard, until they have an address or a route. Each container has two such, which come up as it begins, and go down and away as it ends. Others came up meanwhile and lead to their own network alone, as
 * the bridge of a network that Docker makes: by two snapshots, only that network has another route. That one of these goes down is a change: its network is gone then.
 */
export class NewLinks {
  readonly #routeless = new Set<string>();
  readonly #begun = new Set<string>();

  /** Takes what `ip -o monitor` printed next. Returns whether it is no change, as it is about such an interface. */
  hear(line: string): boolean {
    const begins = BEGINS.exec(line)?.[1];
    if (begins !== undefined) for (const names of [this.#routeless, this.#begun]) remember(names, begins, MOST_LINKS);
    const [, link, flags, master] = LINK.exec(line) ?? [];
    if (link === undefined) return !LOCAL.test(line) && this.#isOfItsNetwork(line);
    if (master !== undefined) remember(this.#routeless, link, MOST_LINKS);
    if (this.#routeless.has(link)) return true;
    const isDeleted = line.startsWith("Deleted ");
    if (this.#begun.has(link) && !isDeleted && IS_UP.test(flags)) return true;
    if (isDeleted) this.#begun.delete(link);
    return false;
  }

  /** Whether a route, or an address, is of a new interface, and of its own network. By what has one, a route leads. */
  #isOfItsNetwork(line: string): boolean {
    const [, ofRoute, ofAddress] = ROUTE.exec(line) ?? [];
    const name = ofRoute ?? ofAddress;
    if (name === undefined) return false;
    this.#routeless.delete(name);
    return this.#begun.has(name) && OF_ITS_NETWORK.test(line);
  }
}
