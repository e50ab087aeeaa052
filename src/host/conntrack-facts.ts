import type { HostRules, Passed, Ruling } from "../packets/results/host-rules.js";
import type { Ends, Translation } from "../packets/results/results.js";
import { protocolName } from "../protocols/ip-protocols.js";
import { parseAddress, wordsOf } from "./address.js";
import type { ConntrackTable } from "./conntrack-table.js";
import { reversed, tupleText } from "./tuples.js";

/**
 * What conntrack says of single packets, beside what the rules do. It has an entry of those alone that went all the way through the host
 * (net/netfilter/nf_conntrack_core.c, __nf_conntrack_confirm): what a rule drops has none.
 */
export class ConntrackFacts implements HostRules {
  readonly #table: ConntrackTable;
  readonly #rules: HostRules;

  constructor(table: ConntrackTable, rules: HostRules) {
    this.#table = table;
    this.#rules = rules;
  }

  get wantsFlows(): boolean {
    return this.#rules.wantsFlows;
  }

  learn(flow: Translation): void {
    this.#rules.learn(flow);
  }

  arriving(proto: number, ends: Ends): Ruling {
    return this.#rules.arriving(proto, ends);
  }

  leaving(proto: number, ends: Ends): Ruling {
    return this.#rules.leaving(proto, ends);
  }

  taking(proto: number, ends: Ends): Ruling {
    return this.#rules.taking(proto, ends);
  }

  passedAs(proto: number, ends: Ends): Passed | undefined {
    const text = tupleText(protocolName(proto), ends);
    const entry = this.#table.having(text).findLast(({ originalText, isZoned }) => originalText === text && !isZoned);
    const dst = entry && parseAddress(entry.reply.src);
    return entry && dst ? { ends: reversed(entry.reply), dst: wordsOf(dst.isIpv6, dst.value) } : undefined;
  }
}
