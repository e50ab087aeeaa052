import type { Flow } from "../../packets/flows/flows.js";
import type { Containers } from "../../packets/results/containers.js";
import { alteredWords } from "../../packets/results/evidence.js";
import { type FrameNotes, LATENCY, markOf, TWIN } from "../../packets/results/frame-notes.js";
import { printable } from "../../packets/printable.js";
import { PassingSink } from "../../packets/results/passing-sink.js";
import type { Ends, Judgement, Sink, Tables, Update } from "../../packets/results/results.js";
import { INSIDE, OUTSIDE, type Side } from "../../packets/sides.js";
import { endsOf } from "../ends.js";
import { farEndOfPair } from "../far-end.js";
import { PairTexts } from "../pair-texts.js";
import { framesOfRow } from "../row-frames.js";
import { namesOf, namesOfLone, type NamedEnds } from "../row-names.js";

const PROGRAM = "natcorr: ";
/** Between what is said of a frame, each a word that says what it is, and a value. */
const BETWEEN = " · ";
/** What begins that which may become another later. */
const VERDICT = `${BETWEEN}verdict `;
/** Of an ambiguous packet, so many that it may be are named. */
const MOST_NAMED = 10;

/** What is said of the packets of a flow that go the same way, as far as it is one text. */
interface WayTexts {
  readonly changes: string;
  /** The notes of those that are rewritten in nothing else: one of inside, one of outside. They are made once, and where each side has one capture. */
  notes: readonly [string, string] | undefined;
}

/**
 * Passes all results on, and notes of each frame what became of it, as a comment in a capture file: for people, and for the dissector beside it
 * (`natcorr.lua`), which makes fields of it.
 */
export class FrameComments extends PassingSink {
  readonly #notes: FrameNotes;
  readonly #containers: Containers;
  /** What the packets of a flow have in common that go the same way. */
  #changes!: PairTexts<WayTexts>;
  /** Whether each side has one capture, so that all twins there are on that. */
  #areOne = false;

  constructor(next: Sink, notes: FrameNotes, containers: Containers) {
    super(next);
    this.#notes = notes;
    this.#containers = containers;
  }

  override get wantsPairs(): boolean {
    return true;
  }

  override wantsVerdict(): boolean {
    return true;
  }

  override begin(tables: Tables): void {
    this.#areOne = tables.timeline.frames.every(({ isOne }) => isOne);
    this.#changes = new PairTexts(tables, this.#containers, (inside, outside, flow, isOutbound) => {
      const far = farEndOfPair(tables, inside, outside, isOutbound);
      const names = [inside, outside].map((row) => namesOf(tables, this.#containers, row, far));
      const ends = [inside, outside].map((row) => endsOf(tables, row));
      const [from, to] = isOutbound ? ends : ends.toReversed();
      const changes = [`flow ${flow.id}`, ...containersText(names), ...changesText(from, to)].join(BETWEEN);
      return { changes, notes: undefined };
    });
    super.begin(tables);
  }

  override get pairTimes(): undefined {
    return undefined;
  }

