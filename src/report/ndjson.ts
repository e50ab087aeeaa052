import { type Flow, REWRITE_DST, REWRITE_DST_PORT, REWRITE_SRC, REWRITE_SRC_PORT } from "../packets/flows.js";
import type { LatencySummary } from "../packets/latency.js";
import {
  ICMP,
  ICMPV6,
  IS_ECHO,
  IS_ERROR,
  IS_HEADLESS,
  IS_LATER_FRAGMENT,
  protocolName,
  TCP,
} from "../packets/packets.js";
import {
  BY,
  type Ends,
  EVIDENCE,
  type Finding,
  type FlowSummary,
  natOf,
  type Quoted,
  type SideSummary,
  type Summary,
  type Tables,
  type Verdict,
} from "../packets/results.js";
import { INSIDE, OUTSIDE, SIDE_NAMES } from "../packets/sides.js";
import type { Timeline } from "../packets/timeline.js";
import { Buffered } from "./buffered.js";
import { ECHO_ID, endsKind, endsOf, rewriteOf } from "./ends.js";
import { EpochText, epochText } from "./epoch.js";
import { PairTexts } from "./pair-texts.js";
import type { Reporter, Write } from "./reporter.js";
import { tcpFlagsText } from "./tcp-flags.js";

export interface NdjsonOptions {
  /** Leaves out what is about single frames: pairs, ambiguous and unmatched ones. */
  quiet: boolean;
}

/** What all packets of a flow that travel in one direction have in common. */
interface PairText {
  /** From the opening brace to `rewrite`. */
  readonly head: string;
  readonly inside: string;
  readonly outside: string;
}

/**
 * The machine-readable report: one JSON object a line, `type` first, in the order the results come.
 *
 * Lines about packets are put together by hand: JSON.stringify of an object a packet takes several times as long.
 * Building them as bytes, digit by digit, was tried and is no faster (Node 20).
 */
export class NdjsonReporter implements Reporter {
  readonly wantsPairs: boolean;
  readonly #out: Buffered;
  readonly #isQuiet: boolean;
  #tables!: Tables;
  #times!: readonly [EpochText, EpochText];
  #pairTexts!: PairTexts<PairText>;
  /** `by` and `evidence` by `by << 16 | evidence`: a few dozen combinations occur. */
  readonly #evidence = new Map<number, string>();

  constructor(write: Write, options: NdjsonOptions) {
    this.#out = new Buffered(write);
    this.#isQuiet = options.quiet;
    this.wantsPairs = !options.quiet;
  }

  begin(tables: Tables): void {
    this.#tables = tables;
    this.#times = [new EpochText(tables.epochsNs[INSIDE]), new EpochText(tables.epochsNs[OUTSIDE])];
    this.#pairTexts = new PairTexts(tables, (inside, outside, flow, isOutbound) => {
      const { timeline } = tables;
      const isEcho = endsKind(timeline.proto(inside), timeline.flags(inside)) === ECHO_ID;
      return {
        head: this.#head(inside, flow, isOutbound, flow.rewrite(timeline.forward(inside)), isEcho),
        inside: endsJson(endsOf(tables, inside)),
        outside: endsJson(endsOf(tables, outside)),
      };
    });
    this.#line({
      type: "header",
      format: "natcorr",
      version: 1,
      inside: { name: tables.names[INSIDE] },
      outside: { name: tables.names[OUTSIDE] },
    });
  }

  pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    const t = this.#tables.timeline;
    const text =
      (t.flags(inside) & IS_ERROR) === 0
        ? this.#pairTexts.of(inside, outside, flow, isOutbound)
        : this.#errorText(inside, outside, flow, isOutbound);
    this.#out.add(
      `${text.head}${this.#byText(t.by(inside), t.evidence(inside))},"latencyNs":${latencyNs}${factsJson(t, inside)}` +
        `,"inside":{${this.#side(INSIDE, inside, text.inside)}},"outside":{${this.#side(OUTSIDE, outside, text.outside)}}}\n`,
    );
  }

  ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    if (this.#isQuiet) return;
    this.#line({
      type: "ambiguous",
      inside: { frames: inside.flatMap((row) => this.#frames(row)) },
      outside: { frames: outside.flatMap((row) => this.#frames(row)) },
      why,
    });
  }

  unmatched(row: number, verdict: Verdict, why: string): void {
    if (this.#isQuiet) return;
    const t = this.#tables.timeline;
    const side = t.side(row);
    const time = this.#times[side].of(t.stampNs(row));
    const facts = `"time":"${time}","proto":"${protocolName(t.proto(row))}",${endsJson(endsOf(this.#tables, row))}`;
    const judged = `"verdict":"${verdict}","why":${JSON.stringify(why)}`;
    for (const frame of this.#frames(row)) {
      this.#out.add(`{"type":"unmatched","side":"${SIDE_NAMES[side]}","frame":${frame},${facts},${judged}}\n`);
    }
  }

  flow(flow: FlowSummary): void {
    this.#line({
      type: "flow",
      id: flow.id,
      proto: flow.proto,
      nat: flow.nat,
      initiator: flow.initiator,
      inside: orderedEnds(flow.inside),
      outside: orderedEnds(flow.outside),
      pairs: flow.pairs,
      insideOnly: flow.insideOnly,
      outsideOnly: flow.outsideOnly,
      first: epochText(flow.firstNs),
      last: epochText(flow.lastNs),
      latencyNs: { outbound: orderedLatency(flow.latencyNs.outbound), inbound: orderedLatency(flow.latencyNs.inbound) },
      rules: flow.rules,
    });
  }

  finding({ severity, code, flow, count, text }: Finding): void {
    this.#line({ type: "finding", severity, code, flow, count, text });
  }

  end({ inside, outside, flows, clock }: Summary): void {
    const { offsetNs, driftPpm, source } = clock;
    this.#line({
      type: "summary",
      inside: orderedSide(inside),
      outside: orderedSide(outside),
      flows,
      clock: { offsetNs, driftPpm, source },
    });
    this.flush();
  }

  flush(): void {
    this.#out.flush();
  }

  #line(result: object): void {
    this.#out.add(`${JSON.stringify(result)}\n`);
  }

  #head(inside: number, flow: Flow, isOutbound: boolean, rewrite: number, isEcho: boolean): string {
    const { timeline, tuples } = this.#tables;
    const nat = natOf(flow.rewrite(tuples.openedByA[flow.insideTuple]));
    return (
      `{"type":"pair","flow":${flow.id},"proto":"${protocolName(timeline.proto(inside))}"` +
      `,"direction":"${isOutbound ? "outbound" : "inbound"}","nat":"${nat}"` +
      `,"rewrite":${JSON.stringify(rewriteNames(rewrite, isEcho))}`
    );
  }

  /** An ICMP error has ends of its own, and the flow of the packet it quotes. */
  #errorText(inside: number, outside: number, flow: Flow, isOutbound: boolean): PairText {
    const insideEnds = endsOf(this.#tables, inside);
    const outsideEnds = endsOf(this.#tables, outside);
    return {
      head: this.#head(inside, flow, isOutbound, rewriteOf(insideEnds, outsideEnds), false),
      inside: endsJson(insideEnds),
      outside: endsJson(outsideEnds),
    };
  }

  #side(side: number, row: number, ends: string): string {
    const t = this.#tables.timeline;
    const frames = this.#tables.framesOf(row)?.join(",") ?? t.frame(row);
    const facts =
      `"frames":[${frames}],"time":"${this.#times[side].of(t.stampNs(row))}",${ends}` +
      `,"ipId":${t.ipId(row)},"ttl":${t.ttl(row)},"length":${t.length(row)}`;
    if ((t.flags(row) & IS_ERROR) === 0) return facts;
    const quoted = this.#tables.quoteOf(row)?.quoted;
    return quoted ? `${facts},"quotes":${JSON.stringify(orderedQuote(quoted))}` : facts;
  }

  #frames(row: number): readonly number[] {
    const { timeline } = this.#tables;
    return this.#tables.framesOf(row) ?? [timeline.frame(row)];
  }

  #byText(by: number, evidence: number): string {
    const index = (by << 16) | evidence;
    let text = this.#evidence.get(index);
    if (text === undefined) {
      const names = EVIDENCE.filter((_, bit) => (evidence & (1 << bit)) !== 0);
      text = `,"by":"${BY[by]}","evidence":${JSON.stringify(names)}`;
      this.#evidence.set(index, text);
    }
    return text;
  }
}

