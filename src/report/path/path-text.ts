import type { AnsweredNames } from "../../packets/results/answers.js";
import { printable } from "../../packets/printable.js";
import { PassingSink } from "../../packets/results/passing-sink.js";
import type { Sink, Summary, Update } from "../../packets/results/results.js";
import { SIDE_NAMES } from "../../packets/sides.js";
import type { Asked } from "../asked.js";
import type { Write } from "../reporter.js";
import { Buffered } from "../text/buffered.js";
import { foldedLines } from "../text/fold.js";
import { latencyText } from "../text/latency.js";
import type { UtcOffset } from "../text/local-time.js";
import { type Paint, paint } from "../text/paint.js";
import { countIn } from "../text/sum-up.js";
import { table } from "../text/table.js";
import { TextReporter, type TextSections } from "../text/text.js";
import { asksFor } from "./asked-journeys.js";
import { FlowTable } from "./flow-table.js";
import type { Journey } from "./journey.js";
import type { PathClock } from "./path-clock.js";
import type { PathFlow } from "./path-flows.js";
import { PathLines } from "./path-lines.js";
import type { PathPoint, PathReporter, PathTotals } from "./reporter.js";

export interface PathTextOptions {
  /** No line a packet. */
  readonly quiet: boolean;
  readonly width: number;
  readonly color: boolean;
  /** Which packets are asked for. */
  readonly asked: Asked;
  /** What DNS answers called others, by hop. */
  readonly answersOf: readonly AnsweredNames[];
  readonly utcOffset: UtcOffset;
}

/** The report of a path for people: a line a packet, then where packets were lost, conversations, what each hop found, and whether all adds up. */
export class PathText implements PathReporter {
  readonly #out: Buffered;
  readonly #options: PathTextOptions;
  readonly #paint: Paint;
  readonly #hops: HopText[] = [];
  readonly #flows: FlowTable;
  #points: readonly PathPoint[] = [];
  #lines!: PathLines;

  constructor(write: Write, options: PathTextOptions) {
    this.#out = new Buffered(write);
    this.#options = options;
    this.#paint = paint(options.color);
    this.#flows = new FlowTable(this.#paint);
  }

  hopReport(hop: number): Sink {
    const { width, color, asked, utcOffset, answersOf } = this.#options;
    const text = new HopText(
      new TextReporter(() => {}, { quiet: true, width, color, asksFor: asked, answers: answersOf[hop], utcOffset }),
    );
    this.#hops[hop] = text;
    return text;
  }

  begin(points: readonly PathPoint[], epochNs: bigint): void {
    const { quiet, width, utcOffset } = this.#options;
    this.#points = points;
    this.#lines = new PathLines(points, epochNs, this.#paint, width, utcOffset);
    if (!quiet) this.#out.add(this.#lines.heading());
  }

  journey(journey: Journey, flow: number | undefined): void {
    const { quiet, asked } = this.#options;
    if (!quiet && asksFor(asked, journey)) this.#out.add(this.#lines.journey(journey, flow));
  }

