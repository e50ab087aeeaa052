import type { Flow } from "../../packets/flows/flows.js";
import type { Containers } from "../../packets/results/containers.js";
import { alteredWords } from "../../packets/results/evidence.js";
import { type FrameNotes, markOf } from "../../packets/results/frame-notes.js";
import { printable } from "../../packets/printable.js";
import { PassingSink } from "../../packets/results/passing-sink.js";
import type { Ends, Judgement, Sink, Tables, Update } from "../../packets/results/results.js";
import { INSIDE, type Side } from "../../packets/sides.js";
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

/** Units of a latency, which is given to the nanosecond in the largest that is not larger than it. */
const UNITS = [
  { name: "s", ns: 1e9 },
  { name: "ms", ns: 1e6 },
  { name: "µs", ns: 1e3 },
  { name: "ns", ns: 1 },
];

/**
 * Passes all results on, and notes of each frame what became of it, as a comment in a capture file: for people, and for the dissector beside it
 * (`natcorr.lua`), which makes fields of it.
 */
export class FrameComments extends PassingSink {
  readonly #notes: FrameNotes;
  readonly #containers: Containers;
  /** What the packets of a flow have in common that go the same way. */
  #changes!: PairTexts<string>;

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
    this.#changes = new PairTexts(tables, this.#containers, (inside, outside, flow, isOutbound) => {
      const far = farEndOfPair(tables, inside, outside, isOutbound);
      const names = [inside, outside].map((row) => namesOf(tables, this.#containers, row, far));
      const ends = [inside, outside].map((row) => endsOf(tables, row));
      const [from, to] = isOutbound ? ends : ends.toReversed();
      return [`flow ${flow.id}`, ...containersText(names), ...changesText(from, to)].join(BETWEEN);
    });
    super.begin(tables);
  }

  override pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    const { timeline } = this.tables;
    const altered = alteredWords(timeline.altered(inside)).map((name) => `${name} rewritten`);
    const changes = [this.#changes.of(inside, outside, flow, isOutbound), ...altered].join(BETWEEN);
    const [framesOfInside, framesOfOutside] = [inside, outside].map((row) => framesOfRow(this.tables, row));
    const leadNs = this.#apartNs(inside, outside) - (isOutbound ? latencyNs : -latencyNs);
    const isTurned = timeline.side(inside) === timeline.side(outside);
    for (const [row, frames, twin, twinFrames] of [
      [inside, framesOfInside, outside, framesOfOutside],
      [outside, framesOfOutside, inside, framesOfInside],
    ] as const) {
      const side = timeline.sideOf(row);
      const text = `${PROGRAM}${changes}${BETWEEN}twin ${this.#named(timeline.sideOf(twin), twinFrames)}${BETWEEN}${latencyText(latencyNs)}`;
      const note = { text, leadNs: timeline.side(row) === INSIDE ? 0 : isTurned ? undefined : leadNs };
      for (const frame of frames) this.#notes.put(side, frame, note);
    }
    if (this.next.wantsPairs) super.pair(inside, outside, flow, isOutbound, latencyNs);
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
    const note = { text: `${PROGRAM}${of}${this.#judged(side, judgement)}`, leadNs: this.#leadNs(row) };
    for (const frame of framesOfRow(this.tables, row)) this.#notes.put(side, frame, note);
    super.unmatched(row, judgement);
  }

  /** What was said of the frame but for its verdict is still so. */
  override update(update: Update): void {
    const { side, frame } = update;
    const note = this.#notes.get(side, frame);
    if (note !== undefined) {
      const before = note.text.slice(0, note.text.indexOf(VERDICT));
      this.#notes.put(side, frame, { ...note, text: before + this.#judged(side, update) });
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
    const note = { text: `${PROGRAM}ambiguous${may}${BETWEEN}${printable(why)}`, leadNs: this.#leadNs(row) };
    for (const frame of framesOfRow(this.tables, row)) this.#notes.put(side, frame, note);
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
    return `frame${frames.length === 1 ? "" : "s"} ${of} on ${printable(this.tables.timeline.frames[side].captureOf(frames[0]))}`;
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

function latencyText(ns: number): string {
  const unit = UNITS.find((each) => Math.abs(ns) >= each.ns) ?? UNITS[UNITS.length - 1];
  return `${ns < 0 ? "" : "+"}${ns / unit.ns} ${unit.name}`;
}
