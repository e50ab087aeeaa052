import { halfOf, whichOf, wholeOf } from "../../packets/halves.js";
import { HashIndex } from "../../packets/memory/hash-index.js";
import { asDoubles, type Heap } from "../../packets/memory/heap.js";
import { field, flag, sizeBits, word } from "../../packets/memory/layout.js";
import type { Steps } from "../../packets/memory/steps.js";
import type { PacketBatch } from "../../packets/batches/packet-batch.js";
import { HAS_IP_ID, HAS_TCP_NUMBERS, IS_COPY, IS_ECHO, IS_IPV6 } from "../../packets/packets.js";
import {
  ACK_SEQ,
  FLAGS_PROTO_TTL,
  HEAD,
  icmpTypeIn,
  LENGTH_MASK,
  PAYLOAD_LENGTH_CLASS,
  protoIn,
  RECORD_BITS,
  SEQ,
} from "../../packets/records.js";
import { INSIDE, type Side, SIDES } from "../../packets/sides.js";
import { FIN, RST, SYN } from "../../protocols/tcp.js";
import { COPY_NS } from "../intake/copies.js";
import { directionByEnds, directionOf, endOf, type Ends, isAnswer, mixed } from "./ends.js";
import { isBy, NEVER, type Progress } from "../intake/disorder.js";
import type * as loop from "./assembly/twins.js";
import code from "./assembly/twins.wasm";
import type { Rows } from "./lookahead.js";
import * as state from "./twins-words.js";

/** A packet that was seen once on each side. Stamps are those of the captures, from their own epochs. */
export interface Twin {
  readonly insideNs: number;
  readonly outsideNs: number;
  /** 1 where it went from inside to outside, -1 where it came the other way, 0 where neither its ends nor its TTL tell, or one contradicts the other … */
  direction: number;
  /** … and which of these it is by its ends alone. */
  readonly byEnds: number;
  /** The frame of the outside one. */
  readonly outsideFrame: number;
  /** What makes it unique: SEGMENT, NUMBERS, RESENDABLE, MARKED, PAYLOAD or IP_ID_ONLY. */
  readonly by: number;
  /** How far each side had come when it was seen there … */
  readonly seenAt: readonly [Progress, Progress];
  /** … and when another packet like it was: from then on it proves nothing. */
  readonly repeatedAt: [Progress, Progress];
  /** How far each side had come when it was there once more, marked as a copy. */
  readonly copiedAt: [Progress, Progress];
  /** Where each side remembers it. */
  readonly entries: readonly [number, number];
}

/** Whether nothing like a twin's two packets was seen until the sides had come so far. */
export function isUnrepeated({ repeatedAt }: Twin, until: readonly [Progress, Progress]): boolean {
  return SIDES.every((side) => !isBy(repeatedAt[side], until[side]));
}

/** TCP numbers, and an IP ID: what is sent again has another one. A lower number tells more. */
export const SEGMENT = 0;
/** TCP numbers: no other host draws the same ones. */
export const NUMBERS = 1;
/**
 * TCP numbers of what opens a connection or resets one, without an IP ID: it may be one that was sent again, as all that were said in vain are after
 * the same time.
 */
export const RESENDABLE = 2;
/** A payload that no other packet begins with, and an IP ID. */
export const MARKED = 3;
/** A payload that no other packet begins with. */
export const PAYLOAD = 4;
/** An IP ID, with whatever payload: that says little, as 65,536 packets later there is another one. */
export const IP_ID_ONLY = 5;

/** Packets of a side that are remembered. */
const ENTRIES = 2 ** 15;
/** A shorter payload is the same too often: a byte of a key press, a heartbeat without content. */
const LEAST_PAYLOAD = 8;
const module = new WebAssembly.Module(code);

/** An entry. */
const ENTRY_BITS = sizeBits();
const HASH = word();
const HASH2 = word();
const FROM = word();
const TO = word();
const TTL = word();
const FRAME = word();
/** By what its twin would be known, as far as its own header tells. */
const UNIQUE_BY = word();
/** Its IP ID, and whether it is of IPv6. */
const ID = word();
const [, ID_MASK] = field(16);
const IS_OF_IPV6 = flag();

