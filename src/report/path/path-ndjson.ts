import type { AnsweredNames } from "../../packets/results/answers.js";
import { PassingSink } from "../../packets/results/passing-sink.js";
import type { Finding } from "../../packets/results/findings.js";
import type { Ends, FlowSummary, Sink, Summary, Update } from "../../packets/results/results.js";
import { EpochText } from "../../packets/results/epoch.js";
import { printableJson } from "../../packets/printable.js";
import { SIDE_NAMES } from "../../packets/sides.js";
import { framesJson, placeJson } from "../ndjson/frames-json.js";
import { headerJson, NdjsonReporter, type NdjsonOptions, updateLine } from "../ndjson/ndjson.js";
import type { Asked } from "../asked.js";
import { asksFor } from "./asked-journeys.js";
import type { Journey } from "./journey.js";
import { totalLatencyNs } from "./path-clock.js";
import type { PathFlow } from "./path-flows.js";
import type { PathPoint, PathReporter, PathTotals } from "./reporter.js";
import type { Crossing, Fate, Sighting } from "./told.js";
import { Buffered } from "../text/buffered.js";
import type { Write } from "../reporter.js";

export interface PathNdjsonOptions extends NdjsonOptions {
  /** Which packets are asked for. */
  readonly asked: Asked;
  /** What DNS answers called others, by hop. */
  readonly answersOf: readonly AnsweredNames[];
}

/** The machine-readable report of a path: what stands in `schema-path.ts`, and what each hop's own report says beside single packets. */
export class PathNdjson implements PathReporter {
  readonly #out: Buffered;
  readonly #options: PathNdjsonOptions;
  readonly #last: HopLines[] = [];
  #points: readonly PathPoint[] = [];
  #time!: EpochText;

  constructor(write: Write, options: PathNdjsonOptions) {
    this.#out = new Buffered(write);
    this.#options = options;
  }

  hopReport(hop: number, onLine: (text: string) => void): Sink {
    const lines = new HopLines(hop, { ...this.#options, answers: this.#options.answersOf[hop] }, onLine);
    this.#last[hop] = lines;
    return lines;
  }

  begin(points: readonly PathPoint[], epochNs: bigint): void {
    this.#points = points;
    this.#time = new EpochText(epochNs);
    const told = points.map(({ name, places, haveCounters }) => ({
      name,
      captures: places.names.map((capture, at) => ({ name: capture, counters: haveCounters[at] })),
    }));
    this.#line({ ...headerJson(this.#options.program), points: told });
  }

  journey(journey: Journey, flow: number | undefined): void {
    if (this.#options.quiet || !asksFor(this.#options.asked, journey)) return;
    const { timeNs, facts, seen, crossings, fates } = journey;
    const [first] = crossings;
    const latencyNs = totalLatencyNs(crossings);
    this.#line({
      type: "journey",
      ...(flow !== undefined && { pathFlow: flow }),
      time: this.#time.of(timeNs),
      proto: facts.proto,
      ...(first !== undefined && { direction: first.isOutbound ? "outbound" : "inbound", latencyNs }),
      ...(facts.tcp && { tcp: facts.tcp }),
      ...(facts.icmp && { icmp: facts.icmp }),
      points: seen.map((each) => this.#seenJson(each)),
      crossed: crossings.map(crossingJson),
      ended: fates.map((fate) => this.#fateJson(fate)),
    });
  }

  update(hop: number, update: Update): void {
    if (!this.#options.quiet && this.#options.asked.has(update))
      this.#out.add(updateLine(this.#points[hop + update.side].places, update, hop));
  }

  line(text: string): void {
    this.#out.add(text);
  }

  flow({ numbers, proto, ends, isOutbound, flows, packets, lost }: PathFlow): void {
    this.#line({
      type: "path-flow",
      pathFlows: numbers,
      proto,
      direction: isOutbound ? "outbound" : "inbound",
      points: ends.flatMap((each, point) => (each === undefined ? [] : [{ point, ...endsOnly(each) }])),
      hops: flows.flatMap((flow, hop) => (flow === undefined ? [] : [{ hop, flow, lost: lost[hop] }])),
      packets,
    });
  }

  end({ hops, journeys, flows, frames, clock }: PathTotals): void {
    for (const lines of this.#last) this.#out.add(lines.last);
    const accounts = frames.map((inJourneys, point) => {
      const side = point < hops.length ? hops[point].inside : hops[point - 1].outside;
      const { notIp, undecodable, captureDropped } = side;
      return { frames: side.frames, inJourneys, notIp, undecodable, captureDropped };
    });
    const { offsetNs, uncertaintyNs, isContradicted: contradicted } = clock;
    this.#line({
      type: "path",
      journeyCount: journeys,
      pathFlowCount: flows,
      accounts,
      clock: { offsetNs, uncertaintyNs, contradicted },
    });
    this.flush();
  }

  flush(): void {
    this.#out.flush();
  }

  #line(line: object): void {
    this.#out.add(`${printableJson(line)}\n`);
  }

  #seenJson({ point, frames, atNs, ends, ipId, ttl, length }: Sighting): object {
    const { places } = this.#points[point];
    return { point, ...framesJson(places, frames), time: this.#time.of(atNs), ...endsOnly(ends), ipId, ttl, length };
  }

  #fateJson({ hop, side, frame, flow, byFrame, ...said }: Fate): object {
    const { places } = this.#points[hop + side];
    const of = placeJson(places, frame, "frame", "capture");
    const by = byFrame === undefined ? {} : placeJson(places, byFrame, "byFrame", "byCapture");
    return { hop, side: SIDE_NAMES[side], ...of, flow, ...said, ...by };
  }
}

function crossingJson({ isOutbound, turnedAt, ...crossing }: Crossing): object {
  return { ...crossing, direction: isOutbound ? "outbound" : "inbound", turnedAt };
}

/** What ends are, without what only natcorr needs. */
function endsOnly({ src, srcPort, dst, dstPort, icmpId }: Ends): Ends {
  return { src, srcPort, dst, dstPort, icmpId };
}

/** A hop's own lines: flows as they end, and findings and the summary once all hops have ended. */
class HopLines extends PassingSink {
  last = "";
  readonly #reporter: NdjsonReporter;
  #isStreaming = true;

  constructor(hop: number, options: NdjsonOptions, onLine: (text: string) => void) {
    const utf8 = new TextDecoder();
    const reporter = new NdjsonReporter(
      (bytes, onTaken) => {
        const text = utf8.decode(bytes);
        onTaken?.();
        if (this.#isStreaming) onLine(text);
        else this.last += text;
      },
      { ...options, quiet: true, hop },
    );
    super(reporter);
    this.#reporter = reporter;
  }

  override flow(flow: FlowSummary): void {
    super.flow(flow);
    this.#reporter.flush();
  }

  override finding(finding: Finding): void {
    this.#isStreaming = false;
    super.finding(finding);
  }

  override end(summary: Summary): void {
    this.#isStreaming = false;
    super.end(summary);
  }
}
