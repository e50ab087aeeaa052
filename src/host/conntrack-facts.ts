import type { HostRules, Passed, Ruling } from "../packets/results/host-rules.js";
import type { Ends, Translation } from "../packets/results/results.js";
import type { Side } from "../packets/sides.js";
import { protocolName } from "../protocols/ip-protocols.js";
import { parseAddress, wordsOf } from "./address.js";
import type { ConntrackTable } from "./conntrack-table.js";
import type { Crossing } from "./crossing.js";
import { entryAt } from "./entries-of.js";
import { endsIn, reversed, tupleText } from "./tuples.js";

/**
 * What conntrack says of single packets, beside what the rules do. It has an entry of those alone that went all the way through the host
 * (net/netfilter/nf_conntrack_core.c, __nf_conntrack_confirm): what a rule drops has none.
 */
export class ConntrackFacts implements HostRules {
  readonly wantsFlows = true;
  readonly #table: ConntrackTable;
  readonly #crossing: Crossing;
  readonly #rules: HostRules;

  constructor(table: ConntrackTable, crossing: Crossing, rules: HostRules) {
    this.#table = table;
    this.#crossing = crossing;
    this.#rules = rules;
  }

  learn(flow: Translation): void {
    this.#table.open(flow);
    this.#crossing.learn(flow);
    this.#rules.learn(flow);
  }

  arriving(proto: number, ends: Ends): Ruling {
    return this.#rules.arriving(proto, ends);
  }

  leaving(proto: number, ends: Ends, atNs?: bigint): Ruling {
    return this.#rules.leaving(proto, ends, atNs);
  }

  taking(side: Side, proto: number, ends: Ends): Ruling {
    return this.#rules.taking(side, proto, ends);
  }

  passedAs(proto: number, ends: Ends, atNs: bigint): Passed | undefined {
    const text = tupleText(protocolName(proto), ends);
    const entries = this.#table.having(text).filter(({ originalText, isZoned }) => originalText === text && !isZoned);
    const entry = entryAt(entries, atNs);
    const passed = entry && reversed(endsIn(entry.replyText));
    const dst = passed && parseAddress(passed.dst);
    return passed && dst ? { ends: passed, dst: wordsOf(dst.isIpv6, dst.value) } : undefined;
  }
}
