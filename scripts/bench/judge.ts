import { DROPPED, LOCAL, NOT_IP, type Truth, UNSEEN } from "./truth.js";

/** What natcorr's NDJSON says of frames; the fields the judge reads, design section 3. */
interface Frames {
  readonly frames: readonly number[];
}
const TOTALS = ["frames", "paired", "unmatched", "ambiguous", "notIp", "undecodable"] as const;
type SideTotals = Readonly<Record<(typeof TOTALS)[number], number>>;
type Side = "inside" | "outside";
type Result =
  | { readonly type: "pair"; readonly by: string; readonly inside: Frames; readonly outside: Frames }
  | { readonly type: "ambiguous"; readonly inside: Frames; readonly outside: Frames }
  | { readonly type: "unmatched"; readonly side: Side; readonly frame: number; readonly verdict: string }
  | { readonly type: "summary"; readonly inside: SideTotals; readonly outside: SideTotals }
  | { readonly type: "header" | "flow" | "finding" };

/** How well natcorr did on one capture pair. Pairs are counted in inside frames. */
export interface Score {
  right: number;
  wrong: number;
  /** Untrue pairs that nobody could have known to be: see `Judge`. */
  unknowable: number;
  /** True pairs, and those of them that something tells apart from every neighbour. */
  readonly truePairs: number;
  readonly distinctPairs: number;
  distinctFound: number;
  /** Inside frames called ambiguous, and those of them with a twin that nothing else looks like. */
  ambiguous: number;
  needless: number;
  /** Dropped and local frames reported as unmatched, and those with the verdict that says so. */
  judged: number;
  judgedRight: number;
  /** The first wrong pairs, in words. */
  readonly examples: string[];
  /** What does not add up; empty where every frame is accounted for. */
  readonly accounting: string[];
}

const EXAMPLES = 5;
const PAIRED = 1;
const UNMATCHED = 2;
const AMBIGUOUS = 3;

/** Compares natcorr's records with the truth, one at a time. */
export class Judge {
  readonly score: Score;
  readonly #truth: Truth;
  readonly #isSame: (inside: number, outside: number) => boolean;
  readonly #identical: Readonly<Record<Side, Uint8Array>>;
  readonly #fate: Readonly<Record<Side, Uint8Array>>;
  #summaries = 0;

  /**
   * @param identical per side, which frames have an interchangeable neighbour (`identicalFrames`).
   * @param isSame whether an inside and an outside frame are interchangeable. Where each capture lost the twin of such
   * a frame, what is left looks like a pair to any observer: it counts as `unknowable`, not as wrong. Left out where
   * the captures lost nothing.
   */
  constructor(
    truth: Truth,
    identical: Readonly<Record<Side, Uint8Array>>,
    isSame: (inside: number, outside: number) => boolean = () => false,
  ) {
    this.#truth = truth;
    this.#isSame = isSame;
    this.#identical = identical;
    this.#fate = {
      inside: new Uint8Array(truth.insideKind.length),
      outside: new Uint8Array(truth.outsideKind.length),
    };
    let truePairs = 0;
    let distinctPairs = 0;
    for (let frame = 1; frame < truth.twin.length; frame++) {
      if (truth.twin[frame] === 0) continue;
      truePairs++;
      if (this.#isDistinct(frame)) distinctPairs++;
    }
    this.score = {
      right: 0,
      wrong: 0,
      unknowable: 0,
      truePairs,
      distinctPairs,
      distinctFound: 0,
      ambiguous: 0,
      needless: 0,
      judged: 0,
      judgedRight: 0,
      examples: [],
      accounting: [],
    };
  }

  /** @param line one NDJSON record. @throws SyntaxError where it is not JSON. */
  read(line: string): void {
    const record: Result = JSON.parse(line);
    switch (record.type) {
      case "pair":
        this.#pair(record.inside.frames, record.outside.frames, record.by);
        break;
      case "ambiguous":
        this.#ambiguous(record.inside.frames, record.outside.frames);
        break;
      case "unmatched":
        this.#unmatched(record.side, record.frame, record.verdict);
        break;
      case "summary":
        this.#summaries++;
        this.#check("inside", record.inside);
        this.#check("outside", record.outside);
        break;
      case "header":
      case "flow":
      case "finding":
        break;
    }
  }

