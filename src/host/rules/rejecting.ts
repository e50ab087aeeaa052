import type { Reason } from "../../packets/results/reasons.js";
import type { RuleVerdict } from "./ruleset.js";

/**
 * What a packet is answered with, by the words of iptables (iptables-extensions(8), REJECT) and of nft (nft(8), "reject"): the reasons that verdicts give
 * of what was refused so.
 */
const ANSWERS: readonly (readonly [RegExp, readonly Reason[]])[] = [
  [/reset|rst/, ["host-refuses", "host-reset"]],
  [/prohib/, ["prohibited"]],
  [/(host|addr)-unreach/, ["host-unreachable"]],
  [/net-unreach|no-route/, ["no-route"]],
  [/proto-unreach|-fail|-route/, ["icmp-error"]],
];
/** What either says where it is not told what to say. */
const BY_DEFAULT: readonly Reason[] = ["port-unreachable"];

const ALL = [...ANSWERS.flatMap(([, reasons]) => reasons), ...BY_DEFAULT];

/** The verdict of a rule that rejects, by what it is told to say: nothing, for `""`; undefined where that is not known. */
export function rejecting(words: string | undefined): RuleVerdict {
  if (words === undefined) return { kind: "reject", answers: ALL };
  return { kind: "reject", answers: ANSWERS.find(([what]) => what.test(words))?.[1] ?? BY_DEFAULT };
}