  override pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    const { tables } = this;
    const { timeline } = tables;
    const leadNs = this.#apartNs(inside, outside) - (isOutbound ? latencyNs : -latencyNs);
    const texts = this.#changes.of(inside, outside, flow, isOutbound);
    const isTurned = timeline.side(inside) === timeline.side(outside);
    const areSeveral = tables.framesOf(inside) !== undefined || tables.framesOf(outside) !== undefined;
    if (isTurned || areSeveral)
      this.#noteEach(inside, outside, texts.changes, isTurned ? Number.NaN : leadNs, latencyNs);
    else {
      const [frame, twin] = [timeline.frame(inside), timeline.frame(outside)];
      const [ofInside, ofOutside] = this.#notesOf(texts, inside, frame, twin);
      this.#notes.put(INSIDE, frame, ofInside, 0, twin, latencyNs);
      this.#notes.put(OUTSIDE, twin, ofOutside, leadNs, frame, latencyNs);
    }
    if (this.next.wantsPairs) super.pair(inside, outside, flow, isOutbound, latencyNs);
  }

  /** Notes a pair of which a form is several frames, or both are on one side. `leadNs`: that of an outside row. */
  #noteEach(inside: number, outside: number, changes: string, leadNs: number, latencyNs: number): void {
    const { timeline } = this.tables;
    const [framesOfInside, framesOfOutside] = [inside, outside].map((row) => framesOfRow(this.tables, row));
    for (const [row, frames, twin, twinFrames] of [
      [inside, framesOfInside, outside, framesOfOutside],
      [outside, framesOfOutside, inside, framesOfInside],
    ] as const) {
      const side = timeline.sideOf(row);
      const named = this.#named(timeline.sideOf(twin), twinFrames);
      const text = pairText(changes, this.#alteredText(inside), named);
      const ownNs = timeline.side(row) === INSIDE ? 0 : leadNs;
      for (const frame of frames) this.#notes.put(side, frame, text, ownNs, 0, latencyNs);
    }
  }

  /** The notes of an inside frame and its twin: the same for all of a flow, mostly. */
  #notesOf(texts: WayTexts, inside: number, frame: number, twin: number): readonly [string, string] {
    const altered = this.#alteredText(inside);
    const isUsual = altered === "" && this.#areOne;
    if (isUsual && texts.notes !== undefined) return texts.notes;
    const [onInside, onOutside] = [this.#onCapture(INSIDE, frame), this.#onCapture(OUTSIDE, twin)];
    const notes = [
      pairText(texts.changes, altered, `frame ${TWIN}${onOutside}`),
      pairText(texts.changes, altered, `frame ${TWIN}${onInside}`),
    ] as const;
    if (isUsual) texts.notes = notes;
    return notes;
  }

  /** What else of a pair a router rewrote, each with what stands before it; mostly nothing. */
  #alteredText(inside: number): string {
    const altered = this.tables.timeline.altered(inside);
    if (altered === 0) return "";
    return alteredWords(altered)
      .map((name) => `${BETWEEN}${name} rewritten`)
      .join("");
  }

  override ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    for (const [rows, others] of [
      [inside, outside],
      [outside, inside],
    ])
      for (const row of rows) this.#noteAmbiguous(row, others, why);
    super.ambiguous(inside, outside, why);
  }

  override unmatched(row: number, judgement: Judgement): void {
    const side = this.tables.timeline.sideOf(row);
    const flow = this.tables.flowOf(row);
    const names = containersText([namesOfLone(this.tables, this.#containers, row, judgement.verdict)]);
    const of = ["no twin", ...(flow === undefined ? [] : [`flow ${flow}`]), ...names].join(BETWEEN);
    const text = `${PROGRAM}${of}${this.#judged(side, judgement)}`;
    for (const frame of framesOfRow(this.tables, row)) this.#notes.put(side, frame, text, this.#leadNs(row));
    super.unmatched(row, judgement);
  }

  /** What was said of the frame but for its verdict is still so. */
  override update(update: Update): void {
    const { side, frame } = update;
    const note = this.#notes.get(side, frame);
    if (note !== undefined) {
      const before = note.text.slice(0, note.text.indexOf(VERDICT));
      this.#notes.put(side, frame, before + this.#judged(side, update), note.leadNs);
    }
    super.update(update);
  }

  #noteAmbiguous(row: number, others: readonly number[], why: string): void {
    const side = this.tables.timeline.sideOf(row);
    const frames = others.slice(0, MOST_NAMED).flatMap((other) => framesOfRow(this.tables, other));
    const more = others.length > MOST_NAMED ? `, and ${others.length - MOST_NAMED} more` : "";
    const may =
      others.length === 0
        ? ""
        : `${BETWEEN}may be ${this.#named(this.tables.timeline.sideOf(others[0]), frames)}${more}`;
    const text = `${PROGRAM}ambiguous${may}${BETWEEN}${printable(why)}`;
    for (const frame of framesOfRow(this.tables, row)) this.#notes.put(side, frame, text, this.#leadNs(row));
  }

  /** What became of a frame, behind what else is said of it. */
  #judged(side: Side, { verdict, reason, impact, byFrame, rule, why }: Judgement): string {
    const cameTo = impact === undefined ? "" : `${BETWEEN}impact ${impact}`;
    const by = byFrame === undefined ? "" : `${BETWEEN}by ${this.#named(side, [byFrame])}`;
    const of = rule === undefined ? "" : `${BETWEEN}rule ${printable(rule)}`;
    return `${VERDICT}${verdict}${BETWEEN}reason ${reason}${cameTo}${by}${of}${BETWEEN}${printable(why)}`;
  }

  /** Frames of a side: `frame 12 on enp0s3`. */
  #named(side: Side, frames: readonly number[]): string {
    const of = frames.map((frame) => markOf(side, frame)).join(", ");
    return `frame${frames.length === 1 ? "" : "s"} ${of}${this.#onCapture(side, frames[0])}`;
  }

  /** Behind a frame's number, where it is: ` on enp0s3`. */
  #onCapture(side: Side, frame: number): string {
    return ` on ${printable(this.tables.timeline.frames[side].captureOf(frame))}`;
  }

  /** By how much the outside stamp of a pair is later than its inside one, nanoseconds. */
  #apartNs(inside: number, outside: number): number {
    const { timeline, epochsNs } = this.tables;
    const epochNs = epochsNs[timeline.side(outside)] - epochsNs[timeline.side(inside)];
    return Number(epochNs) + timeline.stampNs(outside) - timeline.stampNs(inside);
  }

  #leadNs(row: number): number {
    const { timeline, epochsNs } = this.tables;
    const [insideNs, sideNs] = [epochsNs[INSIDE], epochsNs[timeline.sideOf(row)]];
    return Number(sideNs - insideNs) + timeline.stampNs(row) - timeline.timeNs(row);
  }
}

/** The containers that any of some packets is from, or to. */
function containersText(named: readonly NamedEnds[]): string[] {
  const names = new Set(named.flat().flatMap((container) => (container === undefined ? [] : [container.name])));
  return [...names].map((name) => `container ${printable(name)}`);
}

/** What a NAT made of a packet's ends, as NDJSON calls them. */
function changesText(from: Ends, to: Ends): string[] {
  const changes = (["src", "srcPort", "dst", "dstPort", "icmpId"] as const).flatMap((name) =>
    from[name] === to[name] ? [] : [`${name} ${from[name]} → ${to[name]}`],
  );
  return changes.length === 0 ? ["unchanged"] : changes;
}

/** `twin`: what the twin of the frame is called, or those. */
function pairText(changes: string, altered: string, twin: string): string {
  return `${PROGRAM}${changes}${altered}${BETWEEN}twin ${twin}${BETWEEN}${LATENCY}`;
}
