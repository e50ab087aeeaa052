import { type Finding, findingOf, Gathered, Named, ofFlows, ofNamed, oneFlow } from "../packets/results/findings.js";
import type { Ends, FlowSummary } from "../packets/results/results.js";
import { type ConntrackEntry, type ConntrackTable, entryText, isTranslated } from "./conntrack-table.js";
import { halfway, isIncoming, passage, reversed, tupleText } from "./tuples.js";

/** How late conntrack may be to tell of what happened, nanoseconds: it stamps events when it reads them (17 ms later were seen). */
const LATE_NS = 100_000_000n;

/**
 * Holds natcorr's translations against conntrack's.
 *
 * An entry's two tuples are what its packets look like as they come to the NAT, in one direction and in the other; of a flow,
 * they are those of its packets from inside as captured there, and of those from outside. Which of them is conntrack's original
 * is left open: who opened a conversation that was under way when the captures (or conntrack) began, neither can know.
 *
 * A bridge hands its packets to the rules before a capture on it sees them (br_netfilter): what comes from inside may have its
 * destination rewritten already.
 */
export class CrossCheck {
  readonly #table: ConntrackTable;
  readonly #seen = new Set<ConntrackEntry>();
  readonly #confirmed = new Gathered();
  #contradicted = 0;
  readonly #missing = new Gathered();
  /** Flows that left as they came beside an entry that translates them, and those entries. */
  readonly #bypassing = new Named();

  constructor(table: ConntrackTable) {
    this.#table = table;
  }

  /**
   * Checks a finished flow against what conntrack has said so far. Gives a finding where conntrack has another translation
   * for it, else null. What left as it came shows that itself: an entry says what becomes of packets that conntrack takes for valid.
   * docker-proxy's flows are none of conntrack's: it has two connections there.
   */
  flow(flow: FlowSummary): Finding | null {
    if (flow.nat === "proxy") return null;
    const { proto, inside, outside } = flow;
    const fromInside = isIncoming(flow) ? reversed(inside) : inside;
    const fromOutside = isIncoming(flow) ? outside : reversed(outside);
    const sharing = this.#table.having(tupleText(proto, fromOutside));
    const confirming = sharing.find((entry) => isOf(entry, tupleText(proto, fromInside), fromOutside));
    if (confirming) {
      this.#confirmed.addFlow(flow);
      this.#seen.add(confirming);
      return null;
    }
    if (!this.#tellsOf(flow)) return null;
    const rivals = [...sharing, ...this.#table.having(tupleText(proto, fromInside))];
    const contradicting = rivals.find((entry) => !entry.isZoned && wasAliveIn(entry, flow));
    if (!contradicting) {
      this.#missing.addFlow(flow);
      return null;
    }
    if (flow.nat === "none") {
      this.#bypassing.addFlow(flow);
      this.#bypassing.named.add(entryText(contradicting));
      return null;
    }
    this.#contradicted++;
    this.#seen.add(contradicting);
    const { entering, leaving } = passage(flow);
    const paired = `${tupleText(proto, entering)} → ${tupleText(proto, leaving)}`;
    const text = `paired as ${paired}, but conntrack has ${entryText(contradicting)}`;
    return findingOf("conntrack-contradicted", 1, text, oneFlow(flow));
  }

  /** What there is to say of all flows together; call it once, after the last. */
  end(): Finding[] {
    const confirmed = this.#confirmed.flows.count;
    const checked = confirmed + this.#contradicted + this.#missing.flows.count;
    const share = `${confirmed} of ${checked} translations confirmed by conntrack`;
    const lacking = `conntrack has no entry for ${this.#missing.flows.count === 1 ? "it" : "them"}`;
    const bypassing = "packets left as they came, though conntrack has an entry that translates their flow";
    const findings = [
      ...(checked === 0 && this.#table.listedNs !== undefined
        ? []
        : [findingOf("conntrack", confirmed, share, this.#confirmed)]),
      ...ofFlows("conntrack-missing", this.#missing, lacking),
      ...ofNamed("conntrack-bypassed", this.#bypassing, bypassing),
      ...ofNamed("conntrack-unseen", this.#unseen(), "conntrack translated, but no pair shows it"),
    ];
    const { unread, firstUnread } = this.#table;
    if (unread > 0) {
      const text = `${unread} lines of conntrack's could not be read, the first is line ${firstUnread}`;
      findings.push(findingOf("conntrack-unread", unread, text));
    }
    return findings;
  }

  /** Whether an entry that is not there tells anything of a flow: a list of a moment does only of what lived then. */
  #tellsOf({ firstNs, lastNs }: FlowSummary): boolean {
    const { listedNs } = this.#table;
    return listedNs === undefined || (firstNs <= listedNs && listedNs <= lastNs);
  }

  #unseen(): Named {
    const unseen = new Named();
    for (const entry of this.#table.entries) {
      if (entry.wasAlive && !this.#seen.has(entry) && isTranslated(entry)) unseen.named.add(entryText(entry));
    }
    return unseen;
  }
}

/** Whether an entry that has `fromOutside` is that of packets which look like `fromInside` on a capture there. */
function isOf(
  { proto, original, reply, originalText }: ConntrackEntry,
  fromInside: string,
  fromOutside: Ends,
): boolean {
  const entering = originalText === tupleText(proto, fromOutside) ? reply : original;
  return (
    tupleText(proto, entering) === fromInside ||
    tupleText(proto, halfway(entering, reversed(fromOutside))) === fromInside
  );
}

/**
 * Whether an entry was there during a flow. A tuple is used again, or its packets leak, when its entry is gone: that one then
 * contradicts nothing, nor does one of which only the end is known, but not when it was.
 */
function wasAliveIn({ bornNs, diedNs, isGone }: ConntrackEntry, { firstNs, lastNs }: FlowSummary): boolean {
  if (bornNs !== undefined && bornNs - LATE_NS > lastNs) return false;
  return isGone ? diedNs !== undefined && diedNs - LATE_NS >= firstNs : true;
}
