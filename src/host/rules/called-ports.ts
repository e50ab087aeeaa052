import type { Ends } from "../../packets/results/results.js";
import { INSIDE } from "../../packets/sides.js";
import type { Protocol } from "../../protocols/ip-protocols.js";
import { InterfaceName } from "../interfaces.js";
import type { HostFacts } from "../snapshot/host-facts.js";
import { Routing } from "../snapshot/routing.js";
import type { RuleHistory } from "./times/rule-history.js";
import { RuleBook } from "./rules.js";

/** What tells of that: rules are undefined where they may have been others in between. */
type Facts = Pick<HostFacts, "addresses" | "rules" | "network">;

/** Addresses that nobody calls but the host itself. */
const LOOPBACK = /^127\.|^::1$/;

/** Tells by the host's rules which of its ports packets of the inside may have called that are seen translated already. */
export class CalledPorts {
  readonly #known: { readonly facts: Facts | undefined };
  readonly #names: readonly string[];
  readonly #rules: RuleHistory | undefined;
  #facts: Facts | undefined;
  #book = new RuleBook("");
  #routing: Routing | undefined;

  /** `known`: what the host has said by now. `names`: the interfaces of the inside's captures, empty where one is not known. `rules`: those of each time, where they were read. */
  constructor(known: { readonly facts: Facts | undefined }, names: readonly string[], rules?: RuleHistory) {
    this.#known = known;
    this.#names = names;
    this.#rules = rules;
  }

  /**
   * Whether a rule may have sent a packet that opens a conversation to where it was seen to go, from a port of the host's. `source`: which of the inside's captures shows it.
   * `epochNs`: when it came.
   */
  mayHaveCalled(hostPort: number, proto: Protocol, seen: Ends, source: number, epochNs: bigint): boolean {
    this.#read();
    const { addresses = [], rules } = this.#facts ?? {};
    const inForce = this.#rules?.at(epochNs);
    if (inForce === undefined ? rules === undefined : !inForce.isAll || this.#rules?.hasGaps === true) return true;
    const books = inForce?.books ?? [this.#book];
    if (books.some((book) => book.problems.length > 0 || !book.isAbout(seen.dst.includes(":")))) return true;
    const called = addresses.filter((dst) => !LOOPBACK.test(dst) && dst.includes(":") === seen.dst.includes(":"));
    return called.some((dst) =>
      books.some((book) => this.#isMade(book, proto, { ...seen, dst, dstPort: hostPort }, seen, source)),
    );
  }

  #isMade(book: RuleBook, proto: Protocol, inside: Ends, outside: Ends, source: number): boolean {
    const name = this.#names[source] ?? "";
    // one that leaves by it came by another interface
    const entering = this.#routing?.interfaceTo(inside.src) === name ? name : "";
    const interfaces = [new InterfaceName([entering]), new InterfaceName([""])] as const;
    const sides = [INSIDE, INSIDE] as const;
    const flow = { proto, nat: "dnat", initiator: "inside", sides, inside, outside } as const;
    return book.explain(flow, interfaces, { isDstLocal: true }).length > 0;
  }

  #read(): void {
    const { facts } = this.#known;
    if (facts?.rules !== this.#facts?.rules) this.#book = new RuleBook(facts?.rules ?? "");
    if (facts?.network !== this.#facts?.network) this.#routing = facts && new Routing(facts.network);
    this.#facts = facts;
  }
}