  /** The score, once everything was read. */
  finish(): Score {
    if (this.#summaries !== 1) this.score.accounting.push(`${this.#summaries} summaries instead of one`);
    return this.score;
  }

  #pair(inside: readonly number[], outside: readonly number[], by: string): void {
    this.#mark("inside", inside, PAIRED);
    this.#mark("outside", outside, PAIRED);
    const twins = inside.map((frame) => this.#truth.twin[frame] ?? 0);
    const isRight = twins.length === outside.length && twins.every((twin) => twin > 0 && outside.includes(twin));
    if (isRight) {
      this.score.right += inside.length;
      this.score.distinctFound += inside.filter((frame) => this.#isDistinct(frame)).length;
      return;
    }
    if (this.#isUnknowable(inside, outside)) {
      this.score.unknowable++;
      return;
    }
    this.score.wrong += inside.length;
    if (this.score.examples.length === EXAMPLES) return;
    const likeness =
      inside.some((frame) => !this.#isDistinct(frame)) || outside.some((frame) => this.#identical.outside[frame] === 1)
        ? ", identical neighbours"
        : "";
    this.score.examples.push(
      `inside ${inside.join(" ")} with outside ${outside.join(" ")} by ${by}, in truth with ${twins.join(" ")}${likeness}`,
    );
  }

  #ambiguous(inside: readonly number[], outside: readonly number[]): void {
    this.#mark("inside", inside, AMBIGUOUS);
    this.#mark("outside", outside, AMBIGUOUS);
    this.score.ambiguous += inside.length;
    this.score.needless += inside.filter(
      (frame) => (this.#truth.twin[frame] ?? 0) > 0 && this.#isDistinct(frame),
    ).length;
  }

  #unmatched(side: Side, frame: number, verdict: string): void {
    this.#mark(side, [frame], UNMATCHED);
    const kind = (side === "inside" ? this.#truth.insideKind : this.#truth.outsideKind)[frame];
    if (kind !== DROPPED && kind !== LOCAL) return;
    this.score.judged++;
    if (verdict === (kind === DROPPED ? "dropped" : "local")) this.score.judgedRight++;
  }

  #isUnknowable(inside: readonly number[], outside: readonly number[]): boolean {
    if (inside.length !== 1 || outside.length !== 1) return false;
    const { insideKind, outsideKind } = this.#truth;
    return (
      insideKind[inside[0]] === UNSEEN && outsideKind[outside[0]] === UNSEEN && this.#isSame(inside[0], outside[0])
    );
  }

  #isDistinct(frame: number): boolean {
    const twin = this.#truth.twin[frame];
    return this.#identical.inside[frame] === 0 && this.#identical.outside[twin] === 0;
  }

  #mark(side: Side, frames: readonly number[], fate: number): void {
    const fates = this.#fate[side];
    for (const frame of frames) {
      if (!Number.isInteger(frame) || frame < 1 || frame >= fates.length) {
        this.#complain(`there is no ${side} frame ${frame}`);
      } else if (fates[frame] !== 0) {
        this.#complain(`${side} frame ${frame} is reported twice`);
      } else fates[frame] = fate;
    }
  }

  #check(side: Side, totals: SideTotals): void {
    const kinds = side === "inside" ? this.#truth.insideKind : this.#truth.outsideKind;
    const fates = this.#fate[side];
    const reported = [0, 0, 0, 0];
    let notIp = 0;
    for (let frame = 1; frame < kinds.length; frame++) {
      const fate = fates[frame];
      reported[fate] = reported[fate] + 1;
      if (kinds[frame] === NOT_IP) notIp++;
      else if (fate === 0) this.#complain(`${side} frame ${frame} is not reported`);
    }
    const counted: SideTotals = {
      frames: kinds.length - 1,
      paired: reported[PAIRED],
      unmatched: reported[UNMATCHED],
      ambiguous: reported[AMBIGUOUS],
      notIp,
      undecodable: 0,
    };
    for (const name of TOTALS) {
      if (totals[name] === counted[name]) continue;
      this.#complain(`the summary says ${totals[name]} ${name} ${side}, counted are ${counted[name]}`);
    }
  }

  #complain(text: string): void {
    if (this.score.accounting.length < EXAMPLES) this.score.accounting.push(text);
  }
}
