import { icmpCodeIn, icmpNumberIn, icmpTypeIn } from "../../packets/records.js";
import type { Flow } from "../../packets/flows/flows.js";
import { IS_ECHO, IS_ERROR, IS_HEADLESS, IS_LATER_FRAGMENT } from "../../packets/packets.js";
import { alteredNames, BY } from "../../packets/results/evidence.js";
import type { Finding } from "../../packets/results/findings.js";
import { PassingSink } from "../../packets/results/passing-sink.js";
import type { FlowSummary, Judgement, Sink, Tables, Update } from "../../packets/results/results.js";
import { INSIDE, OUTSIDE, type Side } from "../../packets/sides.js";
import { ICMP, ICMPV6, protocolName, TCP } from "../../protocols/ip-protocols.js";
import { ECHO_ID, endsKind, endsOf, rewriteNames, rewriteOf } from "../ends.js";
import { framesOfRow } from "../row-frames.js";
import { tcpFlagsText } from "../tcp-flags.js";
import { shortWording } from "../text/wording.js";
import type { Crossing, Facts, Fate, Sighting, Told } from "./told.js";

/** Who is told of a hop. */
export interface HopListener {
  /** Told first: how far the outside's clock is ahead when the captures begin. */
  begin(offsetNs: number, tables: Tables): void;
  take(told: Told): void;
}

/**
 * Passes a hop's results on to the hop's own report, and has a listener take copies of what it says of packets: rows are valid during the call only, and
 * packets of other hops come later.
 */
export class HopSink extends PassingSink {
  readonly #hop: number;
  readonly #isLast: boolean;
  readonly #listener: HopListener;
  readonly #epochNs: bigint;
  /** By side, when its stamps begin, nanoseconds since the path's epoch. */
  #shiftsNs: readonly number[] = [];
  /** The latest that is known of how the outside's clock stands to the inside's. */
  #offsetNs = 0;
  #atNs = 0;

  /** `isLast`: whether it is the outermost; `epochNs`: the path's, which times count from. */
  constructor(next: Sink, hop: number, isLast: boolean, epochNs: bigint, listener: HopListener) {
    super(next);
    this.#hop = hop;
    this.#isLast = isLast;
    this.#epochNs = epochNs;
    this.#listener = listener;
  }

  override get wantsPairs(): boolean {
    return true;
  }

  override get pairTimes(): undefined {
    return undefined;
  }

  override wantsVerdict(): boolean {
    return true;
  }

  override begin(tables: Tables): void {
    super.begin(tables);
    this.#offsetNs = Number(tables.offsetNs);
    this.#listener.begin(this.#offsetNs, tables);
    this.#shiftsNs = tables.epochsNs.map((epochNs) => Number(epochNs - this.#epochNs));
  }

  override pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    if (super.wantsPairs) super.pair(inside, outside, flow, isOutbound, latencyNs);
    const { timeline: t } = this.tables;
    const seen = [this.#sighting(inside), this.#sighting(outside)];
    const isTurned = t.side(inside) === t.side(outside);
    if (!isTurned) {
      const cameNs = isOutbound ? seen[INSIDE].atNs + latencyNs : seen[INSIDE].atNs - latencyNs;
      this.#offsetNs = seen[OUTSIDE].atNs - cameNs;
    }
    const missing = this.tables.missingOf(inside);
    const crossing: Crossing = {
      hop: this.#hop,
      flow: flow.id,
      isOutbound,
      latencyNs,
      rewrite: this.#rewrite(inside, outside, flow),
      by: BY[t.by(inside)],
      ...(isTurned && { turnedAt: seen[INSIDE].point }),
      ...(missing && { missingBytes: missing.reduce((sum, { length }) => sum + length, 0) }),
    };
    this.#tell(this.#onInside(seen[INSIDE], t.sideOf(inside)), inside, seen, { crossing });
  }

