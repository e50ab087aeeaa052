import { addressText, addressWords } from "../address.js";
import * as words from "../batches/answer-words.js";
import { keepNewest } from "../memory/keep-newest.js";
import { INSIDE, type Side } from "../sides.js";

/** Takes what DNS answers said that a side's source has, one behind the other, as `answer-words.ts` has it, and stamped from that epoch; valid during the call. */
export type Hear = (side: Side, epochNs: bigint, heard: Uint8Array) => void;

/** Who keeps something of what DNS answers came to. */
export interface Hearer {
  /** Takes what stands at a word of what was said, as `answer-words.ts` has it; valid during the call. */
  take(side: Side, epochNs: bigint, said: Uint32Array, at: number): void;
}

/** Has all of what is heard taken, one behind the other, by each of those. */
export function heardBy(...hearers: readonly Hearer[]): Hear {
  return (side, epochNs, heard) => {
    const said = new Uint32Array(heard.buffer, heard.byteOffset, heard.length / 4);
    for (let at = 0; at < said.length; at += said[at + words.ENTRY_BYTES] / 4)
      for (const hearer of hearers) hearer.take(side, epochNs, said, at);
  };
}

/** So many bytes of what was said are remembered, some 40,000 addresses: what is new overwrites what is oldest. */
const RING_WORDS = 2 ** 20;
/** The longest that one takes. */
const MOST_WORDS = words.HEADER_WORDS + words.MOST_NAME_BYTES / 4;
const HASH_BITS = 15;
/** Of those of a hash, no more are looked at: behind them, nothing is certain. */
const MOST_LOOKED_AT = 256;
/** How many are looked at for whether one was said before: both sides have each, and two clients may take turns. */
const MOST_COMPARED = 4;
/** Texts of addresses that were asked for, of which the words are remembered. */
const MOST_ASKED = 4096;
/** Where none is. */
const NOWHERE = -1;

/** What DNS answers called addresses. */
export interface AnsweredNames {
  /**
   * What an address was called when somebody began to speak to it, as DNS writes names (RFC 1035 section 5.1), in lower case: by the last answer before
   * that which was for that `client` and which the inside has; else by all answers that there were by then, if they agree. Undefined where nothing tells.
   * `sinceNs`: epoch nanoseconds on the inside clock, which the outside's is so much ahead of.
   */
  nameOf(address: string, client: string, sinceNs: bigint, offsetNs: bigint): string | undefined;
  /** Whether an answer may have given an address, by its words in a column: cheap, and seldom wrong where it says so. */
  mayName(isIpv6: boolean, words: Uint32Array, at: number): boolean;
}

/** Where nobody listens. */
export const NO_ANSWERS: AnsweredNames = { nameOf: () => undefined, mayName: () => false };

/**
 * The addresses that DNS answers gave, in a ring. Each leads to the one before of the same hash: a place counts words from the first that ever was, so that one
 * that was overwritten is known by its number.
 */
export class Answers implements AnsweredNames, Hearer {
  /** Of the first source: stamps count from there. */
  #baseNs = 0n;
  /** The ring; none before the first answer. */
  #words: Int32Array = new Int32Array(0);
  #unsigned!: Uint32Array;
  #doubles!: Float64Array;
  #bytes!: Uint8Array;
  /** Where the next one goes. */
  #end = 0;
  /** The place of the newest one of each hash. */
  #newest!: Float64Array;
  readonly #asked = new Map<string, Uint32Array>();

