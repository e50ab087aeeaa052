import { keepNewest } from "../../packets/memory/keep-newest.js";
import { inOnePiece } from "../../packets/memory/joined.js";
import type { Reason } from "../../packets/results/reasons.js";
import type { Ends } from "../../packets/results/results.js";
import type { Impact, Verdict } from "../../packets/results/verdicts.js";
import type { Side } from "../../packets/sides.js";
import type { Protocol } from "../../protocols/ip-protocols.js";

/** What is said of packets. */
export interface Said {
  readonly verdict: Verdict | "ambiguous";
  readonly reason?: Reason | undefined;
  readonly impact?: Impact | undefined;
  readonly byFrame?: number | undefined;
  readonly leavesBy?: string | undefined;
  readonly rule?: string | undefined;
  readonly why: string;
}

/** Of so many different things that were said, the last is known when it is said again. */
const MOST_SAID = 256;

/** What is said of many packets, to be kept: of most, it is the same as of others. */
export class Sayings {
  readonly #known = new Map<string, Said>();

  kept({ verdict, reason, impact, byFrame, leavesBy, rule, why: text }: Said): Said {
    const said = { verdict, reason, impact, byFrame, leavesBy, rule, why: inOnePiece(text) };
    if (byFrame !== undefined) return said;
    const key = `${verdict} ${reason} ${impact} ${rule} ${text}`;
    const known = this.#known.get(key) ?? said;
    this.#known.set(key, known);
    keepNewest(this.#known, MOST_SAID);
    return known;
  }
}

/** A packet that never arrived, or that is an example of others; or packets that nothing tells apart. */
export interface Lost {
  readonly proto: Protocol;
  readonly ends: Ends;
  /** Of an ICMP error, what it says, and about which packet. */
  readonly error: string | undefined;
  /** Whether it comes from who opened its conversation. */
  readonly isFromOpener: boolean;
  readonly flow: number | undefined;
  /** The containers that it is from, or to, and whose addresses it does not show. */
  readonly behind: readonly string[];
  readonly side: Side;
  /** Of several packets, the first. */
  readonly frame: number;
  /** All frames of several packets, on their side and on the other one. */
  readonly alike: { readonly here: readonly number[]; readonly there: readonly number[] } | undefined;
  judgement: Said;
}

/** What packets came to of which no twin was seen, the worst first. */
export type Kind = Impact | "refused" | "unclear" | "ambiguous" | "elsewhere";

export function kindOf({ verdict, impact = "unknown" }: Said): Kind {
  if (verdict === "unknown") return "unclear";
  return verdict === "refused" || verdict === "ambiguous" || verdict === "elsewhere" ? verdict : impact;
}
