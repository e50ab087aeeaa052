import { epochNsOf } from "../../../packets/results/epoch-ns.js";
import type { Stop, Traces } from "../../../packets/results/traces.js";
import { HEADER_BYTES } from "../../../protocols/ipv4.js";
import { type Decision, isByLack } from "../claim.js";
import { TupleEnds } from "../flows/flow-summary.js";
import type { Known } from "../known.js";

/** What a trace of the host's firewall says of packets without a twin. */
export class Traced {
  readonly #known: Known;
  readonly #traces: Traces;

  constructor(known: Known, traces: Traces) {
    this.#known = known;
    this.#traces = traces;
  }

  /** What became of a packet, by what else is said of it: a rule that stopped it did so whatever captures lack, and is named where they show that it was refused. */
  of(row: number, judged: Decision): Decision {
    const isLacked = isByLack(judged);
    const stop = isLacked || judged.verdict === "refused" ? this.#stopOf(row) : undefined;
    if (stop === undefined) return judged;
    const { rule, isRefusal } = stop;
    if (!isLacked) return { ...judged, rule, why: `${judged.why}, by a rule, as the trace shows: ${rule}` };
    const never = `a rule ${isRefusal ? "refused" : "dropped"} it, as the trace shows: ${rule}`;
    return { verdict: isRefusal ? "refused" : "dropped", reason: "rule", why: never, rule };
  }

  #stopOf(row: number): Stop | undefined {
    const { timeline: t, tuples, matchers } = this.#known;
    // conntrack puts fragments together before the first rule gets them (net/ipv4/netfilter/nf_defrag_ipv4.c)
    const fragments = matchers.wholeOf(row) ?? [row];
    // each fragment has a header of its own, without options
    const again = (fragments.length - 1) * HEADER_BYTES;
    const length = fragments.reduce((bytes, each) => bytes + t.length(each), -again);
    const ends = new TupleEnds(tuples).of(t.tuple(row), t.forward(row) === 1);
    const arrival = { ends, ttl: t.ttl(row), length, ipId: t.isIpv6(row) ? 0 : t.ipId(row) };
    return this.#traces.stopOf(arrival, epochNsOf(this.#known, row));
  }
}
