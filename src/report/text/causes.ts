import { explains } from "../../packets/results/explains.js";
import type { Finding } from "../../packets/results/findings.js";
import type { FindingCode } from "../../packets/results/finding-codes.js";
import { SIDE_NAMES } from "../../packets/sides.js";
import type { Lost } from "./lost.js";

/** The findings that tell why packets never arrived, by the frames that they are about. */
export class Causes {
  readonly #findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    this.#findings = findings;
  }

  /**
   * The code of the finding that tells of a packet that was dropped or refused, or that may have been, of one that names a rule where there is one; undefined where none does. Of
   * what was refused, or is unknown, only those tell that say what drops it, or why the host took it for its own.
   */
  of({ side, frame, judgement: { verdict } }: Lost): FindingCode | undefined {
    if (verdict !== "dropped" && verdict !== "refused" && verdict !== "unknown") return undefined;
    const telling = this.#findings.filter(
      ({ code, frames, isAbout }) =>
        (verdict === "dropped" || code.startsWith("drop-") || (verdict === "refused" && explains(code, verdict))) &&
        (frames[SIDE_NAMES[side]].includes(frame) || isAbout?.(side, frame) === true),
    );
    return (telling.find(({ rule }) => rule !== undefined) ?? telling.at(0))?.code;
  }

  /** The codes of the findings that say what may have dropped packets of which nothing else does. */
  get ofOthers(): FindingCode[] {
    return [...new Set(this.#findings.flatMap(({ code, isOfOthers }) => (isOfOthers === true ? [code] : [])))];
  }

  /** Whether a finding names a packet that was dropped, and the one that was sent again and got through. */
  tellsAgain({ side, frame, judgement: { byFrame, impact } }: Lost): boolean {
    if (impact !== "resent" || byFrame === undefined) return false;
    return this.#findings.some(({ frames }) =>
      [frame, byFrame].every((each) => frames[SIDE_NAMES[side]].includes(each)),
    );
  }
}
