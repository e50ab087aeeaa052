import { FINDINGS } from "../packets/results/finding-codes.js";
import type { Judgement } from "../packets/results/results.js";
import { IMPACTS, LATE_VERDICTS, PROBLEMS, type Verdict, VERDICTS } from "../packets/results/verdicts.js";

/** What drops came to, as words: `unknown` is a verdict, and means that alone. */
const NAMED_IMPACTS = IMPACTS.filter((impact) => impact !== "unknown");

/** What is said of a packet without a twin, as far as words can ask for it. */
type Said = Pick<Judgement, "verdict" | "impact">;

/** What may be selected: verdicts, what drops came to, codes of findings, and what else results are. */
export const SELECTABLE: readonly string[] = [
  ...new Set(["pair", "ambiguous", "problem", ...VERDICTS, ...NAMED_IMPACTS, ...Object.keys(FINDINGS)]),
];

/** What is asked for by words: of packets without a twin, by what is said of them. */
export class Asked {
  readonly #only: ReadonlySet<string> | undefined;
  readonly #hidden: ReadonlySet<Verdict>;

  /** `only`: words of SELECTABLE; undefined: for all. `hidden`: verdicts that nobody is shown. */
  constructor(only: ReadonlySet<string> | undefined, hidden: ReadonlySet<Verdict>) {
    this.#only = only;
    this.#hidden = hidden;
  }

  /** Whether they ask for all there is. */
  get isAll(): boolean {
    return this.#only === undefined && this.#hidden.size === 0;
  }

  /** Whether the words ask for this, be it a verdict, an impact or anything else that results are. */
  names(what: string): boolean {
    return this.#only === undefined || this.#only.has(what);
  }

  /** Whether they ask for a packet of which this is said. */
  has({ verdict, impact }: Said): boolean {
    if (this.#hidden.has(verdict)) return false;
    if (this.names(verdict) || (PROBLEMS.has(verdict) && this.names("problem"))) return true;
    return verdict === "dropped" && impact !== undefined && impact !== "unknown" && this.names(impact);
  }

  /** Whether they ask for some packets with that verdict. */
  hasSomeOf(verdict: Verdict): boolean {
    return (
      this.has({ verdict }) || (verdict === "dropped" && NAMED_IMPACTS.some((impact) => this.has({ verdict, impact })))
    );
  }

  /** Whether they may ask for a packet by what becomes known of it. */
  get hasSomeLater(): boolean {
    return LATE_VERDICTS.some((verdict) => this.hasSomeOf(verdict));
  }
}