/**
 * Finds packets that were seen once on each side by what they carry, whatever their addresses, their IP ID and their stamps are:
 * TCP numbers, or a payload that no other packet begins with. It knows nothing of pairs, so that what it says of the clocks does
 * not depend on what was made of it.
 */
export class Twins {
  /** Those found since they were last taken. */
  found: Twin[] = [];
  /** Whether all packets are looked at, also for twins that are unique by no more than their IP ID. */
  isBeginning = true;
  /** Whether the router sets TTLs, so that ends tell where these contradict them. */
  #areTtlsSet = false;
  /** Whether TCP numbers make no twin of what has no IP ID. */
  #areNumbersShared = false;
  readonly #index: HashIndex;
  readonly #sides: readonly [Remembered, Remembered];
  readonly #loop: Steps<typeof loop>;

  constructor(heap: Heap) {
    this.#index = new HashIndex(heap, 2 ** 12);
    this.#sides = [new Remembered(heap), new Remembered(heap)];
    this.#loop = heap.load<typeof loop>(module);
  }

  /** Looks at a side's next packets, which are in the heap. */
  note(side: Side, { batch, from, to }: Rows): void {
    const own = this.#sides[side];
    const address = batch.records.byteOffset;
    const next = (row: number): number => this.#loop.next(own.address, address, row, to, this.isBeginning ? 1 : 0);
    for (let row = next(from); row < to; row = next(row + 1))
      if ((batch.flags(row) & IS_COPY) === 0) this.#look(side, batch, row);
      else own.copy(batch.key(row), batch.stampNs(row), side);
  }

  /** Whether a side had packets that are told from others by what they carry. */
  hasNoted(side: Side): boolean {
    return this.#sides[side].next > 0;
  }

  /** Takes that the router sets TTLs. */
  setTtls(): void {
    this.#areTtlsSet = true;
    for (const twin of this.found) if (twin.byEnds !== 0) twin.direction = twin.byEnds;
  }

  /** Takes that TCP numbers alone make no twins: what was sent again has them, too. */
  setShared(): void {
    this.#areNumbersShared = true;
    this.found = this.found.filter(({ by }) => by !== NUMBERS);
  }

  /** Has it no more be noted when packets like these twins come again. */
  forget(over: readonly Twin[]): void {
    for (const twin of over)
      for (const [side, { twins }] of this.#sides.entries())
        if (twins.get(twin.entries[side]) === twin) twins.delete(twin.entries[side]);
  }

  #look(side: Side, batch: PacketBatch, row: number): void {
    const { records } = batch;
    const r = row << RECORD_BITS;
    const flags = records[r + FLAGS_PROTO_TTL];
    const head = records[r + HEAD];
    const hasNumbers = (flags & HAS_TCP_NUMBERS) !== 0;
    // pings of all hosts count up from the same number, and DNS is known by ports that a NAT rewrites: what they carry must tell them apart, or their ID
    const isCounted = (flags & (IS_ECHO | HAS_IP_ID)) === (IS_ECHO | HAS_IP_ID);
    const ofOthers = isCounted ? mixed(records[r + SEQ], batch.ipId(row)) : icmpTypeIn(records[r + SEQ]);
    const seq = hasNumbers ? records[r + SEQ] : ofOthers;
    const length = records[r + PAYLOAD_LENGTH_CLASS] & LENGTH_MASK;
    if (this.isBeginning && !hasNumbers && (flags & HAS_IP_ID) !== 0) {
      const id = mixed(mixed(batch.key(row), batch.ipId(row)), length);
      this.#see(side, batch, row, id, batch.key2(row), IP_ID_ONLY);
    }
    if (!hasNumbers && (length < LEAST_PAYLOAD || head === 0)) return;
    const hash = mixed(mixed(mixed(head, seq), records[r + ACK_SEQ]), length + protoIn(flags) * 0x10000);
    const hash2 = mixed(Math.imul(hash, 0x2c1b3c6d) ^ seq, head ^ (batch.tcpFlags(row) & (FIN | SYN | RST)));
    const isResendable = (flags & HAS_IP_ID) === 0 && (batch.tcpFlags(row) & (SYN | RST)) !== 0;
    this.#see(side, batch, row, hash, hash2, !hasNumbers ? PAYLOAD : isResendable ? RESENDABLE : NUMBERS);
  }