/** What a NAT leaves alone of TCP and ICMP, with the comma before it; nothing for other protocols. */
function factsJson(t: Timeline, row: number): string {
  if ((t.flags(row) & (IS_HEADLESS | IS_LATER_FRAGMENT)) !== 0) return "";
  const proto = t.proto(row);
  if (proto === TCP) {
    const flags = tcpFlagsText(t.tcpFlags(row));
    return `,"tcp":{"seq":${t.seq(row)},"ack":${t.ack(row)},"flags":"${flags}","payload":${t.payloadLength(row)}}`;
  }
  if (proto !== ICMP && proto !== ICMPV6) return "";
  const type = t.seq(row) >>> 24;
  const code = (t.seq(row) >>> 16) & 255;
  const seq = (t.flags(row) & IS_ECHO) === 0 ? "" : `,"seq":${t.seq(row) & 0xffff}`;
  return `,"icmp":{"type":${type},"code":${code}${seq}}`;
}

/** Ends as members of an object, without its braces. Addresses hold nothing that JSON escapes. */
function endsJson(ends: Ends): string {
  return JSON.stringify(orderedEnds(ends)).slice(1, -1);
}

function orderedEnds({ src, srcPort, dst, dstPort, icmpId }: Ends): Ends {
  if (icmpId !== undefined) return { src, dst, icmpId };
  return srcPort === undefined || dstPort === undefined ? { src, dst } : { src, srcPort, dst, dstPort };
}

function orderedQuote(quoted: Quoted): object {
  return { proto: quoted.proto, ...orderedEnds(quoted), ipId: quoted.ipId, length: quoted.length };
}

function orderedLatency(latency: LatencySummary | null): LatencySummary | null {
  return latency && { min: latency.min, p50: latency.p50, p99: latency.p99, max: latency.max };
}

function orderedSide(side: SideSummary): SideSummary {
  const { frames, paired, unmatched, ambiguous, notIp, undecodable, captureDropped } = side;
  return { frames, paired, unmatched, ambiguous, notIp, undecodable, captureDropped };
}

function rewriteNames(rewrite: number, isEcho: boolean): string[] {
  const names: string[] = [];
  if (rewrite & REWRITE_SRC) names.push("src");
  if (rewrite & REWRITE_SRC_PORT && !isEcho) names.push("srcPort");
  if (rewrite & REWRITE_DST) names.push("dst");
  if (rewrite & REWRITE_DST_PORT && !isEcho) names.push("dstPort");
  if (rewrite & (REWRITE_SRC_PORT | REWRITE_DST_PORT) && isEcho) names.push("icmpId");
  return names;
}
