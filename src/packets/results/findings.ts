import { type FindingCode, FINDINGS } from "./finding-codes.js";
import type { Concerned, Gathered, IpVersions, Named } from "./gathered.js";
import { said, saidFew, type SaidAddress, type Sentence } from "./sentence.js";
import { INSIDE, OUTSIDE, type Side } from "../sides.js";

/** What of the host's tables and counters speaks for a finding. */
export interface Cause {
  /** A rule, as it stands in the rule set; `possibly` before one that may not match … */
  readonly rule?: string;
  /** … and where it stands. */
  readonly table?: string;
  readonly chain?: string;
  /** What counted, where that is no rule. */
  readonly counter?: string;
  /** How many packets that counted between the host's snapshots. */
  readonly counted?: number;
}

/** A rule of the host's firewall that came, or went, while packets were captured. */
export interface RuleChange {
  /** As it stands in the rule set, its table and its chain. */
  readonly rule: string;
  readonly table: string;
  readonly chain: string;
  /** When it was seen to be there, and to be gone, each time, epoch nanoseconds: it had come, or gone, by then. */
  readonly cameNs: readonly bigint[];
  readonly wentNs: readonly bigint[];
}

/** What an operator should know beyond single packets. */
export interface Finding extends Cause {
  readonly severity: "info" | "warning";
  readonly code: FindingCode;
  readonly count: number;
  /** Ids of the flows it concerns, the first 100; empty where it concerns none, or all. */
  readonly flows: readonly number[];
  /** Frames it concerns, the first 100 of each side; empty where it is not about single ones. */
  readonly frames: { readonly inside: readonly number[]; readonly outside: readonly number[] };
  /** Whether it is about a frame, one that it does not list among them; undefined where nobody remembers those. */
  readonly isAbout?: (side: Side, frame: number) => boolean;
  /** It says what may have dropped packets that were not seen to be dropped, too. */
  readonly isOfOthers?: boolean;
  /** How many it does not list: frames, or flows where it lists no frames. */
  readonly more: number;
  /** The rules that changed, the first 100; undefined where it is about none. */
  readonly changes?: readonly RuleChange[];
  readonly text: string;
  /** The addresses in that text that are ends of packets; undefined where there are none. */
  readonly addresses?: readonly SaidAddress[];
  /** What to run or to look at next. */
  readonly hint: string;
  /** The codes of findings that tell why there is this one, or some of it; undefined where none does. */
  readonly explainedBy?: readonly FindingCode[];
  /** The codes of those that it tells why there are; undefined where there are none. */
  readonly explains?: readonly FindingCode[];
}

/** What hints name of IPv4, and what is for IPv6 instead: conntrack lists IPv4 alone unless it is told otherwise (conntrack(8)). */
const FOR_IPV6: readonly (readonly [RegExp, string])[] = [
  [/\biptables\b/g, "ip6tables"],
  [/\bconntrack -L\b/g, "conntrack -f ipv6 -L"],
  [/'Ip\*Reasm\*'/g, "'Ip6*Reasm*'"],
  [/\bnet\.ipv4\.ipfrag_/g, "net.ipv6.ip6frag_"],
];

/** A hint that names what is for the IP versions of what it is about: of both, what rules are for both. */
function hintFor(hint: string, { isIpv4, isIpv6 }: IpVersions): string {
  if (!isIpv6) return hint;
  if (isIpv4) return hint.replaceAll(/\biptables\b/g, "iptables and ip6tables");
  return FOR_IPV6.reduce((text, [of, instead]) => text.replaceAll(of, instead), hint);
}

/** `hint`: what to look at next, where that depends on what was found. */
export function findingOf(
  code: FindingCode,
  count: number,
  text: string | Sentence,
  { flows, frames, versions }: Concerned = {},
  hint: string = FINDINGS[code].hint,
): Finding {
  const [inside, outside] = frames ?? [];
  const more = frames === undefined ? flows?.more : frames[INSIDE].more + frames[OUTSIDE].more;
  return {
    severity: FINDINGS[code].severity,
    code,
    count,
    flows: flows?.listed ?? [],
    frames: { inside: inside?.listed ?? [], outside: outside?.listed ?? [] },
    more: more ?? 0,
    ...(typeof text === "string" ? { text } : text),
    hint: versions === undefined ? hint : hintFor(hint, versions),
  };
}

/** A finding about the cases that are named, behind a text that says what they are; none where there are none. `hint`: as in `ofFlows`. */
export function ofNamed(code: FindingCode, gathered: Named, text: string, hint?: string): Finding[] {
  const { count } = gathered.named;
  return count === 0 ? [] : [findingOf(code, count, said`${text}: ${saidFew(gathered.named)}`, gathered, hint)];
}

/** A finding about some flows, or none where there are none. `hint`: what to look at next, where that is not as usual. */
export function ofFlows(code: FindingCode, gathered: Gathered, text: string | Sentence, hint?: string): Finding[] {
  const { count } = gathered.flows;
  return count === 0 ? [] : [findingOf(code, count, text, gathered, hint)];
}