  /** Remembers a row by its hashes, and looks for its twin. `by`: what makes it unique, as far as its own header tells. */
  #see(side: Side, batch: PacketBatch, row: number, hash: number, hash2: number, by: number): void {
    const index = this.#index;
    const [own, others] = side === INSIDE ? this.#sides : [this.#sides[1], this.#sides[0]];
    let other = -1;
    for (let cell = index.seek(hash); cell >= 0; cell = index.next(cell, hash)) {
      const id = index.idAt(cell);
      const entry = wholeOf(id);
      const entries = whichOf(id) === side ? own : others;
      if (entries.words[(entry << ENTRY_BITS) + HASH2] !== hash2) continue;
      if (entries === own) {
        own.repeat(entry, side);
        return;
      }
      other = entry;
    }
    const entry = own.next % ENTRIES;
    if (own.next >= ENTRIES) index.remove(own.words[(entry << ENTRY_BITS) + HASH], halfOf(entry, side));
    own.next++;
    const e = entry << ENTRY_BITS;
    const { words } = own;
    words[e + HASH] = hash;
    words[e + HASH2] = hash2;
    words[e + FROM] = endOf(batch, row, true);
    words[e + TO] = endOf(batch, row, false);
    words[e + TTL] = batch.ttl(row);
    words[e + ID] = (batch.ipId(row) & ID_MASK) | ((batch.flags(row) & IS_IPV6) === 0 ? 0 : IS_OF_IPV6);
    words[e + FRAME] = batch.frame(row);
    words[e + UNIQUE_BY] = by;
    own.stampsNs[entry] = batch.stampNs(row);
    own.see(entry);
    index.add(hash, halfOf(entry, side));
    // a router may give an IP ID to what has none
    if (other >= 0) this.#join(side, entry, other, Math.max(by, others.words[(other << ENTRY_BITS) + UNIQUE_BY]));
  }

  /** Makes a twin of two entries, that of a side and that of the other one, unless what they are shows that they are none. `least`: what makes it unique at the least. */
  #join(side: Side, entry: number, other: number, least: number): void {
    const [i, o] = side === INSIDE ? [entry, other] : [other, entry];
    const [inside, outside] = this.#sides;
    const [iEnds, oEnds] = [inside.endsOf(i), outside.endsOf(o)];
    if (isAnswer(iEnds, oEnds)) return;
    const [iId, oId] = [inside.words[(i << ENTRY_BITS) + ID], outside.words[(o << ENTRY_BITS) + ID]];
    if (least === PAYLOAD && mayBeRelayed(iEnds, oEnds, iId, oId)) return;
    const hasOneId = haveOneId(iId, oId);
    if (least === NUMBERS && !hasOneId && this.#areNumbersShared) return;
    const twin: Twin = {
      insideNs: inside.stampsNs[i],
      outsideNs: outside.stampsNs[o],
      direction: directionOf(iEnds, oEnds, this.#areTtlsSet),
      byEnds: directionByEnds(iEnds, oEnds),
      outsideFrame: outside.words[(o << ENTRY_BITS) + FRAME],
      by: !hasOneId ? least : least === NUMBERS ? SEGMENT : least === PAYLOAD ? MARKED : least,
      seenAt: [inside.seenAt(i), outside.seenAt(o)],
      repeatedAt: [inside.repeatedAt(i), outside.repeatedAt(o)],
      copiedAt: [inside.copiedAt(i), outside.copiedAt(o)],
      entries: [i, o],
    };
    inside.twins.set(i, twin);
    outside.twins.set(o, twin);
    this.found.push(twin);
  }
}

