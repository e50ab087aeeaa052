import {
  HAS_IP_ID,
  HAS_TCP_NUMBERS,
  IS_COPY,
  IS_SELECTED,
  type PacketBatch,
  type PacketSource,
} from "../../packets/packets.js";
import { DST, FLAGS_PROTO_TTL, FRAME, IP_ID, KEY, KEY2, PORTS, RECORD_BITS, SRC } from "../../packets/records.js";

/**
 * A copy is at most this much later, nanoseconds. Switches mirror a packet within microseconds. A sender waits for a round trip or
 * longer before it sends the same again (RFC 6298, RFC 8985), and gives that another IP ID.
 */
export const COPY_NS = 1_000_000;

/** Packets that are looked at together, to tell whether a capture shows each twice. */
export const STRETCH = 512;
/** Of a capture that does not, one stretch of so many is looked at. */
const STRETCHES_APART = 32;

/** Doubled packets a stretch must have … */
const LEAST_DOUBLED = 8;
/** … and their share of those that cannot repeat by chance: a mirror may show one direction twice, or some of the hosts. */
const LEAST_SHARE = 1 / 4;
/** From this share on, those are copies as well that a sender may have sent twice: identical, and without IP ID or TCP data. */
const MOST_SHARE = 3 / 4;

/** Packets remembered: as many as come within COPY_NS, at a power of two. */
const REMEMBERED = 4096;
const PROBES = 8;

/** Words of what is remembered of a packet. */
const WORDS = 9;
const THEIR_KEY = 0;
const THEIR_KEY2 = 1;
const THEIR_SRC = 2;
const THEIR_DST = 3;
const THEIR_PORTS = 4;
const THEIR_FLAGS = 5;
const THEIR_FRAME = 6;
/** How often it came. */
const TIMES = 7;
/** With what keys leave out: the TCP options. */
const THEIR_ID = 8;
const TTL_SHIFT = 24;
/** But for what a filter selects, which may ask for a tag that the copy has not. */
const FLAGS_AND_PROTO = 0xff_ffff & ~IS_SELECTED;

/**
 * Finds the packets of a capture that are there twice because the capture is made so: a mirror port (SPAN) that shows a packet as it
 * enters the switch and as it leaves, or before and behind a router. They are marked IS_COPY, and KEY says the frame they copy.
 *
 * A single packet that looks like another proves nothing. Whether a capture copies is decided from many packets at once, of which those
 * count that cannot be alike by chance: with an IP ID, or with TCP data. What was decided of a stretch is done with the next one,
 * and with the first one, as far as it could be looked at before.
 */
class Copies {
  readonly #remembered = new Int32Array(REMEMBERED * WORDS);
  readonly #timesNs = new Float64Array(REMEMBERED).fill(Number.NEGATIVE_INFINITY);
  #packets = 0;
  #isCopying = false;
  #isMostly = false;
  /** Of this stretch: packets that cannot be alike by chance, each once, and how many of them came twice. */
  #distinct = 0;
  #doubled = 0;

  /** Looks at the beginning of a capture, at STRETCH packets at the most, before `mark` does. */
  look(batch: PacketBatch, from: number, to: number): void {
    for (let row = from; row < to; row++) this.#find(batch, row);
  }

  /** Decides about what was looked at; `mark` begins. */
  begin(): void {
    this.#decide();
    this.#timesNs.fill(Number.NEGATIVE_INFINITY);
  }

