import { ANY_MARK } from "./mark.js";
import { rejecting } from "./rejecting.js";
import type { RuleVerdict } from "./ruleset.js";
import { masquerading } from "./target.js";

/** Targets of iptables' that only note something. */
const PASSING = new Set("LOG NFLOG ULOG SET TRACE CLASSIFY DSCP TOS TCPMSS TTL HL CT CHECKSUM".split(" "));
/** Those that end a packet's way through the table. */
const ENDING = new Set(["ACCEPT", "QUEUE", "NFQUEUE"]);

/** What a target of iptables' does whose options are not known (iptables-extensions(8)); unclear where natcorr does not know it. */
export function xtVerdict(name: string): RuleVerdict {
  switch (name) {
    case "DROP":
      return { kind: "drop" };
    case "REJECT":
      return rejecting(undefined);
    case "MASQUERADE":
      return { kind: "nat", to: masquerading(undefined) };
    case "SNAT":
    case "DNAT":
    case "NETMAP":
      return { kind: "nat", to: null };
    case "REDIRECT":
    case "TPROXY":
      return { kind: "redirect" };
    case "MARK":
    case "CONNMARK":
      return { kind: "mark", mark: () => ANY_MARK };
    case "NOTRACK":
      return { kind: "untrack" };
    case "RETURN":
      return { kind: "return" };
    default:
      if (PASSING.has(name)) return { kind: "continue" };
      return ENDING.has(name) ? { kind: "end" } : { kind: "unclear" };
  }
}