/** What is remembered of a side: a ring. In a heap, room that is not used is no memory. */
class Remembered {
  readonly words: Int32Array;
  readonly stampsNs: Float64Array;
  /** How far the side had come with each, as two doubles: its greatest stamp, and how many packets there were … */
  readonly #seen: Float64Array;
  /** … and with the first that was like it, of the few that there is one of. */
  readonly #repeatedAt = new Map<number, Progress>();
  /** … or its copy. */
  readonly #copiedAt = new Map<number, Progress>();
  /** Those that are not forgotten, by entry. */
  readonly twins = new Map<number, Twin>();
  next = 0;
  /** Where the words of `twins-words.ts` are: how far the side has come, and what part of it is looked at. */
  readonly address: number;
  readonly #doubles: Float64Array;

  constructor(heap: Heap) {
    this.words = heap.take(Int32Array, ENTRIES << ENTRY_BITS);
    this.stampsNs = heap.take(Float64Array, ENTRIES);
    this.#seen = heap.take(Float64Array, 2 * ENTRIES);
    const words = heap.take(Int32Array, state.WORDS);
    this.address = words.byteOffset;
    this.#doubles = asDoubles(words);
    this.#doubles[state.REACHED_NS] = Number.NEGATIVE_INFINITY;
  }

  /** Has an entry be of the packet that was looked at last. */
  see(entry: number): void {
    this.#seen[2 * entry] = this.#doubles[state.REACHED_NS];
    this.#seen[2 * entry + 1] = this.#doubles[state.PACKETS];
    this.#repeatedAt.delete(entry);
    this.#copiedAt.delete(entry);
    this.twins.delete(entry);
  }

  /** Notes that a packet came again. */
  repeat(entry: number, side: Side): void {
    if (!this.#repeatedAt.has(entry)) this.#repeatedAt.set(entry, this.#progress);
    const twin = this.twins.get(entry);
    if (twin !== undefined) twin.repeatedAt[side] = this.repeatedAt(entry);
  }

  /** Notes that a frame was there once more at a stamp, marked as a copy. A frame may have two entries. */
  copy(frame: number, stampNs: number, side: Side): void {
    for (let nth = this.next - 1; nth >= 0 && this.next - nth <= ENTRIES; nth--) {
      const entry = nth % ENTRIES;
      if (stampNs - this.stampsNs[entry] > COPY_NS) return;
      if (this.words[(entry << ENTRY_BITS) + FRAME] !== frame) continue;
      this.#copiedAt.set(entry, this.#progress);
      const twin = this.twins.get(entry);
      if (twin !== undefined) twin.copiedAt[side] = this.copiedAt(entry);
    }
  }

  /** How far the side has come with the packet that was looked at last. */
  get #progress(): Progress {
    return { reachedNs: this.#doubles[state.REACHED_NS], packets: this.#doubles[state.PACKETS] };
  }

  endsOf(entry: number): Ends {
    const e = entry << ENTRY_BITS;
    return { from: this.words[e + FROM], to: this.words[e + TO], ttl: this.words[e + TTL] };
  }

  seenAt(entry: number): Progress {
    return { reachedNs: this.#seen[2 * entry], packets: this.#seen[2 * entry + 1] };
  }

  repeatedAt(entry: number): Progress {
    return this.#repeatedAt.get(entry) ?? NEVER;
  }

  copiedAt(entry: number): Progress {
    return this.#copiedAt.get(entry) ?? NEVER;
  }
}

/**
 * Whether somebody on the host may have sent what the other one carries himself, as a proxy does: nothing in their IP headers is the same. Not across
 * IP versions, where that is so of all.
 */
function mayBeRelayed(inside: Ends, outside: Ends, insideId: number, outsideId: number): boolean {
  if (inside.from === outside.from || inside.to === outside.to) return false;
  const isOneVersion = ((insideId ^ outsideId) & IS_OF_IPV6) === 0;
  return isOneVersion && !haveOneId(insideId, outsideId);
}

/** Whether two packets have one IP ID, by their words of it, and it is none that tells nothing. */
function haveOneId(inside: number, outside: number): boolean {
  return inside === outside && (inside & ID_MASK) !== 0;
}