  /** Marks the copies in the next batch of the capture. */
  mark(batch: PacketBatch): void {
    for (let row = 0; row < batch.count; row++, this.#packets++) {
      const isNextStretch = this.#packets > 0 && this.#packets % STRETCH === 0;
      if (isNextStretch && this.#isLooking(this.#packets - STRETCH)) this.#decide();
      if (!this.#isLooking(this.#packets)) {
        // on to the next stretch
        const left = Math.min(batch.count - row, STRETCH - (this.#packets % STRETCH)) - 1;
        row += left;
        this.#packets += left;
        continue;
      }
      const at = this.#find(batch, row);
      if (at < 0 || !this.#isCopying) continue;
      const r = row << RECORD_BITS;
      if (!this.#isMostly && !isUnique(batch, row)) continue;
      batch.records[r + KEY] = this.#remembered[at + THEIR_FRAME];
      batch.records[r + FLAGS_PROTO_TTL] |= IS_COPY;
    }
  }

  /** Whether the stretch that this packet is in is looked at. */
  #isLooking(packet: number): boolean {
    return this.#isCopying || Math.floor(packet / STRETCH) % STRETCHES_APART === 0;
  }

  #decide(): void {
    const share = this.#doubled / Math.max(1, this.#distinct);
    this.#isCopying = this.#doubled >= LEAST_DOUBLED && share >= LEAST_SHARE;
    this.#isMostly = share >= MOST_SHARE;
    this.#distinct = 0;
    this.#doubled = 0;
  }

  /** Remembers a packet. Returns where what it is a copy of is remembered, or -1. */
  #find(batch: PacketBatch, row: number): number {
    const { records } = batch;
    const r = row << RECORD_BITS;
    const timeNs = batch.stampNs(row);
    const flags = records[r + FLAGS_PROTO_TTL];
    let place = -1;
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (records[r + KEY] + probe) & (REMEMBERED - 1);
      const at = slot * WORDS;
      if (Math.abs(timeNs - this.#timesNs[slot]) > COPY_NS) {
        if (place < 0) place = slot;
      } else if (this.#isSame(at, batch, row)) {
        const lowered = (this.#remembered[at + THEIR_FLAGS] >>> TTL_SHIFT) - (flags >>> TTL_SHIFT);
        // as it was, or behind a router
        if (lowered === 0 || lowered === 1) return this.#again(slot, batch, row);
      } else if (place < 0 || (this.#timesNs[slot] < this.#timesNs[place] && !this.#isFree(place, timeNs))) {
        place = slot;
      }
    }
    this.#remember(place, batch, row, 1);
    if (isUnique(batch, row)) this.#distinct++;
    return -1;
  }

  #isFree(slot: number, timeNs: number): boolean {
    return Math.abs(timeNs - this.#timesNs[slot]) > COPY_NS;
  }

  /** A packet has come once more: each second one is a copy of the one before. */
  #again(slot: number, batch: PacketBatch, row: number): number {
    const at = slot * WORDS;
    const times = ++this.#remembered[at + TIMES];
    // one that comes more often than twice is sent often, or copied more than once: it says nothing of what this capture does
    if (isUnique(batch, row)) this.#doubled += times === 2 ? 1 : times === 3 ? -1 : 0;
    if (times % 2 === 0) return at;
    this.#remember(slot, batch, row, times);
    return -1;
  }

  #isSame(at: number, { records }: PacketBatch, row: number): boolean {
    const r = row << RECORD_BITS;
    const seen = this.#remembered;
    return (
      seen[at + THEIR_KEY] === records[r + KEY] &&
      seen[at + THEIR_KEY2] === records[r + KEY2] &&
      seen[at + THEIR_SRC] === records[r + SRC] &&
      seen[at + THEIR_DST] === records[r + DST] &&
      seen[at + THEIR_PORTS] === records[r + PORTS] &&
      seen[at + THEIR_ID] === records[r + IP_ID] &&
      ((seen[at + THEIR_FLAGS] ^ records[r + FLAGS_PROTO_TTL]) & FLAGS_AND_PROTO) === 0
    );
  }

  #remember(slot: number, batch: PacketBatch, row: number, times: number): void {
    const { records } = batch;
    const r = row << RECORD_BITS;
    const at = slot * WORDS;
    const seen = this.#remembered;
    seen[at + THEIR_KEY] = records[r + KEY];
    seen[at + THEIR_KEY2] = records[r + KEY2];
    seen[at + THEIR_SRC] = records[r + SRC];
    seen[at + THEIR_DST] = records[r + DST];
    seen[at + THEIR_PORTS] = records[r + PORTS];
    seen[at + THEIR_ID] = records[r + IP_ID];
    seen[at + THEIR_FLAGS] = records[r + FLAGS_PROTO_TTL];
    seen[at + THEIR_FRAME] = records[r + FRAME];
    seen[at + TIMES] = times;
    this.#timesNs[slot] = batch.stampNs(row);
  }
}

/** The packets of a source, those marked that its capture shows a second time. */
export class MarkedPackets {
  readonly #source: PacketSource;
  readonly #copies = new Copies();
  /** The beginning, once it was looked at and until it is handed on; and what the source failed with meanwhile. */
  #beginning: PacketBatch[] | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(source: PacketSource) {
    this.#source = source;
  }

  /** The next packets, or null at the end; the batch before it is overwritten. */
  async next(): Promise<PacketBatch | null> {
    this.#beginning ??= await this.#look();
    const batch = this.#beginning.shift() ?? (await this.#read());
    if (batch !== null) this.#copies.mark(batch);
    return batch;
  }

  async #read(): Promise<PacketBatch | null> {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#source.next();
  }

  /** Finds out whether the capture shows packets twice. Of a live one that is found out on the way: it may be silent now. */
  async #look(): Promise<PacketBatch[]> {
    const beginning: PacketBatch[] = [];
    let looked = 0;
    while (this.#source.isLive !== true && looked < STRETCH) {
      const batch = await this.#source.next().catch((error: unknown) => {
        this.#failure = { error };
        return null;
      });
      if (batch === null) break;
      const kept = batch.copy();
      beginning.push(kept);
      this.#copies.look(kept, 0, Math.min(kept.count, STRETCH - looked));
      looked += kept.count;
    }
    this.#copies.begin();
    return beginning;
  }
}

/** Whether no sender gives two packets all that makes up this one's key. */
function isUnique(batch: PacketBatch, row: number): boolean {
  const flags = batch.flags(row);
  return (flags & HAS_IP_ID) !== 0 || ((flags & HAS_TCP_NUMBERS) !== 0 && batch.payloadLength(row) > 0);
}
