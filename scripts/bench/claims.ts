import type { AdversaryPair, Circumstances, Expectation } from "./adversary/adversary.js";
import {
  COPY,
  DROPPED,
  FORWARDED,
  LOCAL,
  LOCAL_COPY,
  LOCAL_UNCOVERED,
  type Truth,
  UNCOVERED,
  UNSEEN,
} from "./truth.js";

/** What natcorr's NDJSON says beyond which frames are pairs; the fields read here. */
type Claim =
  | Pair
  | Verdict
  | { readonly type: "flow"; readonly nat: string }
  | { readonly type: "finding"; readonly code: string; readonly count: number; readonly text: string }
  | { readonly type: "summary"; readonly clock: ClockClaim }
  | { readonly type: "header" | "ambiguous" };

interface Pair {
  readonly type: "pair";
  readonly latencyNs: number;
  readonly direction: string;
  readonly retransmission?: boolean;
  readonly inside: InForm;
  readonly outside: InForm;
}

interface InForm {
  readonly frames: readonly number[];
  readonly time: string;
}

/** What is said of a frame without a twin, and what becomes known of it later. */
interface Verdict {
  readonly type: "unmatched" | "update";
  readonly side: "inside" | "outside";
  readonly frame: number;
  readonly verdict: string;
  readonly why: string;
}

interface ClockClaim {
  readonly offsetNs: number;
  readonly driftPpm: number;
  readonly source: string;
  readonly uncertaintyNs?: number | null;
  readonly steps?: readonly { readonly time: string; readonly byNs: number }[];
}

/** How true natcorr was, beside its pairs. */
export interface Truthfulness {
  /** Latencies of less than nothing on one clock, beyond the tolerance. */
  negative: number;
  /** Latencies of twins that are off by more than what is said of the clocks. */
  off: number;
  /** Pairs that are said to go the other way, or to be retransmissions though nothing of them was sent before, or not to be though all of it had crossed. */
  falseFields: number;
  /** Frames called `dropped` (or anything else definite) whose twin is in the other capture, or that were not. */
  falseVerdicts: number;
  /** Frames without a twin of which the captures decide a verdict, and those that got it: the others are ambiguous, or it is left `unknown`. */
  judged: number;
  judgedRight: number;
  /** Frames called `dropped` that the other capture missed without saying so: nobody can tell. */
  dropOrMiss: number;
  /** Codes of findings that are not true of the scenario, each with its count. */
  readonly falseFindings: Map<string, number>;
  /** Codes that no scenario says anything about: those of a newer natcorr. */
  readonly otherFindings: Set<string>;
  /** Whether the finding `rewritten` does not name all that it must. */
  isSilent: boolean;
  /** Flows with a translation that they do not have; `unknown` is true of all. */
  falseFlows: number;
  clock: ClockError | null;
  /** The first false statements, in words. */
  readonly examples: string[];
}

/** How far what is said of the clocks is off: the offset and the drift or, where one was set, by how much it was. */
export interface ClockError {
  readonly offsetNs: number;
  readonly driftPpm: number;
  /** Whether both are within what natcorr says of the offset; where it says nothing, within what the captures allow. */
  readonly isWithin: boolean;
}

/** What is known of a capture pair. */
type Judged = Pick<AdversaryPair, "truth" | "circumstances" | "latencyNs" | "sent">;

/** Codes that are false wherever neither the scenario nor its frames give reason for them. */
const JUDGED_FINDINGS: ReadonlySet<string> = new Set([
  "leak",
  "nat-address-changed",
  "nat-clash-drop",
  "port-rewritten",
  "asymmetric",
  "retransmissions",
  "dropped",
  "nothing-paired",
  "untranslated",
  "host-reset",
  "mtu",
  "reply-untranslated",
  "several-nat-addresses",
  "client-address-hidden",
  "rewritten",
]);

/** Verdicts that are true of frames of a kind; `unknown` is true of all. Frames of kinds that are not here are not judged. */
const TRUE_VERDICTS: ReadonlyMap<number, ReadonlySet<string>> = new Map([
  [FORWARDED, new Set()],
  [DROPPED, new Set(["dropped"])],
  [LOCAL, new Set(["local"])],
  [LOCAL_UNCOVERED, new Set(["local", "no-overlap"])],
  [UNSEEN, new Set(["dropped", "capture-loss", "no-overlap"])],
  [UNCOVERED, new Set(["capture-loss", "no-overlap"])],
  [COPY, new Set(["copy"])],
  [LOCAL_COPY, new Set(["copy", "local"])],
]);

const EXAMPLES = 5;

