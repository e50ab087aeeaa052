import { icmpNumberIn } from "../../../packets/records.js";
import { joined, joinedNumbers } from "../../../packets/memory/joined.js";
import type { PacketBatch } from "../../../packets/batches/packet-batch.js";
import { HAS_IP_ID, IS_FRAGMENT } from "../../../packets/packets.js";
import type { Side } from "../../../packets/sides.js";
import type { RecordRows } from "../../../packets/record-rows.js";
import type { Timeline } from "../../../packets/timeline.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { destinationText, sourceText } from "../../../packets/ways.js";
import { hasPorts, isIcmp, TCP, UDP } from "../../../protocols/ip-protocols.js";
import { namesEnds, type QuotedError } from "./quotes.js";

/** What rows of packets on the timeline say of them beside their records, and of those that were kept. */
type Placed = Pick<Timeline, "sideOf" | "way">;

/** How an error names the packet that it quotes, and the datagram that this is, or is a fragment of. */
interface Named {
  readonly quotedAs: string;
  readonly datagram: string;
  /** The same whoever it was sent to, as a rule may have rewritten that; undefined where too little is quoted. */
  readonly sentAs: string | undefined;
  /** Whether the quote was cut before its ports, or the id of its echo; and whether before the sequence number behind these. */
  readonly lacksEnds: boolean;
  readonly isCut: boolean;
}

/** How ICMP errors name packets: two that a quote does not tell apart have one name. */
export class QuotedNames {
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;

  constructor(timeline: Timeline, tuples: TupleTable) {
    this.#timeline = timeline;
    this.#tuples = tuples;
  }

  /** What an error names that is on the timeline: row `i` of the batch it came in. */
  inQuote(row: number, batch: PacketBatch, i: number, { quoted }: QuotedError): Named {
    const t = this.#timeline;
    const side = t.sideOf(row);
    const { quotes } = batch;
    const q = batch.quote(i);
    const [proto, ipId, length] = [quotes.proto[q], quotes.ipId[q], quotes.length[q]];
    const lacksEnds = (hasPorts(proto) || isIcmp(proto)) && !namesEnds(batch, q);
    const isCut = lacksEnds || (proto === TCP && quotes.seq[q] === 0);
    const datagram = datagramName(side, quoted.src, quoted.dst, proto, ipId);
    const name = packetName(side, t.way(row) ^ 1, proto, ipId, length, quotes.seq[q]);
    const hasEnds = !lacksEnds && hasPorts(proto);
    const sentAs = hasEnds ? sentName(side, quoted.src, quotes.srcPort[q], proto, ipId, length) : undefined;
    return { quotedAs: lacksEnds ? addressed(datagram, length) : name, datagram, sentAs, lacksEnds, isCut };
  }

  /** How an error names a packet that is about it. */
  of(row: number): string {
    return nameOf(this.#timeline, row);
  }

  /** The same where the quote was cut behind its ports. */
  ofCut(row: number): string {
    return named(this.#timeline, row, 0);
  }

  /** The same where it was cut before them. */
  withoutEnds(row: number): string {
    return addressed(this.datagramOf(row), this.#timeline.length(row));
  }

  /** How an error names a packet whose destination a rule rewrote since it was sent, alike without an IP ID; undefined of fragments, and of what has no ports. */
  sentAs(row: number): string | undefined {
    const t = this.#timeline;
    if ((t.flags(row) & IS_FRAGMENT) !== 0 || !hasPorts(t.proto(row))) return undefined;
    const src = sourceText(this.#tuples, t.way(row));
    const port = this.#tuples.port(t.tuple(row), t.forward(row) === 1);
    return sentName(t.sideOf(row), src, port, t.proto(row), t.ipId(row), t.length(row));
  }

  /** Whether anybody was heard to send something of the conversation that an error quotes, in the form that it quotes. */
  isQuotedSeen(error: number): boolean {
    return this.#tuples.isHeard(this.#timeline.way(error) ^ 1);
  }

  /** The name under which errors are looked for that come when a packet is known to be dropped: of a fragment, its datagram's. */
  ofDropped(row: number): string {
    return this.isNumberedFragment(row) ? this.datagramOf(row) : this.of(row);
  }

  isNumberedFragment(row: number): boolean {
    return isNumberedFragment(this.#timeline, row);
  }

  /** The datagram that a packet is, or is a fragment of. */
  datagramOf(row: number): string {
    const t = this.#timeline;
    const [src, dst] = [sourceText(this.#tuples, t.way(row)), destinationText(this.#tuples, t.way(row))];
    return datagramName(t.sideOf(row), src, dst, t.proto(row), t.ipId(row));
  }
}

export function isNumberedFragment(t: RecordRows, row: number): boolean {
  const wanted = IS_FRAGMENT | HAS_IP_ID;
  return (t.flags(row) & wanted) === wanted;
}

/** How an error names a packet that is about it, on the timeline or wherever its record was kept. */
export function nameOf(t: RecordRows & Placed, row: number): string {
  return named(t, row, t.proto(row) === TCP ? t.seq(row) : t.proto(row) === UDP ? 0 : icmpNumberIn(t.seq(row)));
}

function named(t: RecordRows & Placed, row: number, seq: number): string {
  return packetName(t.sideOf(row), t.way(row), t.proto(row), t.ipId(row), t.length(row), seq);
}

/** `way`: that of the packet, against which errors about it go: an answer that equals the question is told from it by nothing else. */
function packetName(side: Side, way: number, proto: number, ipId: number, length: number, seq: number): string {
  return joinedNumbers(side, way, proto, ipId, length, seq);
}

/** How an error names a packet whose ports it does not quote: its datagram, of a length. */
function addressed(datagram: string, length: number): string {
  return joined(datagram, length);
}

/** What a packet has wherever it is sent. */
function sentName(side: Side, src: string, srcPort: number, proto: number, ipId: number, length: number): string {
  return joined(side, src, srcPort, proto, ipId, length);
}

/** What all fragments of a datagram have in common. */
function datagramName(side: Side, src: string, dst: string, proto: number, ipId: number): string {
  return joined(side, src, dst, proto, ipId);
}
