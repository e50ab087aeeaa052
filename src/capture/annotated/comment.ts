import { BEGIN, END, LATENCY_MARK, TWIN_MARK } from "../../packets/results/frame-notes.js";
import { frameKey, INSIDE, OUTSIDE, otherSide, type Side } from "../../packets/sides.js";

/** Units of a latency, which is given to the nanosecond in the largest that is not larger than it. */
const UNITS = [
  { name: Buffer.from(" s"), ns: 1e9 },
  { name: Buffer.from(" ms"), ns: 1e6 },
  { name: Buffer.from(" µs"), ns: 1e3 },
  { name: Buffer.from(" ns"), ns: 1 },
];
/** Beyond this, a double has fewer than the digits of a quotient. */
const MOST_EXACT_NS = 1e15;
const [ZERO, PLUS, MINUS, POINT] = Buffer.from("0+-.");
const OF_CAPTURE = Buffer.from(" of the capture");
/** A byte of a note becomes as many at the most: a mark becomes a number of 16 digits, and the words behind it. */
const MOST_GROWTH = 32;

/** What a frame is called in what is written of it; 0 where it is not in there. */
export type NumberOf = (side: Side, frame: number) => number;

/**
 * Makes of what is noted of a frame the comment that is written beside it, as UTF-8: of every frame of a capture, so it makes no
 * strings, but of a latency that is no whole number.
 */
export class Comment {
  /** Its first `length` ones are those of the comment. */
  bytes = new Uint8Array(1 << 14);
  length = 0;
  readonly #numberOf: NumberOf;

  /** Frames that notes name are called as `numberOf` says; or, those that are not written, by what their capture calls them, and so told. */
  constructor(numberOf: NumberOf) {
    this.#numberOf = numberOf;
  }

  clear(): void {
    this.length = 0;
  }

  /**
   * Spells a note's text, of which the bytes `from` … `to`-1 are given.
   *
   * @param side of the frame that it is noted of; its twin is on the other one.
   * @param twin as of `FrameNotes.put`, as is `latencyNs`.
   */
  spell(text: Uint8Array, from: number, to: number, side: Side, twin: number, latencyNs: number): void {
    const most = MOST_GROWTH * (to - from);
    if (this.bytes.length < most) this.bytes = new Uint8Array(2 * most);
    const { bytes } = this;
    let length = 0;
    for (let at = from; at < to; at++) {
      const byte = text[at];
      if (byte > LATENCY_MARK) {
        bytes[length++] = byte;
        continue;
      }
      this.length = length;
      if (byte === TWIN_MARK) this.#name(otherSide(side), twin);
      else if (byte === LATENCY_MARK) this.#latency(latencyNs);
      else if (byte === BEGIN) {
        let key = 0;
        for (at++; text[at] !== END; at++) key = key * 10 + text[at] - ZERO;
        this.#name(key % 2 === frameKey(INSIDE, 0) ? INSIDE : OUTSIDE, Math.floor(key / 2));
      }
      length = this.length;
    }
    this.length = length;
  }

  #name(side: Side, frame: number): void {
    const number = this.#numberOf(side, frame);
    this.#digits(number === 0 ? frame : number);
    if (number === 0) this.#add(OF_CAPTURE);
  }

  /** `+38.3 µs`. */
  #latency(ns: number): void {
    const absNs = Math.abs(ns);
    const unit = UNITS.find((each) => absNs >= each.ns) ?? UNITS[UNITS.length - 1];
    this.bytes[this.length++] = ns < 0 ? MINUS : PLUS;
    if (Number.isInteger(absNs) && absNs < MOST_EXACT_NS) {
      this.#digits(Math.floor(absNs / unit.ns));
      this.#fraction(absNs % unit.ns, unit.ns);
    } else this.#add(Buffer.from(String(absNs / unit.ns)));
    this.#add(unit.name);
  }

  /** A part of a unit behind its point, without zeros at its end. */
  #fraction(rest: number, unit: number): void {
    if (rest === 0) return;
    this.bytes[this.length++] = POINT;
    for (let left = rest, tenth = unit / 10; left > 0; tenth /= 10) {
      const digit = Math.floor(left / tenth);
      this.bytes[this.length++] = ZERO + digit;
      left -= digit * tenth;
    }
  }

  #digits(value: number): void {
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits++;
    this.length += digits;
    for (let at = this.length - 1, left = value; digits > 0; at--, digits--) {
      const more = Math.floor(left / 10);
      this.bytes[at] = ZERO + left - 10 * more;
      left = more;
    }
  }

  #add(utf8: Uint8Array): void {
    this.bytes.set(utf8, this.length);
    this.length += utf8.length;
  }
}
