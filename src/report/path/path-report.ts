import type { Sink, Summary } from "../../packets/results/results.js";
import { INSIDE, OUTSIDE } from "../../packets/sides.js";
import { HopSink } from "./hop-sink.js";
import { Journeys } from "./journeys.js";
import { Merging } from "./merging.js";
import { ClosureCheck } from "./path-clock.js";
import { PathFlows } from "./path-flows.js";
import type { PathPoint, PathReporter } from "./reporter.js";
import type { Told } from "./told.js";

export interface PathReportOptions {
  /** What the points are called, from the container outwards. */
  readonly names: readonly string[];
  /** What times count from, whichever hop begins first. */
  readonly epochNs: bigint;
  readonly windowNs: number;
}

/** Makes one report of what the hops of a path tell. */
export class PathReport {
  readonly #options: PathReportOptions;
  readonly #reporter: PathReporter;
  readonly #merging: Merging;
  readonly #journeys: Journeys;
  readonly #flows: PathFlows;
  readonly #closure: ClosureCheck;
  readonly #points: PathPoint[] = [];
  #begun = 0;
  /** Flows that go on no more, and when that was told: their last journeys may still wait. */
  #ended: { readonly hop: number; readonly flow: number; readonly atNs: number }[] = [];
  #count = 0;

  constructor(reporter: PathReporter, options: PathReportOptions) {
    const points = options.names.length;
    this.#options = options;
    this.#reporter = reporter;
    this.#merging = new Merging(points - 1, (hop, told, commonNs) => this.#take(hop, told, commonNs));
    this.#flows = new PathFlows(points, (flow) => reporter.flow(flow));
    this.#closure = new ClosureCheck(points - 1);
    this.#journeys = new Journeys(points, options.windowNs, (journey) => {
      this.#count++;
      this.#closure.note(journey);
      reporter.journey(journey, this.#flows.note(journey));
    });
  }

  /** Takes what a hop finds, on its way through whatever `within` adds to what the hop's own report is told. */
  hopSink(hop: number, within: (report: Sink) => Sink): Sink {
    const line = (text: string): void => sink.line(text);
    const { names, epochNs } = this.#options;
    const isLast = hop === names.length - 2;
    const sink: HopSink = new HopSink(within(this.#reporter.hopReport(hop, line)), hop, isLast, epochNs, {
      begin: (offsetNs, { timeline, haveCounters }) => {
        for (const side of [INSIDE, OUTSIDE] as const)
          this.#points[hop + side] = {
            name: names[hop + side],
            places: timeline.frames[side],
            haveCounters: haveCounters[side],
          };
        this.#merging.begin(hop, offsetNs);
        this.#begun++;
        if (this.#begun === names.length - 1) this.#reporter.begin(this.#points, epochNs);
      },
      take: (told) => this.#merging.add(hop, told),
    });
    return sink;
  }

  /** A hop tells no more. */
  endHop(hop: number): void {
    this.#merging.end(hop);
  }

  /** Ends it once all hops have. `hops`: what each came to. */
  end(hops: readonly Summary[]): void {
    this.#pass(Number.POSITIVE_INFINITY);
    this.#reporter.end({
      hops,
      journeys: this.#count,
      flows: this.#flows.count,
      frames: this.#journeys.frames,
      clock: this.#closure.of(hops),
    });
  }

  #take(hop: number, told: Told, commonNs: number): void {
    this.#pass(commonNs);
    switch (told.kind) {
      case "packet":
        this.#journeys.take(hop, told, (point) => this.#merging.aheadNs(point));
        break;
      case "update":
        if (!this.#journeys.amend(hop, told.update)) this.#reporter.update(hop, told.update);
        break;
      case "line":
        this.#reporter.line(told.text);
        break;
      case "flow":
        this.#ended.push({ hop, flow: told.flow, atNs: commonNs });
        break;
    }
  }

  #pass(commonNs: number): void {
    this.#journeys.pass(commonNs);
    if (this.#ended.length === 0) return;
    // where packets come inwards, the last of a flow stands up to a window behind its end
    const toldNs = Math.min(commonNs, this.#journeys.nextNs) - this.#options.windowNs;
    const still = this.#ended.findIndex(({ atNs }) => atNs >= toldNs);
    const over = this.#ended.splice(0, still < 0 ? this.#ended.length : still);
    for (const { hop, flow } of over) this.#flows.end(hop, flow);
  }
}