  /** Takes an address that an answer gave, unless the last one of its address and its client said the same. */
  take(side: Side, epochNs: bigint, said: Uint32Array, from: number): void {
    if (said[from + words.OUTCOME] !== 0) return;
    if (this.#words.length === 0) this.#begin(epochNs);
    const size = said[from + words.ENTRY_BYTES] / 4;
    const left = RING_WORDS - (this.#end % RING_WORDS);
    // none is in two parts
    const place = this.#end + (left < size ? left : 0);
    const at = place % RING_WORDS;
    for (let word = 0; word < size; word++) this.#words[at + word] = said[from + word];
    this.#words[at + words.SIDE] = side;
    this.#doubles[at / 2 + words.STAMP_NS] += Number(epochNs - this.#baseNs);
    const hash = hashOf(this.#words[at + words.IS_IPV6] === 1, this.#unsigned, at + words.ADDRESS);
    const before = this.#newest[hash];
    if (this.#wasSaid(place, before)) return;
    this.#doubles[at / 2 + words.BEFORE] = before;
    this.#newest[hash] = place;
    this.#end = place + size;
  }

  mayName(isIpv6: boolean, columns: Uint32Array, at: number): boolean {
    return this.#words.length > 0 && this.#isThere(this.#newest[hashOf(isIpv6, columns, at)]);
  }

  nameOf(address: string, client: string, sinceNs: bigint, offsetNs: bigint): string | undefined {
    const its = this.#wordsOf(address);
    const isIpv6 = its.length > 1;
    if (!this.mayName(isIpv6, its, 0)) return undefined;
    const byInsideNs = Number(sinceNs - this.#baseNs);
    const untilNs = [byInsideNs, byInsideNs + Number(offsetNs)];
    let name: string | undefined;
    let isCertain = true;
    let left = MOST_LOOKED_AT;
    for (let place = this.#newest[hashOf(isIpv6, its, 0)]; this.#isThere(place); place = this.#before(place)) {
      if (left-- === 0) return undefined;
      const side = this.#word(place, words.SIDE);
      if (!this.#isOf(place, isIpv6, its) || this.#stampNs(place) > untilNs[side]) continue;
      if (side === INSIDE && this.#client(place) === client) return this.#name(place);
      if (!isCertain) continue;
      const another = this.#name(place);
      isCertain = name === undefined || name === another;
      name = another;
    }
    return isCertain ? name : undefined;
  }

  #begin(epochNs: bigint): void {
    this.#baseNs = epochNs;
    this.#words = new Int32Array(RING_WORDS);
    this.#unsigned = new Uint32Array(this.#words.buffer);
    this.#doubles = new Float64Array(this.#words.buffer);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#newest = new Float64Array(2 ** HASH_BITS).fill(NOWHERE);
  }

  /** Whether it was not overwritten, nor will be by the next one. */
  #isThere(place: number): boolean {
    return place !== NOWHERE && place >= this.#end - RING_WORDS + 2 * MOST_WORDS;
  }

  /** Whether the last one of the same address, client and side said the same, of those from `newest` on. */
  #wasSaid(place: number, newest: number): boolean {
    let left = MOST_COMPARED;
    for (let before = newest; left > 0 && this.#isThere(before); before = this.#before(before)) {
      if (this.#isAlike(place, before, words.CLIENT, words.SIDE + 1))
        return this.#stampNs(before) <= this.#stampNs(place) && this.#isOfOneName(place, before);
      left--;
    }
    return false;
  }

  #isOfOneName(place: number, before: number): boolean {
    if (!this.#isAlike(place, before, words.ENTRY_BYTES, words.NAME_BYTES + 1)) return false;
    const bytes = this.#word(place, words.NAME_BYTES);
    const [from, its] = [this.#nameAt(place), this.#nameAt(before)];
    for (let byte = 0; byte < bytes; byte++) if (this.#bytes[from + byte] !== this.#bytes[its + byte]) return false;
    return true;
  }

  /** Whether two have the same words `from` … `to`-1. */
  #isAlike(place: number, before: number, from: number, to: number): boolean {
    for (let word = from; word < to; word++) if (this.#word(place, word) !== this.#word(before, word)) return false;
    return true;
  }

  /** Whether it is of that address. */
  #isOf(place: number, isIpv6: boolean, address: Uint32Array): boolean {
    const at = (place % RING_WORDS) + words.ADDRESS;
    return (
      (this.#word(place, words.IS_IPV6) === 1) === isIpv6 &&
      address.every((word, nth) => word === this.#unsigned[at + nth])
    );
  }

  #client(place: number): string {
    const isIpv6 = this.#word(place, words.IS_CLIENT_IPV6) === 1;
    return addressText(isIpv6, this.#unsigned, (place % RING_WORDS) + words.CLIENT);
  }

  #name(place: number): string {
    const from = this.#nameAt(place);
    return nameText(this.#bytes.subarray(from, from + this.#word(place, words.NAME_BYTES)));
  }

  #nameAt(place: number): number {
    return 4 * ((place % RING_WORDS) + words.HEADER_WORDS);
  }

  #stampNs(place: number): number {
    return this.#doubles[(place % RING_WORDS) / 2 + words.STAMP_NS];
  }

  #before(place: number): number {
    return this.#doubles[(place % RING_WORDS) / 2 + words.BEFORE];
  }

  #word(place: number, word: number): number {
    return this.#words[(place % RING_WORDS) + word];
  }

  #wordsOf(address: string): Uint32Array {
    const known = this.#asked.get(address);
    if (known !== undefined) return known;
    const its = addressWords(address);
    this.#asked.set(address, its);
    keepNewest(this.#asked, MOST_ASKED);
    return its;
  }
}

function hashOf(isIpv6: boolean, columns: Uint32Array, at: number): number {
  let mixed = columns[at];
  if (isIpv6) for (let word = 1; word < 4; word++) mixed = Math.imul(mixed, 31) ^ columns[at + word];
  return Math.imul(mixed, 0x9e3779b1) >>> (32 - HASH_BITS);
}

/** A name as it is sent (RFC 1035 section 3.1), without its last byte, as it is written: what is more than a letter, a digit or a sign is escaped (section 5.1). */
export function nameText(sent: Uint8Array): string {
  const labels: string[] = [];
  for (let at = 0; at < sent.length; at += 1 + sent[at])
    labels.push(Array.from(sent.subarray(at + 1, at + 1 + sent[at]), characterText).join(""));
  return labels.join(".");
}

function characterText(byte: number): string {
  if (byte <= 0x20 || byte > 0x7e) return `\\${String(byte).padStart(3, "0")}`;
  const character = String.fromCharCode(byte);
  return '."\\();@$'.includes(character) ? `\\${character}` : character;
}
