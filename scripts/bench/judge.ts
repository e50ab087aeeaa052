import { DROPPED, FORWARDED, LOCAL, NOT_IP, PROXIED, REFUSED, type Truth, UNSEEN } from "./truth.js";

/** What natcorr's NDJSON says of frames; the fields the judge reads, design section 3. */
interface Frames {
  readonly frames: readonly number[];
}
interface Ends {
  readonly src: string;
  readonly srcPort?: number | undefined;
  readonly dst: string;
  readonly dstPort?: number | undefined;
}
const TOTALS = ["frames", "paired", "unmatched", "ambiguous", "notIp", "undecodable"] as const;
type SideTotals = Readonly<Record<(typeof TOTALS)[number], number>>;
type Side = "inside" | "outside";
type Result =
  | { readonly type: "pair"; readonly by: string; readonly inside: Frames; readonly outside: Frames }
  | { readonly type: "ambiguous"; readonly inside: Frames; readonly outside: Frames }
  | ({ readonly type: "unmatched"; readonly side: Side; readonly frame: number; readonly verdict: string } & Ends)
  | { readonly type: "flow"; readonly nat: string; readonly inside: Ends; readonly outside: Ends }
  | { readonly type: "summary"; readonly inside: SideTotals; readonly outside: SideTotals }
  | { readonly type: "header" | "finding" };

/** How well natcorr did on one capture pair. Pairs are counted in inside frames. */
export interface Score {
  right: number;
  /** Pairs that are not in the truth, and links of connections that carry different streams. */
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
  /** Frames whose truth is a verdict, reported as unmatched, and those with that verdict. */
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

/** What natcorr says of a frame of this kind. */
const VERDICTS: ReadonlyMap<number, string> = new Map([
  [DROPPED, "dropped"],
  [LOCAL, "local"],
  [REFUSED, "refused"],
  [PROXIED, "proxied"],
]);

/** Compares natcorr's records with the truth, one at a time. */
export class Judge {
  readonly score: Score;
  readonly #truth: Truth;
  readonly #isSame: (inside: number, outside: number) => boolean;
  readonly #identical: Readonly<Record<Side, Uint8Array>>;
  /** Per serial, how many frames have it on a side. */
  readonly #count: Readonly<Record<Side, Map<number, number>>> = { inside: new Map(), outside: new Map() };
  /** Serials of which a frame has an interchangeable neighbour. */
  readonly #alike = new Set<number>();
  /** The stream of each proxied connection, by its ends. */
  readonly #streams = new Map<string, number>();
  readonly #links: [string, string][] = [];
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
      inside: new Uint8Array(truth.inside.kind.length),
      outside: new Uint8Array(truth.outside.kind.length),
    };
    for (const side of ["inside", "outside"] as const) {
      const { kind, serial } = truth[side];
      for (let frame = 1; frame < kind.length; frame++) {
        if (kind[frame] !== FORWARDED) continue;
        this.#count[side].set(serial[frame], (this.#count[side].get(serial[frame]) ?? 0) + 1);
        if (identical[side][frame] === 1) this.#alike.add(serial[frame]);
      }
    }
    let truePairs = 0;
    let distinctPairs = 0;
    for (const [serial, frames] of this.#count.inside) {
      truePairs += frames;
      if (!this.#alike.has(serial)) distinctPairs += frames;
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
        this.#noteStream(record.side, record.frame, record);
        break;
      case "flow":
        if (record.nat === "proxy") this.#links.push([nameOf(record.inside), nameOf(record.outside)]);
        break;
      case "summary":
        this.#summaries++;
        this.#check("inside", record.inside);
        this.#check("outside", record.outside);
        break;
      case "header":
      case "finding":
        break;
    }
  }

