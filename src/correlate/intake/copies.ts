import type { PacketBatch } from "../../packets/batches/packet-batch.js";
import { HAS_IP_ID, HAS_TCP_NUMBERS, IS_COPY, IS_FRAGMENT, IS_LATER_FRAGMENT } from "../../packets/packets.js";
import type { ContainerMacs } from "../../packets/results/container-macs.js";
import type { Heap } from "../../packets/memory/heap.js";
import { FLAGS_PROTO_TTL, KEY, RECORD_BITS, SEQ, SRC, ttlIn } from "../../packets/records.js";
import { type Doubled, type DoubledAtFirst, doubledIn } from "./doubled.js";
import { Identities } from "./identities.js";
import { Repeats } from "./repeats.js";
import { NONE, REMEMBERED, SeenPackets } from "./seen-packets.js";

/**
 * A copy is at most this much later, nanoseconds. Switches mirror a packet within microseconds. A sender waits for a round trip or
 * longer before it sends the same again (RFC 6298, RFC 8985), and gives that another IP ID.
 */
export const COPY_NS = 1_000_000;

/** Packets that are looked at together, to tell whether a capture shows each twice. */
export const STRETCH = 512;
/** Of a capture that does not, one stretch of so many is looked at. */
const STRETCHES_APART = 32;

/** Doubled packets a stretch must have for any of them to tell … */
const LEAST_DOUBLED = 8;
/** … and their share, for the capture to make copies, of those that have an IP ID of their own: a mirror may show one direction twice, or some of the hosts. */
const LEAST_SHARE = 1 / 4;
/**
 * From this share on of all that have an identity, those are copies as well that a sender may have sent twice: identical, and without IP ID or TCP
 * data. As many it takes where TCP data without an ID counts: a segment that is sent again within a short round trip has the same number, and no path
 * loses most of them.
 */
const MOST_SHARE = 3 / 4;
/** So many packets that come once show that a capture makes no copies. */
const TELLING = 64;

/** Copies may come so many times later than the latest that was seen lately, and so much, nanoseconds. */
const LATER = 2;
const LATER_NS = 20_000;

const PROBES = 8;

/**
 * Finds the packets of a capture that are there twice because the capture is made so: a mirror port (SPAN) that shows a packet as it
 * enters the switch and as it leaves, or before and behind a router. They are marked IS_COPY, and KEY says the frame they copy.
 *
 * A single packet that looks like another proves nothing. Whether a capture copies is decided from many packets at once, of which those
 * count that have an identity of their own: an IP ID, or the number of TCP data, that nothing else of their sender has. What was decided of a
 * stretch is done with the next one, and with the first one, as far as it could be looked at before.
 *
 * Of packets without an identity, the second of two is a copy. Where a third one comes before copies have stopped coming, nothing tells which of them are: a
 * sender may have said the same again before the first one's copy came. Then none is marked, and the second no longer.
 */
export class Copies {
  readonly repeats = new Repeats();
  /** Frames of batches before that are no longer marked, with the keys that they had; for whoever still has them. */
  readonly unmarked: { readonly frame: number; readonly key: number }[] = [];
  /** Of the packets that are marked, and have not lost a hop on the way to the second one, what they are, by their frames, until it is taken. */
  readonly doubled = new Map<number, Doubled>();
  /** What is such among those that `look` was given, by their keys; null where several have one. */
  readonly #looked = new Map<number, Omit<Doubled, "isCopy" | "isMostly"> | null>();
  readonly #seen: SeenPackets;
  readonly #containers: ContainerMacs;
  /** By their IP IDs, and those that have none, by the numbers of their TCP data. */
  readonly #ids = new Identities();
  readonly #numbers = new Identities();
  #packets = 0;
  #times = 0;
  /** Where the packet found last is remembered, or the one that it is like. */
  #slot = 0;
  /** How much later it came than that, nanoseconds, and by how much less its TTL is. */
  #laterNs = 0;
  #lowered = 0;
  /** How much later than what they are copies of those came that have an identity, at most: of this stretch, and of the one before it, nanoseconds. */
  #latestNs = 0;
  #latestBeforeNs = 0;
  /** How many packets come twice: whether some do, so many that the capture makes copies, or nearly all. */
  #isDoubling = false;
  #isCopying = false;
  #isMostly = false;
  /** Whether the packet found last is one that a container passed on. */
  #isPassedOn = false;

  constructor(heap: Heap, macs: ContainerMacs) {
    this.#containers = macs;
    this.#seen = new SeenPackets(heap);
  }

