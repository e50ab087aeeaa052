import { COPY, DROPPED, FORWARDED, LOCAL, NOT_IP, PROXIED, REFUSED, type Truth } from "./truth.js";

/** What natcorr's NDJSON says of frames; the fields the judge reads. */
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
  | { readonly type: "summary"; readonly totals: Readonly<Record<Side, SideTotals>> }
  | { readonly type: "header" | "finding" | "update" };

/** How well natcorr did on one capture pair. Pairs are counted in inside frames. */
export interface Score {
  right: number;
  /** Pairs that are not in the truth, and links of connections that carry different streams. */
  wrong: number;
  /** Untrue pairs that nobody could have known to be: see `Judge`. */
  unknowable: number;
  /** True pairs, and those of them that what the captures hold decides. */
  readonly truePairs: number;
  readonly decidablePairs: number;
  decidableFound: number;
  /** Inside frames called ambiguous, and those of them whose twin is decidable. */
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
  [COPY, "copy"],
]);

/** Compares natcorr's records with the truth, one at a time. */
export class Judge {
  readonly score: Score;
  readonly #truth: Truth;
  readonly #isUnknowable: (inside: number, outside: number) => boolean;
  /** Per serial, how many frames have it on a side. */
  readonly #count: Readonly<Record<Side, Map<number, number>>> = { inside: new Map(), outside: new Map() };
  /** Serials of which a frame is not decidable. */
  readonly #undecidable = new Set<number>();
  /** The stream of each proxied connection, by its ends. */
  readonly #streams = new Map<string, number>();
  readonly #links: [string, string][] = [];
  readonly #fate: Readonly<Record<Side, Uint8Array>>;
  #summaries = 0;

  /**
   * @param isUnknowable whether an inside and an outside frame that are no twins look it to any observer. A pair of them
   * counts as `unknowable`, not as wrong.
   */
  constructor(truth: Truth, isUnknowable: (inside: number, outside: number) => boolean = () => false) {
    this.#truth = truth;
    this.#isUnknowable = isUnknowable;
    this.#fate = {
      inside: new Uint8Array(truth.inside.kind.length),
      outside: new Uint8Array(truth.outside.kind.length),
    };
    for (const side of ["inside", "outside"] as const) {
      const { kind, serial, isDecidable } = truth[side];
      for (let frame = 1; frame < kind.length; frame++) {
        if (kind[frame] !== FORWARDED) continue;
        this.#count[side].set(serial[frame], (this.#count[side].get(serial[frame]) ?? 0) + 1);
        if (isDecidable[frame] === 0) this.#undecidable.add(serial[frame]);
      }
    }
    let truePairs = 0;
    let decidablePairs = 0;
    for (const [serial, frames] of this.#count.inside) {
      truePairs += frames;
      if (!this.#undecidable.has(serial)) decidablePairs += frames;
    }
    this.score = {
      right: 0,
      wrong: 0,
      unknowable: 0,
      truePairs,
      decidablePairs,
      decidableFound: 0,
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
        this.#check("inside", record.totals.inside);
        this.#check("outside", record.totals.outside);
        break;
      case "header":
      case "finding":
      case "update":
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
      this.score.decidableFound += inside.filter((frame) => this.#isDecidable(frame)).length;
      return;
    }
    if (inside.length === 1 && outside.length === 1 && this.#isUnknowable(inside[0], outside[0])) {
      this.score.unknowable++;
      return;
    }
    this.score.wrong += inside.length;
    const told = (side: Side, frames: readonly number[]) =>
      frames.map((frame) => this.#truth[side].serial[frame] ?? 0).join(" ");
    const isOpen = (side: Side, frames: readonly number[]) =>
      frames.some((frame) => this.#undecidable.has(this.#truth[side].serial[frame]));
    const likeness = isOpen("inside", inside) || isOpen("outside", outside) ? ", undecidable" : "";
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
      (frame) => this.#truth.inside.kind[frame] === FORWARDED && this.#isDecidable(frame),
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

  /** @param frame an inside frame with a twin. */
  #isDecidable(frame: number): boolean {
    return !this.#undecidable.has(this.#truth.inside.serial[frame]);
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