  /** The score, once everything was read. */
  finish(): Score {
    for (const [inside, outside] of this.#links) {
      const [a, b] = [this.#streams.get(inside), this.#streams.get(outside)];
      if (a === b && a !== undefined) continue;
      this.score.wrong++;
      this.#example(`${inside} linked with ${outside}, in truth streams ${a ?? "none"} and ${b ?? "none"}`);
    }
    if (this.#summaries !== 1) this.score.accounting.push(`${this.#summaries} summaries instead of one`);
    return this.score;
  }

  #pair(inside: readonly number[], outside: readonly number[], by: string): void {
    this.#mark("inside", inside, PAIRED);
    this.#mark("outside", outside, PAIRED);
    const serials = this.#serialsOf(inside, outside);
    if (serials.length > 0) {
      this.score.right += inside.length;
      this.score.distinctFound += inside.filter((frame) => this.#isDistinct(frame)).length;
      return;
    }
    if (this.#isUnknowable(inside, outside)) {
      this.score.unknowable++;
      return;
    }
    this.score.wrong += inside.length;
    const told = (side: Side, frames: readonly number[]) =>
      frames.map((frame) => this.#truth[side].serial[frame] ?? 0).join(" ");
    const isAlike = (side: Side, frames: readonly number[]) =>
      frames.some((frame) => this.#identical[side][frame] === 1);
    const likeness = isAlike("inside", inside) || isAlike("outside", outside) ? ", identical neighbours" : "";
    this.#example(
      `inside ${inside.join(" ")} with outside ${outside.join(" ")} by ${by}, ` +
        `in truth ${told("inside", inside)} and ${told("outside", outside)}${likeness}`,
    );
  }

  /** What a pair's frames are in truth: serials that follow each other, of which both sides have all; none where it is wrong. */
  #serialsOf(inside: readonly number[], outside: readonly number[]): number[] {
    const found = new Set<number>();
    for (const [side, frames] of [
      ["inside", inside],
      ["outside", outside],
    ] as const) {
      const { kind, serial } = this.#truth[side];
      for (const frame of frames) {
        if (kind[frame] !== FORWARDED) return [];
        found.add(serial[frame]);
      }
    }
    const serials = [...found].sort((a, b) => a - b);
    const isOne = serials.every((serial, k) => serial === serials[0] + k);
    const all = (side: Side) => serials.reduce((sum, serial) => sum + (this.#count[side].get(serial) ?? 0), 0);
    return isOne && all("inside") === inside.length && all("outside") === outside.length ? serials : [];
  }

  #example(text: string): void {
    if (this.score.examples.length < EXAMPLES) this.score.examples.push(text);
  }

  #ambiguous(inside: readonly number[], outside: readonly number[]): void {
    this.#mark("inside", inside, AMBIGUOUS);
    this.#mark("outside", outside, AMBIGUOUS);
    this.score.ambiguous += inside.length;
    this.score.needless += inside.filter(
      (frame) => this.#truth.inside.kind[frame] === FORWARDED && this.#isDistinct(frame),
    ).length;
  }

  #unmatched(side: Side, frame: number, verdict: string): void {
    this.#mark(side, [frame], UNMATCHED);
    const right = VERDICTS.get(this.#truth[side].kind[frame]);
    if (right === undefined) return;
    this.score.judged++;
    if (verdict === right) this.score.judgedRight++;
  }

  /** Notes which stream a connection carries, in both directions. */
  #noteStream(side: Side, frame: number, { src, srcPort, dst, dstPort }: Ends): void {
    if (this.#truth[side].kind[frame] !== PROXIED) return;
    const stream = this.#truth[side].serial[frame];
    this.#streams.set(nameOf({ src, srcPort, dst, dstPort }), stream);
    this.#streams.set(nameOf({ src: dst, srcPort: dstPort, dst: src, dstPort: srcPort }), stream);
  }

  #isUnknowable(inside: readonly number[], outside: readonly number[]): boolean {
    if (inside.length !== 1 || outside.length !== 1) return false;
    const isUnseen = (side: Side, frame: number) => this.#truth[side].kind[frame] === UNSEEN;
    return isUnseen("inside", inside[0]) && isUnseen("outside", outside[0]) && this.#isSame(inside[0], outside[0]);
  }

  /** @param frame an inside frame with a twin. */
  #isDistinct(frame: number): boolean {
    return !this.#alike.has(this.#truth.inside.serial[frame]);
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
    const kinds = this.#truth[side].kind;
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

function nameOf({ src, srcPort, dst, dstPort }: Ends): string {
  return `${src}.${srcPort} > ${dst}.${dstPort}`;
}
