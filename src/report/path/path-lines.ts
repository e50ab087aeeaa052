import type { Verdict } from "../../packets/results/verdicts.js";
import { INSIDE } from "../../packets/sides.js";
import { printable } from "../../packets/printable.js";
import { rewriteOf } from "../ends.js";
import { columnsOf } from "../text/columns.js";
import { changesText, endsText } from "../text/ends-text.js";
import { folded } from "../text/fold.js";
import { latencyText } from "../text/latency.js";
import { LocalTimes, type UtcOffset } from "../text/local-time.js";
import type { Paint } from "../text/paint.js";
import { FAINT, verdictText } from "../text/verdict-text.js";
import type { Journey } from "./journey.js";
import { totalLatencyNs } from "./path-clock.js";
import type { PathPoint } from "./reporter.js";
import type { Crossing, Fate, Sighting } from "./told.js";

/** `00:00:00.000000`, `-29.0µs`. */
const TIME_COLUMNS = 15;
const LATENCY_COLUMNS = 7;
const INDENT = TIME_COLUMNS + LATENCY_COLUMNS + 2;
/** Columns grow with what they hold, up to here: what is longer sticks out, rather than push all others right. */
const MOST_COLUMNS = 44;
/** Of a packet that a point did not see. */
const UNSEEN = "–";

/** A line a packet, a column a point: what the packet was at the innermost point that saw it, and at each next one, what became of that. */
export class PathLines {
  readonly #points: readonly PathPoint[];
  readonly #paint: Paint;
  readonly #width: number;
  readonly #times: LocalTimes;
  /** How wide each point's column is by now. */
  readonly #columns: number[];

  constructor(points: readonly PathPoint[], epochNs: bigint, paint: Paint, width: number, utcOffset: UtcOffset) {
    this.#points = points;
    this.#paint = paint;
    this.#width = width;
    this.#times = new LocalTimes(epochNs, utcOffset, 6);
    this.#columns = points.map(({ name }) => columnsOf(name));
  }

  heading(): string {
    const names = this.#points.map(({ name }) => this.#paint.heading(printable(name)));
    const { outbound, inbound } = this.#arrows;
    const legend = `${outbound} outbound, ${inbound} inbound, = unchanged, ${UNSEEN} not seen`;
    return `${folded(`${"time".padEnd(TIME_COLUMNS)} ${"total".padStart(LATENCY_COLUMNS)} ${names.join(" → ")}  (${legend})`, this.#width, INDENT)}\n`;
  }

  journey(journey: Journey, flow: number | undefined): string {
    const { timeNs, facts, seen, crossings, fates } = journey;
    const totalNs = totalLatencyNs(crossings);
    const head = `${this.#times.of(Math.floor(timeNs))} ${(totalNs === undefined ? "" : latencyText(totalNs)).padStart(LATENCY_COLUMNS)} `;
    const cells = this.#points.map((_, point) => this.#cell(journey, point));
    const frames = seen.map((each) => this.#frames(each)).join(" ");
    const of = flow === undefined ? "" : `flow ${flow} `;
    // what cannot be told apart is explained once, where its hop reports
    const whys = fates
      .filter(({ verdict }) => verdict !== "ambiguous" && !FAINT.has(verdict))
      .map((fate) => this.#why(fate));
    const rest = [facts.text, `${of}${frames}`, ...new Set(whys)].join("  ");
    for (const [point, cell] of cells.entries())
      this.#columns[point] = Math.max(this.#columns[point], Math.min(columnsOf(cell), MOST_COLUMNS));
    const inColumns = cells.map((cell, at) => cell + " ".repeat(Math.max(0, this.#columns[at] - columnsOf(cell))));
    const line = `${head}${inColumns.join("  ")}  ${rest}`;
    if (columnsOf(line) <= this.#width) return `${line}\n`;
    return `${folded(`${head}${cells.join("  ")}  ${rest}`, this.#width, INDENT)}\n`;
  }

  /** What became known of a frame of a hop after its line. */
  update(
    hop: number,
    {
      side,
      frame,
      verdict,
      impact,
      why,
    }: Pick<Fate, "side" | "frame" | "impact" | "why"> & { readonly verdict: Verdict },
  ): string {
    const told = verdict === "dropped" && impact !== undefined && impact !== "unknown" ? `, ${impact}` : "";
    const { name, places } = this.#points[hop + side];
    const said = `${this.#paint.heading(printable(name))} #${places.text(frame)}  ${verdictText(verdict, told, this.#paint)}`;
    const line = `${" ".repeat(TIME_COLUMNS)} ${"update".padStart(LATENCY_COLUMNS)} ${said}  ${this.hop(hop)}: ${printable(why)}`;
    return `${folded(line, this.#width, INDENT)}\n`;
  }

  /** What a hop is called. */
  hop(hop: number): string {
    return `${printable(this.#points[hop].name)} → ${printable(this.#points[hop + 1].name)}`;
  }

  get #arrows(): { readonly outbound: string; readonly inbound: string } {
    return { outbound: this.#paint.outbound("→"), inbound: this.#paint.inbound("←") };
  }

  #cell({ seen, crossings, fates }: Journey, point: number): string {
    const first = seen.findIndex((each) => each.point === point);
    if (first < 0) {
      // where it was not seen though a hop looked for it, the hop says why
      const fate = fates.find(({ hop, side }) => hop + 1 - side === point);
      return fate === undefined ? UNSEEN : this.#fateText(fate);
    }
    const here = seen.filter((each) => each.point === point);
    const before = seen[first - 1];
    const crossing = crossings.find(({ hop, turnedAt }) => hop === point - 1 && turnedAt === undefined);
    const mark = this.#mark;
    const entered =
      before === undefined || crossing === undefined
        ? endsText(here[0].ends, 0, String)
        : `${this.#crossingText(crossing)} ${this.#changes(before, here[0])}`;
    const turns = here
      .slice(1)
      .map((each, at) => `↩ ${changesText(each.ends, rewriteOf(here[at].ends, each.ends), mark)}`);
    return [entered, ...turns].join(" ");
  }

  #crossingText({ isOutbound, latencyNs, missingBytes }: Crossing): string {
    const missing = missingBytes === undefined ? "" : ` ${this.#paint.bad(`(${missingBytes} bytes missing)`)}`;
    return `${isOutbound ? this.#arrows.outbound : this.#arrows.inbound} ${latencyText(latencyNs)}${missing}`;
  }

  #changes(before: Sighting, now: Sighting): string {
    const rewrite = rewriteOf(before.ends, now.ends);
    return rewrite === 0 ? "=" : changesText(now.ends, rewrite, this.#mark);
  }

  /** A mark would say of what is changed that it is, where nothing else stands. */
  get #mark(): (field: string) => string {
    return this.#paint.isMarked ? String : this.#paint.rewritten;
  }

  #fateText({ verdict, impact }: Fate): string {
    if (verdict === "ambiguous") return this.#paint.doubtful("? ambiguous");
    const told = verdict === "dropped" && impact !== undefined && impact !== "unknown" ? `, ${impact}` : "";
    return verdictText(verdict, told, this.#paint);
  }

  #why({ hop, side, why }: Fate): string {
    const [from, to] = side === INSIDE ? [hop, hop + 1] : [hop + 1, hop];
    return `${printable(this.#points[from].name)}→${printable(this.#points[to].name)}: ${printable(why)}`;
  }

  #frames({ point, frames }: Sighting): string {
    const { places } = this.#points[point];
    const named = frames.map((frame) => places.text(frame));
    return `#${named.length === 1 ? named[0] : `${named[0]}…${named[named.length - 1]}`}`;
  }
}
