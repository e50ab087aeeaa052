import type { ContainerName } from "../../packets/results/container-name.js";
import { type Containers, NO_CONTAINERS } from "../../packets/results/containers.js";
import type { Sentence } from "../../packets/results/sentence.js";
import type { Ends, Tables } from "../../packets/results/results.js";
import type { Verdict } from "../../packets/results/verdicts.js";
import type { AnsweredEnds, Called } from "../answered-ends.js";
import { containerAt, type FarEnd } from "../far-end.js";
import { namesBehind } from "../row-names.js";

/** Names that nothing else in a line can be taken for: what Docker allows, but for addresses, with a port or without, of which it allows some. */
const PLAIN = /^(?![\d.]+$)(?!.*\.\d+$)[a-zA-Z0-9][\w.+-]*$/;
/** The same of DNS: a name of several labels, of which the last is no number, as behind an address that would be a port. */
const PLAIN_DNS = /^(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*$/;
/** What may be an address in a sentence, IPv4 or IPv6. */
const ADDRESS = /\d{1,3}(?:\.\d{1,3}){3}|[\da-f]*:[\da-f:]*[\da-f]/g;
/** Later than any packet, epoch nanoseconds. */
const ALWAYS_NS = 2n ** 64n;
/** Most names that are explained below, and most addresses of one: what can be read. */
const MOST_EXPLAINED = 50;
const MOST_ADDRESSES = 8;
/** Most names that are counted: a live run may show new ones day and night. */
const MOST_COUNTED = 10_000;

/** Names that were shown, and the addresses that they stand for. */
type Shown = Map<string, Set<string>>;

/** Names of containers in place of their addresses, and of other ends those that DNS answers gave. */
export class EndNames {
  readonly containers: Containers;
  readonly #shown: Shown = new Map();
  readonly #called: Shown = new Map();

  constructor(containers: Containers = NO_CONTAINERS) {
    this.containers = containers;
  }

  /** Ends with names as they were at a time, or from one time through another, epoch nanoseconds. `called`: what DNS calls them. */
  of(ends: Ends, called: Called, far: FarEnd, fromNs: bigint, throughNs = fromNs): Ends {
    const nameOf = (end: "src" | "dst", itsCalled: string | undefined): string => {
      const having = containerAt(this.containers, ends, end, far, fromNs, throughNs);
      return this.#nameOf(ends[end], having, itsCalled);
    };
    const [src, dst] = [nameOf("src", called[0]), nameOf("dst", called[1])];
    return src === ends.src && dst === ends.dst ? ends : { ...ends, src, dst };
  }

  /** The containers that a packet without a twin is from, or to, and whose addresses it does not show. */
  behind(tables: Tables, row: number, verdict?: Verdict): string[] {
    return namesBehind(tables, this.containers, row, verdict).flatMap(({ name }) => (PLAIN.test(name) ? name : []));
  }

  /** A sentence with names in place of the ends' addresses. `epochNs`: where the timeline begins. */
  sentence({ text, addresses = [] }: Sentence, answered: AnsweredEnds, epochNs: bigint): string {
    let named = "";
    let from = 0;
    for (const { at, address, peer, isBeyond, mac, fromNs, throughNs } of addresses) {
      const [first, last] = [fromNs, throughNs].map((ns) => epochNs + BigInt(Math.round(ns)));
      const called = peer === undefined ? undefined : answered.ofAddress(address, peer, first);
      const ends = { src: address, dst: "", srcMac: mac };
      const having = containerAt(this.containers, ends, "src", isBeyond === true ? "src" : null, first, last);
      named += text.slice(from, at) + this.#nameOf(address, having, called);
      from = at + address.length;
    }
    return named + text.slice(from);
  }

  /** Has the addresses explained that stand in a sentence, of containers that have had them since then, epoch nanoseconds: quoted rules have addresses, too. */
  explain(sentence: string, sinceNs: bigint): void {
    for (const [address] of sentence.matchAll(ADDRESS))
      this.#nameOf(address, this.containers.having(address, sinceNs, ALWAYS_NS), undefined);
  }

  /** Which addresses the names stand for that were shown, or explained; empty where there are none. */
  legend(): string {
    return `${legendOf("containers", this.#shown)}${legendOf("names by DNS answers", this.#called)}`;
  }

  #nameOf(address: string, having: ContainerName | undefined, called: string | undefined): string {
    if (having !== undefined) return PLAIN.test(having.name) ? shown(this.#shown, having.name, address) : address;
    return called !== undefined && PLAIN_DNS.test(called) ? shown(this.#called, called, address) : address;
  }
}

/** The name, which is shown in place of the address. */
function shown(names: Shown, name: string, address: string): string {
  const addresses = names.get(name);
  if (addresses === undefined) {
    if (names.size < MOST_COUNTED) names.set(name, new Set([address]));
  } else if (addresses.size <= MOST_ADDRESSES) addresses.add(address);
  return name;
}

function legendOf(what: string, shown: Shown): string {
  const names = [...shown].map(([name, addresses]) => `${name} ${addressesText(addresses)}`);
  if (names.length === 0) return "";
  const left = names.length - MOST_EXPLAINED;
  const more = left > 0 ? ` and ${names.length === MOST_COUNTED ? "at least " : ""}${left} more` : "";
  return `${what}: ${names.slice(0, MOST_EXPLAINED).join(", ")}${more}\n`;
}

function addressesText(addresses: ReadonlySet<string>): string {
  const shown = [...addresses].slice(0, MOST_ADDRESSES).join(" ");
  return addresses.size > MOST_ADDRESSES ? `${shown} …` : shown;
}
