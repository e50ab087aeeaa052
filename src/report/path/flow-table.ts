import type { Ends } from "../../packets/results/results.js";
import { printable } from "../../packets/printable.js";
import { rewriteOf } from "../ends.js";
import { changesText, endsText } from "../text/ends-text.js";
import type { Paint } from "../text/paint.js";
import type { PathFlow } from "./path-flows.js";
import type { PathPoint } from "./reporter.js";

/** As many conversations as can be read are shown … */
const MOST = 200;
/** … of so many times as many that are remembered before the least of them are forgotten. */
const KEPT = 2;

/** The conversations along a path, a line each: those first that lost most packets, then the busiest. */
export class FlowTable {
  readonly #paint: Paint;
  #flows: PathFlow[] = [];

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  add(flow: PathFlow): void {
    this.#flows.push(flow);
    if (this.#flows.length > KEPT * MOST) this.#sort();
  }

  text(points: readonly PathPoint[], count: number): string {
    if (count === 0) return "";
    this.#sort();
    const lines = this.#flows.map((flow) => this.#line(flow, points));
    const more = count > lines.length ? `… and ${count - lines.length} more (--format ndjson lists them all)\n` : "";
    const heading = `${count} conversation${count === 1 ? "" : "s"} along the path, those that lost most first`;
    return `${this.#paint.heading(heading)}\n${lines.join("")}${more}\n`;
  }

  #sort(): void {
    this.#flows.sort((a, b) => lostOf(b) - lostOf(a) || b.packets - a.packets || a.numbers[0] - b.numbers[0]);
    this.#flows = this.#flows.slice(0, MOST);
  }

  #line(flow: PathFlow, points: readonly PathPoint[]): string {
    const { numbers, proto, ends, packets, lost } = flow;
    const steps: string[] = [];
    let before: Ends | undefined;
    for (const [point, now] of ends.entries()) {
      if (now === undefined) continue;
      const name = this.#paint.heading(printable(points[point].name));
      if (before === undefined) steps.push(`${name} ${endsText(now, 0, String)}`);
      else {
        const rewrite = rewriteOf(before, now);
        if (rewrite !== 0) steps.push(`${name} ${changesText(now, rewrite, this.#mark)}`);
      }
      before = now;
    }
    const never = lost.flatMap((each, hop) =>
      each === 0 ? [] : [`${each} ${printable(points[hop].name)}→${printable(points[hop + 1].name)}`],
    );
    const told = never.length === 0 ? "" : `  ${this.#paint.bad(`never arrived: ${never.join(", ")}`)}`;
    const count = `${packets} packet${packets === 1 ? "" : "s"}`;
    return `  flow ${numbers.join("+")}  ${proto}  ${steps.join("  → ")}  ${count}${told}\n`;
  }

  get #mark(): (field: string) => string {
    return this.#paint.isMarked ? String : this.#paint.rewritten;
  }
}

function lostOf({ lost }: PathFlow): number {
  return lost.reduce((sum, each) => sum + each, 0);
}
