import { protocolName } from "../packets/packets.js";
import { PROBLEMS, type Summary, type Tables, type Verdict } from "../packets/results.js";
import { SIDE_NAMES } from "../packets/sides.js";
import { endsOf } from "./ends.js";
import { endsText } from "./ends-text.js";
import type { Paint } from "./paint.js";
import { printable } from "../packets/printable.js";

/** Most problems that are shown: what can be read, and what bounds their memory. */
const MOST_PROBLEMS = 100;
/** Most frames that are named of one. */
const MOST_FRAMES = 8;

/** Packets of one conversation and direction that met the same end. */
interface Problem {
  readonly verdict: Verdict;
  readonly who: string;
  readonly flow: number | undefined;
  readonly where: string;
  readonly why: string;
  readonly frames: number[];
  count: number;
}

/** The packets that never arrived: what comes first of a summary. */
export class Problems {
  readonly #tables: Tables;
  readonly #problems = new Map<string, Problem>();
  #others = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** Takes a packet without a twin, whatever its verdict. */
  note(row: number, verdict: Verdict, why: string): void {
    if (!PROBLEMS.has(verdict)) return;
    const { timeline } = this.#tables;
    const where = SIDE_NAMES[timeline.side(row)];
    const who = `${protocolName(timeline.proto(row))} ${endsText(endsOf(this.#tables, row), 0, String)}`;
    const frames = this.#tables.framesOf(row) ?? [timeline.frame(row)];
    const key = `${verdict} ${where} ${who} ${why}`;
    let problem = this.#problems.get(key);
    if (problem === undefined) {
      if (this.#problems.size === MOST_PROBLEMS) {
        this.#others += frames.length;
        return;
      }
      problem = { verdict, who, flow: this.#tables.flowOf(row), where, why, frames: [], count: 0 };
      this.#problems.set(key, problem);
    }
    problem.count += frames.length;
    problem.frames.push(...frames.slice(0, MOST_FRAMES - problem.frames.length));
  }

  /** One line each, the reason behind it where it fits in `width` columns, else below. */
  text({ verdicts }: Summary, width: number, paint: Paint): string {
    const counts = [...PROBLEMS].map((verdict) => [verdict, totalOf(verdicts, verdict)] as const);
    const told = counts.filter(([, count]) => count > 0).map(([verdict, count]) => `${count} ${verdict}`);
    if (told.length === 0) return "No packet was seen to be dropped or refused.\n";
    const lines = [...this.#problems.values()].map((problem) => this.#line(problem, width, paint));
    const more =
      this.#others === 0 ? "" : `… and ${this.#others} more packets (--only problem --format ndjson lists them all)\n`;
    return `${paint.heading(`Problems: ${told.join(", ")}`)}\n${lines.join("")}${more}`;
  }

  #line({ verdict, who, flow, where, why, frames, count }: Problem, width: number, paint: Paint): string {
    const unnamed = count - frames.length;
    const named = `${frames.map((frame) => `#${frame}`).join(" ")}${unnamed === 0 ? "" : ` and ${unnamed} more`}`;
    const mark = `! ${verdict.padEnd("refused".length)}`;
    const facts = `${who}${flow === undefined ? "" : `  flow ${flow}`}  ${where} ${named}`;
    const reason = printable(why);
    const isShort = mark.length + facts.length + reason.length + 3 <= width;
    return `${paint.bad(mark)} ${facts}${isShort ? "  " : `\n${" ".repeat(mark.length + 1)}`}${reason}\n`;
  }
}

function totalOf([inside, outside]: Summary["verdicts"], verdict: Verdict): number {
  return (inside.get(verdict) ?? 0) + (outside.get(verdict) ?? 0);
}