  update(hop: number, update: Update): void {
    if (!this.#options.quiet && this.#options.asked.has(update)) this.#out.add(this.#lines.update(hop, update));
  }

  line(text: string): void {
    this.#out.add(text);
  }

  flow(flow: PathFlow): void {
    this.#flows.add(flow);
  }

  end(totals: PathTotals): void {
    const { quiet, width } = this.#options;
    if (!quiet) this.#out.add("\n");
    const sections = [
      this.#lostText(totals.hops),
      this.#flows.text(this.#points, totals.flows),
      ...totals.hops.map((_, hop) => this.#hopText(hop)),
      this.#accounts(totals),
    ];
    for (const section of sections) this.#out.add(foldedLines(section, width));
    this.flush();
  }

  flush(): void {
    this.#out.flush();
  }

  /** Where packets were lost, hop by hop. */
  #lostText(hops: readonly Summary[]): string {
    const told = hops.map((summary, hop) => `  ${this.#lines.hop(hop)}: ${lostIn(summary)}\n`);
    return `${this.#paint.heading("What never arrived, hop by hop")}\n${told.join("")}\n`;
  }

  #hopText(hop: number): string {
    const [inside, outside] = [hop, hop + 1].map((point) => printable(this.#points[point].name));
    const { answer, alsoSeen, names } = this.#hops[hop].sections;
    const heading = this.#paint.heading(`Between ${inside} and ${outside}`);
    return `${heading} (${SIDE_NAMES[0]} is ${inside}, ${SIDE_NAMES[1]} ${outside})\n${answer}${alsoSeen}${names}`;
  }

  /** The sums are checked as they are shown: every frame is in one journey, or is none that natcorr looks at. */
  #accounts({ hops, frames, journeys, clock }: PathTotals): string {
    const columns = ["", "frames", "", "in journeys", "not IP", "undecodable"].map((heading, at) => ({
      heading,
      align: at === 0 || at === 2 ? ("left" as const) : ("right" as const),
    }));
    const rows = this.#points.map(({ name }, point) => {
      const side = point < hops.length ? hops[point].inside : hops[point - 1].outside;
      const { notIp, undecodable } = side;
      const isComplete = side.frames === frames[point] + notIp + undecodable;
      return [
        printable(name),
        String(side.frames),
        isComplete ? "=" : "≠",
        String(frames[point]),
        `+ ${notIp}`,
        `+ ${undecodable}`,
      ];
    });
    const pairs = hops.map(({ inside, outside, verdicts }, hop) => {
      const parts = [inside, outside].map((side, at) => {
        const unmatched = [...verdicts[at]].map(([verdict, count]) => `${count} ${verdict}`).join(", ");
        const alone = unmatched === "" ? "" : `; ${unmatched}`;
        const ambiguous = side.ambiguous === 0 ? "" : `; ${side.ambiguous} ambiguous`;
        return `${printable(this.#points[hop + at].name)} ${side.paired} paired${alone}${ambiguous}`;
      });
      return `  ${parts.join("  |  ")}\n`;
    });
    return `${this.#paint.heading("Totals")}: ${journeys} packet${journeys === 1 ? "" : "s"}\n${table(columns, rows)}hop by hop:\n${pairs.join("")}${this.#clocks(clock)}`;
  }

  #clocks({ offsetNs, uncertaintyNs, isContradicted }: PathClock): string {
    const [first, last] = [this.#points[0], this.#points[this.#points.length - 1]].map(({ name }) => printable(name));
    const apart =
      offsetNs === 0 ? "agrees with" : `is ${latencyText(Math.abs(offsetNs))} ${offsetNs < 0 ? "behind" : "ahead of"}`;
    const within =
      uncertaintyNs === null
        ? "nothing tells how exactly"
        : `to within ${latencyText(uncertaintyNs)}, all hops together`;
    const contradicted = isContradicted
      ? "; packets that passed all points contradict that: clocks of points between were set, or drift unevenly"
      : "";
    return `clocks: ${last} ${apart} ${first} at first (${within})${contradicted}\n`;
  }
}

/** What became of packets that never arrived at the other end of a hop. */
function lostIn(summary: Summary): string {
  const impact = (name: "lost" | "resent" | "covered" | "unknown"): number =>
    summary.impacts.reduce((sum, counts) => sum + (counts.get(name) ?? 0), 0);
  const parts = (
    [
      [impact("lost"), "lost"],
      [impact("unknown"), "dropped, maybe sent again"],
      [impact("resent") + impact("covered"), "dropped and made up for"],
      [countIn(summary, "refused"), "refused"],
    ] as const
  ).flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : []));
  return parts.length === 0 ? "none" : parts.join("; ");
}

/** A hop's own report, as far as it stands in that of the path. */
class HopText extends PassingSink {
  sections!: TextSections;
  readonly #reporter: TextReporter;

  constructor(reporter: TextReporter) {
    super(reporter);
    this.#reporter = reporter;
  }

  override end(summary: Summary): void {
    this.sections = this.#reporter.sections(summary);
  }
}