  /** Looks at the beginning of a capture, at STRETCH packets at the most, before `mark` does. */
  look(batch: PacketBatch, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      if (this.#find(batch, row) === NONE || this.#lowered !== 0 || this.#times !== 2) continue;
      const doubled = doubledIn(batch, row, this.#laterNs);
      this.#looked.set(doubled.key, this.#looked.has(doubled.key) ? null : doubled);
    }
  }

  /** Decides about what was looked at; `mark` begins. */
  begin(): void {
    this.#decide();
    this.#seen.forget();
  }

  /** What came twice at the beginning. */
  get atFirst(): readonly DoubledAtFirst[] {
    const [isMarked, isCopy, isMostly] = [this.#isDoubling, this.#isCopying, this.#isMostly];
    return [...this.#looked.values()].flatMap((each) =>
      each === null ? [] : [{ ...each, isMarked, isCopy, isMostly }],
    );
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
      const like = this.#find(batch, row);
      if (like === NONE) continue;
      if (this.#times > 2 && this.#isMostly && !this.#isOwn(batch, row)) this.#takeBack(batch, row, like);
      const isCopy = this.#isCopy(batch, row);
      if (!isCopy && (this.#isPassedOn || this.#isCopying || !this.#areNeverTwice))
        this.repeats.note(batch.frame(row), like);
      if (!isCopy && !this.#mayBeCopy(batch, row)) continue;
      const r = row << RECORD_BITS;
      this.#noteDoubled(batch, row);
      batch.records[r + KEY] = like;
      batch.records[r + FLAGS_PROTO_TTL] |= IS_COPY;
      if (!this.#isOwn(batch, row)) this.#seen.marked[this.#slot] = batch.frame(row);
    }
  }

  #noteDoubled(batch: PacketBatch, row: number): void {
    if (this.#lowered !== 0) return;
    const [isCopy, isMostly] = [this.#isCopying, this.#isMostly];
    this.doubled.set(batch.frame(row), { ...doubledIn(batch, row, this.#laterNs), isCopy, isMostly });
  }

  /** Whether a packet that is like one just before is its copy. What a container passed on is none. */
  #isCopy(batch: PacketBatch, row: number): boolean {
    if (!this.#isCopying || this.#isPassedOn || this.#times % 2 === 1) return false;
    return this.#isOwn(batch, row) || (this.#isMostly && this.#times === 2);
  }

  /** Whether the same is so as far as that packet alone tells, though too few come twice: the other side may tell whether it was sent twice. */
  #mayBeCopy(batch: PacketBatch, row: number): boolean {
    if (!this.#isDoubling || this.#isCopying || this.#isPassedOn || this.#lowered !== 0) return false;
    return this.#times === 2 && batch.tunnel(row) === 0 && this.#isOwn(batch, row);
  }

  /** Takes back that the second of several was marked as a copy, as another one has come too soon. */
  #takeBack(batch: PacketBatch, row: number, like: number): void {
    const frame = this.#seen.marked[this.#slot];
    if (frame === NONE) return;
    this.#seen.marked[this.#slot] = NONE;
    this.repeats.note(frame, like);
    this.doubled.delete(frame);
    const key = this.#seen.keyOf(this.#slot);
    const at = rowOf(batch, frame, row);
    if (at >= 0) unmark(batch, at, key);
    else this.unmarked.push({ frame, key });
  }

  /** Whether a packet has what nothing else of its sender has. */
  #isOwn(batch: PacketBatch, row: number): boolean {
    return this.#identitiesFor(batch, row)?.isOwn(identityOf(batch, row)) ?? false;
  }

  /** Whether the stretch that this packet is in is looked at. */
  #isLooking(packet: number): boolean {
    return this.#isDoubling || Math.floor(packet / STRETCH) % STRETCHES_APART === 0;
  }

  #decide(): void {
    const [ids, numbers] = [this.#ids, this.#numbers];
    const doubled = ids.doubled + numbers.doubled;
    this.#isDoubling = doubled >= LEAST_DOUBLED;
    this.#isMostly = this.#isDoubling && doubled >= MOST_SHARE * (ids.own + numbers.own);
    this.#isCopying = this.#isMostly || (ids.doubled >= LEAST_DOUBLED && ids.doubled >= LEAST_SHARE * ids.own);
    ids.goOn();
    numbers.goOn();
    this.#latestBeforeNs = this.#latestNs;
    this.#latestNs = 0;
  }

  /** How much later a copy may come, nanoseconds. */
  get #reachNs(): number {
    return Math.min(COPY_NS, LATER_NS + LATER * Math.max(this.#latestNs, this.#latestBeforeNs));
  }

  /** Whether many packets have an identity of their own, here and in the stretch before, and none of them came twice. */
  get #areNeverTwice(): boolean {
    const [ids, numbers] = [this.#ids, this.#numbers];
    return ids.doubledLately + numbers.doubledLately === 0 && ids.ownLately + numbers.ownLately >= TELLING;
  }

  /** By what a packet is told from others, which its sender gives no other one, as a rule; undefined where there is nothing. */
  #identitiesFor(batch: PacketBatch, row: number): Identities | undefined {
    if (hasNumber(batch, row)) return this.#numbers;
    return batch.ipId(row) === 0 ? undefined : this.#ids;
  }

  /** The same of those that tell whether a capture copies: not of a later fragment, as hosts behind one address that count alike send what looks the same. */
  #telling(batch: PacketBatch, row: number): Identities | undefined {
    return (batch.flags(row) & IS_LATER_FRAGMENT) === 0 ? this.#identitiesFor(batch, row) : undefined;
  }

  /** Remembers a packet. Returns the frame of one that is like it and came just before, or NONE; `#times` tells how often that has come. */
  #find(batch: PacketBatch, row: number): number {
    const { records } = batch;
    const seen = this.#seen;
    const r = row << RECORD_BITS;
    const timeNs = batch.stampNs(row);
    const flags = records[r + FLAGS_PROTO_TTL];
    let place = -1;
    let sent = NONE;
    this.#isPassedOn = false;
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (records[r + KEY] + probe) & (REMEMBERED - 1);
      if (Math.abs(timeNs - seen.timesNs[slot]) <= COPY_NS && seen.isSame(slot, batch, row)) {
        const lowered = seen.ttlOf(slot) - ttlIn(flags);
        // as it was, or behind a router: a container that routes for another sends a frame of its own
        const isPassedOn = lowered === 1 && this.#isOfAnother(slot, batch.macFrom[row]);
        if (isPassedOn) sent = seen.frameOf(slot);
        else if (lowered === 0 || lowered === 1) {
          this.#lowered = lowered;
          return this.#again(slot, batch, row);
        }
      }
      // the oldest gives way, which is the one of no use, where there is one
      if (place < 0 || seen.timesNs[slot] < seen.timesNs[place]) place = slot;
    }
    seen.remember(place, batch, row, 1);
    this.#isPassedOn = sent !== NONE;
    if (this.#isPassedOn) return sent;
    this.#telling(batch, row)?.take(identityOf(batch, row));
    return NONE;
  }

  /** A packet has come once more. Returns the frame of the one that it may be a copy of. */
  #again(slot: number, batch: PacketBatch, row: number): number {
    const like = this.#seen.frameOf(slot);
    const laterNs = batch.stampNs(row) - this.#seen.timesNs[slot];
    const isTold = this.#isMostly && !this.#isOwn(batch, row) && laterNs > this.#reachNs;
    this.#times = isTold ? 1 : ++this.#seen.timesOf[slot];
    this.#telling(batch, row)?.takeAgain(identityOf(batch, row), this.#times);
    if (this.#times === 2 && this.#isOwn(batch, row)) this.#latestNs = Math.max(this.#latestNs, laterNs);
    this.#slot = slot;
    this.#laterNs = laterNs;
    if (this.#times !== 2) this.#seen.remember(slot, batch, row, this.#times);
    return isTold ? NONE : like;
  }

  /** Whether a container sent a frame, and not the one that was remembered. */
  #isOfAnother(slot: number, mac: number): boolean {
    return this.#seen.macs[slot] !== mac && this.#containers.isContainersMac(mac);
  }
}

/** The row of a frame's packet before another row, or -1; the nearer, the sooner it is found. */
export function rowOf(batch: PacketBatch, frame: number, before = batch.count): number {
  let row = before - 1;
  while (row >= 0 && batch.frame(row) !== frame) row--;
  return row;
}

/** Has a packet be none that its capture shows once more. */
export function unmark(batch: PacketBatch, row: number, key: number): void {
  const r = row << RECORD_BITS;
  batch.records[r + KEY] = key;
  batch.records[r + FLAGS_PROTO_TTL] &= ~IS_COPY;
}

/** Whether a packet has no IP ID, and TCP data: its number is its identity. An ID that others of its sender have is none, which shows by itself. */
function hasNumber(batch: PacketBatch, row: number): boolean {
  const flags = batch.flags(row);
  return (flags & HAS_IP_ID) === 0 && (flags & HAS_TCP_NUMBERS) !== 0 && batch.payloadLength(row) > 0;
}

/** What tells a packet from others of its sender, as a number. Fragments of a datagram have one ID: they are told apart by their keys. */
function identityOf(batch: PacketBatch, row: number): number {
  const { records } = batch;
  const r = row << RECORD_BITS;
  const id = hasNumber(batch, row) ? records[r + SEQ] : batch.ipId(row);
  const number = (batch.flags(row) & IS_FRAGMENT) === 0 ? id : id ^ batch.key(row);
  return Math.imul(records[r + SRC] ^ Math.imul(number, 0x9e3779b1), 0x85ebca6b);
}
