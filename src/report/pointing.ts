import { type Explained, explainedBy, SIGNS, takesPart } from "../packets/results/explains.js";
import { MOST_NAMED } from "../packets/results/few.js";
import type { Finding } from "../packets/results/findings.js";
import type { FindingCode } from "../packets/results/finding-codes.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import type { Summary } from "../packets/results/results.js";

/** Passes all results on, and has findings point to those that tell why there are some: for that, they wait for the end. */
export class Pointing extends PassingSink {
  readonly #waiting: Finding[] = [];

  /** What comes before any that takes part in this need not wait; what comes behind keeps its place. */
  override finding(finding: Finding): void {
    if (this.#waiting.length === 0 && !takesPart(finding.code)) super.finding(finding);
    else this.#waiting.push(finding);
  }

  override end(summary: Summary): void {
    const all = this.#waiting.splice(0);
    const explained = all.map((finding) => explainedBy(finding, all));
    const isSaid = (at: number): boolean => !SIGNS.has(all[at].code) || explained[at]?.isAll !== true;
    for (const [at, finding] of all.entries()) {
      const explains = all.flatMap(({ code }, other) =>
        isSaid(other) && explained[other]?.by.includes(finding) ? [code] : [],
      );
      if (isSaid(at)) super.finding(pointing(finding, explained[at], explains));
    }
    super.end(summary);
  }
}

/** A finding that sends its reader to those that explain it, and of what these do not, to what it had to say itself. */
function pointing(finding: Finding, explained: Explained | undefined, explains: readonly FindingCode[]): Finding {
  const said = explains.length === 0 ? finding : { ...finding, explains };
  if (explained === undefined) return said;
  const { by, flows, isAll } = explained;
  const codes = [...new Set(by.map(({ code }) => code))];
  const see = `see ${codes.join(" and ")}`;
  const named = `${flows.slice(0, MOST_NAMED).join(", ")}${flows.length > MOST_NAMED ? " …" : ""}`;
  const some = flows.length === 0 ? "some of them" : `flow${flows.length === 1 ? "" : "s"} ${named}`;
  const hint = isAll
    ? `${see}, which tell${codes.length === 1 ? "s" : ""} why`
    : `of ${some}, ${see}; of others, ${finding.hint}`;
  return { ...said, explainedBy: codes, hint };
}