  override ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    super.ambiguous(inside, outside, why);
    const { timeline: t } = this.tables;
    const rows = [...inside, ...outside];
    const all = rows.map((row) => this.#sighting(row));
    const atNs = Math.min(...all.map((each, at) => this.#onInside(each, t.sideOf(rows[at]))));
    for (const [at, row] of rows.entries())
      this.#tell(atNs, row, [all[at]], { fate: this.#fate(row, { verdict: "ambiguous", why }) });
  }

  override unmatched(row: number, judgement: Judgement): void {
    super.unmatched(row, judgement);
    const { verdict, why, reason, impact, byFrame, leavesBy, rule } = judgement;
    const fate = this.#fate(row, { verdict, why, reason, impact, byFrame, leavesBy, rule });
    const seen = this.#sighting(row);
    this.#tell(this.#onInside(seen, this.tables.timeline.sideOf(row)), row, [seen], { fate });
  }

  override update(update: Update): void {
    super.update(update);
    this.#listener.take({ atNs: this.#atNs, kind: "update", update: { ...update } });
  }

  override flow(flow: FlowSummary): void {
    super.flow(flow);
    this.#listener.take({ atNs: this.#atNs, kind: "flow", flow: flow.id });
  }

  /** What a NAT further out translates is not untranslated: only the last hop can tell. */
  override finding(finding: Finding): void {
    if (finding.code !== "untranslated" || this.#isLast) super.finding(finding);
  }

  /** A line of the hop's own report: it stands behind what was told before. */
  line(text: string): void {
    this.#listener.take({ atNs: this.#atNs, kind: "line", text });
  }

  #tell(
    atNs: number,
    row: number,
    seen: readonly Sighting[],
    what: { readonly crossing: Crossing } | { readonly fate: Fate },
  ): void {
    this.#atNs = Math.max(this.#atNs, atNs);
    const facts = factsOf(this.tables, row);
    this.#listener.take({ atNs: this.#atNs, kind: "packet", seen, facts, offsetNs: this.#offsetNs, ...what });
  }

  /** When a side's packet passed, by the inside's clock. */
  #onInside({ atNs }: Sighting, side: Side): number {
    return side === INSIDE ? atNs : atNs - this.#offsetNs;
  }

  #sighting(row: number): Sighting {
    const { timeline: t } = this.tables;
    const side = t.sideOf(row);
    return {
      point: this.#hop + side,
      // the list is the hop's own
      frames: framesOfRow(this.tables, row).slice(),
      atNs: t.stampNs(row) + this.#shiftsNs[side],
      ends: endsOf(this.tables, row),
      ipId: t.ipId(row),
      ttl: t.ttl(row),
      length: this.tables.lengthOf(row),
    };
  }

  #fate(row: number, said: Omit<Fate, "hop" | "side" | "frame" | "flow">): Fate {
    const { timeline: t } = this.tables;
    return { hop: this.#hop, side: t.sideOf(row), frame: t.frame(row), flow: this.tables.flowOf(row), ...said };
  }

  /** What `file` says was rewritten of such a pair. */
  #rewrite(inside: number, outside: number, flow: Flow): string[] {
    const { timeline: t } = this.tables;
    const flags = t.flags(inside);
    // an ICMP error has the flow of the packet that it quotes, and ends of its own
    const bits =
      (flags & IS_ERROR) !== 0
        ? rewriteOf(endsOf(this.tables, inside), endsOf(this.tables, outside))
        : flow.rewrite(t.forward(inside));
    const isEcho = endsKind(t.proto(inside), flags) === ECHO_ID;
    return [...rewriteNames(bits, isEcho), ...alteredNames(t.altered(inside))];
  }
}

function factsOf(tables: Tables, row: number): Facts {
  const t = tables.timeline;
  const proto = t.proto(row);
  const flags = t.flags(row);
  const facts = { proto: protocolName(proto), text: shortWording(tables, row) };
  if ((flags & (IS_HEADLESS | IS_LATER_FRAGMENT)) !== 0) return facts;
  const seq = t.seq(row);
  if (proto === TCP) {
    const tcp = { seq, ack: t.ack(row), flags: tcpFlagsText(t.tcpFlags(row)), payload: t.payloadLength(row) };
    return { ...facts, tcp };
  }
  if (proto !== ICMP && proto !== ICMPV6) return facts;
  const number = (flags & IS_ECHO) === 0 ? {} : { seq: icmpNumberIn(seq) };
  return { ...facts, icmp: { type: icmpTypeIn(seq), code: icmpCodeIn(seq), ...number } };
}