/** A clock that is set by so much is told of; and when, to this and to where no packet tells. */
const SET_NS = 1.5e6;
const SET_WITHIN_S = 0.1;

/** Compares what natcorr says of a capture pair, other than its pairs, with what is true of it. */
export class Claims {
  readonly #result: Truthfulness = {
    negative: 0,
    off: 0,
    falseFields: 0,
    falseVerdicts: 0,
    judged: 0,
    judgedRight: 0,
    dropOrMiss: 0,
    falseFindings: new Map(),
    otherFindings: new Set(),
    isSilent: false,
    falseFlows: 0,
    clock: null,
    examples: [],
  };
  readonly #truth: Truth;
  readonly #circumstances: Circumstances;
  readonly #latencyNs: Judged["latencyNs"];
  readonly #sent: Judged["sent"];
  /** How far the latency of each pair is off, and which that is. */
  readonly #errors: { readonly offNs: number; readonly frame: number }[] = [];
  readonly #nats: ReadonlySet<string>;
  readonly #findings: ReadonlySet<string>;
  readonly #says: readonly string[] | undefined;
  /** What was said of a frame last, by side and frame. */
  readonly #verdicts = new Map<string, Verdict>();

  constructor({ truth, circumstances, latencyNs, sent }: Judged, { findings, nats, says }: Expectation) {
    this.#truth = truth;
    this.#circumstances = circumstances;
    this.#latencyNs = latencyNs;
    this.#sent = sent;
    this.#says = says;
    this.#result.isSilent = says !== undefined;
    this.#nats = new Set(nats ?? ["snat"]);
    const has = (kind: number) => truth.inside.kind.includes(kind, 1) || truth.outside.kind.includes(kind, 1);
    this.#findings = new Set([
      ...(findings ?? []),
      ...(has(DROPPED) || has(UNSEEN) ? ["dropped"] : []),
      ...(says === undefined ? [] : ["rewritten"]),
      ...(circumstances.hasRewrittenPorts ? ["port-rewritten"] : []),
    ]);
  }

  /** @param line one NDJSON record. */
  read(line: string): void {
    const claim: Claim = JSON.parse(line);
    switch (claim.type) {
      case "pair":
        this.#judgeLatency(claim);
        this.#judgeFields(claim);
        break;
      case "unmatched":
      case "update":
        this.#verdicts.set(`${claim.side} ${claim.frame}`, claim);
        break;
      case "flow":
        if (claim.nat !== "unknown" && !this.#nats.has(claim.nat)) this.#result.falseFlows++;
        break;
      case "finding":
        if (claim.code === "rewritten" && this.#says !== undefined) this.#judgeRewritten(claim.text, this.#says);
        if (!JUDGED_FINDINGS.has(claim.code)) this.#result.otherFindings.add(claim.code);
        else if (!this.#findings.has(claim.code)) this.#result.falseFindings.set(claim.code, claim.count);
        break;
      case "summary":
        this.#result.clock = this.#clockError(claim.clock);
        this.#judgeErrors(claim.clock.uncertaintyNs ?? this.#untoldNs(claim.clock));
        break;
      case "header":
      case "ambiguous":
        break;
    }
  }

  /** How true all of it was, once there is no more of it: a verdict as it stands at the end. */
  finish(): Truthfulness {
    for (const verdict of this.#verdicts.values()) this.#judge(verdict);
    for (const { kind, isDecidable } of [this.#truth.inside, this.#truth.outside])
      for (const [frame, of] of kind.entries()) if (of !== FORWARDED && isDecidable[frame] === 1) this.#result.judged++;
    return this.#result;
  }

  #judgeLatency({ latencyNs, inside, outside }: Pair): void {
    const { isOneClock, toleranceNs, set } = this.#circumstances;
    // which side of a step a packet right at it is on, nobody can tell
    const isAtStep = set !== null && Math.abs(Number(inside.time) - set.timeS) < SET_WITHIN_S;
    if (inside.frames.length === 1 && outside.frames.length === 1 && !isAtStep) {
      const [frame] = inside.frames;
      this.#errors.push({ offNs: latencyNs - this.#latencyNs(frame, outside.frames[0]), frame });
    }
    if (!isOneClock || latencyNs >= -toleranceNs) return;
    this.#result.negative++;
    this.#example(`inside ${inside.frames.join(" ")} leaves ${-latencyNs} ns before it enters`);
  }

  /**
   * How far latencies may be off where nothing is said of how far the clocks are known: by what packets take, at the most, as the quickest of one direction is
   * taken to need no time. By anything where stamps are taken as they are.
   */
  #untoldNs({ source }: ClockClaim): number {
    const { set, isSteady, longestNs } = this.#circumstances;
    return set !== null || !isSteady || source === "none" ? Number.POSITIVE_INFINITY : longestNs;
  }

  /** A pair of what is one packet, and so of one inside frame: what is said of it beside its frames. */
  #judgeFields({ direction, retransmission = false, inside, outside }: Pair): void {
    const [i, o] = [inside.frames[0], outside.frames[0]];
    const { serial, kind } = this.#truth.inside;
    const isOne = inside.frames.length === 1 && outside.frames.length === 1;
    if (!isOne || kind[i] !== FORWARDED || serial[i] !== this.#truth.outside.serial[o]) return;
    const sent = this.#sent(i);
    const isFalse = retransmission ? sent.before === "none" : sent.before === "all";
    if (direction === sent.direction && !isFalse) return;
    this.#result.falseFields++;
    const said = retransmission ? "a retransmission" : "no retransmission";
    this.#example(
      `inside ${i} said to go ${direction}, and to be ${said}: goes ${sent.direction}, ${sent.before} sent before`,
    );
  }

  /** What the router is said to rewrite is what it rewrites, all of it and nothing else. */
  #judgeRewritten(text: string, says: readonly string[]): void {
    const named = [...text.matchAll(/(?:: |, )([^,:]+) \([\d,]+ of [\d,]+ pairs\)/g)].map(([, field]) => field);
    this.#result.isSilent = !says.every((field) => named.includes(field));
    const others = named.filter((field) => !says.includes(field));
    if (others.length > 0) this.#result.falseFindings.set(`rewritten (${others.join(", ")})`, others.length);
  }

  #judgeErrors(uncertaintyNs: number): void {
    for (const { offNs, frame } of this.#errors) {
      if (!(Math.abs(offNs) > uncertaintyNs + this.#circumstances.resolutionNs)) continue;
      this.#result.off++;
      this.#example(`the latency of inside ${frame} is off by ${offNs} ns, where ${uncertaintyNs} are said`);
    }
  }

  #judge({ side, frame, verdict, why }: Verdict): void {
    const kind = this.#truth[side].kind[frame];
    if (kind === UNSEEN && verdict === "dropped") this.#result.dropOrMiss++;
    const right = TRUE_VERDICTS.get(kind);
    if (right?.has(verdict) && this.#truth[side].isDecidable[frame] === 1) this.#result.judgedRight++;
    if (right === undefined || verdict === "unknown" || right.has(verdict)) return;
    this.#result.falseVerdicts++;
    this.#example(`${side} frame ${frame} called ${verdict}: ${why}`);
  }

  /** None where stamps are wrong, where a clock was set by so little that nobody need tell, or where nothing is said of the clocks. */
  #clockError({ source, offsetNs, driftPpm, uncertaintyNs, steps = [] }: ClockClaim): ClockError | null {
    const truth = this.#circumstances;
    if (source === "none" && uncertaintyNs === null) return null;
    if (truth.set !== null) {
      const { timeS, quietS, byNs, isTold } = truth.set;
      // where packets do not tell of it, what is said to be uncertain holds it, or nothing is said of that
      const isHeld = !isTold && Math.abs(byNs) <= (uncertaintyNs ?? Number.POSITIVE_INFINITY);
      if (steps.length === 0 && (isHeld || Math.abs(byNs) < SET_NS)) return null;
      const error = { offsetNs: (steps[0]?.byNs ?? 0) - byNs, driftPpm: 0 };
      const isThen = steps.length === 1 && Math.abs(Number(steps[0].time) - timeS) <= SET_WITHIN_S + quietS;
      return { ...error, isWithin: isThen && Math.abs(error.offsetNs) <= 2 * (uncertaintyNs ?? 0) };
    }
    if (!truth.isSteady) return null;
    // nobody set it
    if (steps.length > 0) return { offsetNs: steps[0].byNs, driftPpm: 0, isWithin: false };
    const error = { offsetNs: offsetNs - truth.offsetNs, driftPpm: driftPpm - truth.driftPpm };
    const allowedNs = uncertaintyNs ?? truth.offsetErrorNs;
    // bounds at both ends of the capture are as far off as this
    const allowedPpm = (2e6 * allowedNs) / truth.durationNs;
    const isWithin = Math.abs(error.offsetNs) <= allowedNs && Math.abs(error.driftPpm) <= allowedPpm;
    return { ...error, isWithin };
  }

  #example(text: string): void {
    if (this.#result.examples.length < EXAMPLES) this.#result.examples.push(text);
  }
}
