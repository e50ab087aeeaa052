import type { PacketBatch } from "../../packets/packets.js";
import type { Side } from "../../packets/sides.js";
import type { Timeline } from "../../packets/timeline.js";
import { isFromNear } from "./senders.js";
import { isTooBig } from "../../protocols/icmp.js";
import { ICMP, ICMPV6, TCP, UDP } from "../../protocols/ip-protocols.js";
import type { Notes } from "../matchers/contract.js";
import { mayBeOneSender, type QuotedError, quotedError } from "./quotes.js";

/** Protocols whose ports, in a quote, are an echo's id. */
const ECHOING: ReadonlySet<number> = new Set([ICMP, ICMPV6]);

/** An ICMP error that has no twin so far. */
interface Refusal {
  readonly row: number;
  /** What it says, in words, and who. */
  readonly reason: string;
  readonly from: string;
  /** The MTU that the packet is too long for, bytes; 0 where the error is about something else, or does not tell (RFC 1191 section 4). */
  readonly mtu: number;
  /** Its TTL was lowered by routers on its way: somebody behind the host sent it, whom the packet had reached. */
  readonly isFromFar: boolean;
}

/** What an ICMP error says of a packet, with the frame that says so, and all of it in words. */
export interface Answer extends Refusal {
  readonly why: string;
  readonly byFrame: number;
}

/**
 * The ICMP errors on the timeline, and those among them that may be refusals, by the packet they are about. An error with a twin came through the
 * NAT. One without, whose TTL nobody lowered, was sent by the host, and tells why the packet it quotes never came out.
 */
export class Refusals implements Notes {
  readonly #timeline: Timeline;
  /** All of them, by row. */
  readonly #errors = new Map<number, QuotedError>();
  /** In the order they came: packets without IP ID are quoted alike, whoever refuses them. */
  readonly #byQuoted = new Map<string, Refusal[]>();
  readonly #quotedOf = new Map<number, string>();

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  get size(): number {
    return this.#errors.size;
  }

  /** What an ICMP error is about; undefined for any other row. */
  errorOf(row: number): QuotedError | undefined {
    return this.#errors.get(row);
  }

  /** Whether one row may be the other as it left, by who sent them; true of what is no error. */
  mayBeOne(entered: number, left: number): boolean {
    const [one, other] = [this.#errors.get(entered), this.#errors.get(left)];
    return one === undefined || other === undefined || mayBeOneSender(one, other);
  }

  /** Whether an error, row `i` of its batch, is about an echo. */
  isOfEcho(batch: PacketBatch, i: number): boolean {
    return ECHOING.has(batch.quotes.proto[batch.quote(i)]);
  }

  /** Takes an error just appended to the timeline: row `i` of the batch it came in. A copy of another one refuses nothing. */
  admit(row: number, side: Side, batch: PacketBatch, i: number, isCopy: boolean): void {
    const error = quotedError(batch, i);
    this.#errors.set(row, error);
    if (isCopy) return;
    const t = this.#timeline;
    const { quotes } = batch;
    const q = batch.quote(i);
    const key = keyOf(side, t.tuple(row), quotes.proto[q], quotes.ipId[q], quotes.length[q], quotes.seq[q]);
    const message = batch.seq(i);
    const [type, code] = [message >>> 24, (message >>> 16) & 255];
    const isIpv4 = batch.proto(i) === ICMP;
    const mtu = isTooBig(type, code, !isIpv4) ? message & 0xffff : 0;
    const refusal = { row, reason: reasonOf(isIpv4, type, code), from: error.src, mtu, isFromFar: !isFromNear(t, row) };
    this.#byQuoted.set(key, [...(this.#byQuoted.get(key) ?? []), refusal]);
    this.#quotedOf.set(row, key);
  }

  forget(row: number): void {
    if (this.#errors.delete(row)) this.hasTwin(row);
  }

  /** Takes it that an error has a twin: it came through the NAT. */
  hasTwin(row: number): void {
    const key = this.#quotedOf.get(row);
    if (key === undefined) return;
    this.#quotedOf.delete(row);
    const others = this.#byQuoted.get(key)?.filter((refusal) => refusal.row !== row);
    if (others && others.length > 0) this.#byQuoted.set(key, others);
    else this.#byQuoted.delete(key);
  }

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#byQuoted.size === 0;
  }

  /** What an error of the host's says of the packet it is about, in words, and how that packet is named; undefined of any other. */
  saidBy(row: number): { readonly why: string; readonly quotedAs: string } | undefined {
    const quotedAs = this.#quotedOf.get(row);
    if (quotedAs === undefined) return undefined;
    const refusal = this.#byQuoted.get(quotedAs)?.find((each) => each.row === row);
    return refusal && !refusal.isFromFar ? { why: this.#worded(refusal), quotedAs } : undefined;
  }

  /** How an error names a packet that is about it. */
  quotedAs(row: number): string {
    const t = this.#timeline;
    const seq = t.proto(row) === TCP ? t.seq(row) : t.proto(row) === UDP ? 0 : t.seq(row) & 0xffff;
    return keyOf(t.sideOf(row), t.tuple(row), t.proto(row), t.ipId(row), t.length(row), seq);
  }

  /** What the first error behind a packet that is about it says; null where there is none. */
  answerTo(row: number): Answer | null {
    if (this.isEmpty) return null;
    const refusals = this.#byQuoted.get(this.quotedAs(row));
    const refusal = refusals?.find((candidate) => this.#timeline.isBefore(row, candidate.row));
    return refusal ? { ...refusal, why: this.#worded(refusal), byFrame: this.#timeline.frame(refusal.row) } : null;
  }

  #worded({ row, reason, from, mtu }: Refusal): string {
    const limit = mtu === 0 ? "" : ` (MTU ${mtu})`;
    return `${reason}${limit}, says ${from} (frame ${this.#timeline.frame(row)})`;
  }
}

function keyOf(side: Side, tuple: number, proto: number, ipId: number, length: number, seq: number): string {
  return `${side} ${tuple} ${proto} ${ipId} ${length} ${seq}`;
}

/** Errors by "type" or "type code", RFC 792, 1191 and 1812. */
const ICMP_REASONS: Readonly<Record<string, string>> = {
  "3": "destination unreachable",
  "3 0": "network unreachable",
  "3 1": "host unreachable",
  "3 3": "port unreachable",
  "3 4": "fragmentation needed, but DF is set",
  "3 9": "network administratively prohibited",
  "3 10": "host administratively prohibited",
  "3 13": "administratively prohibited",
  "5": "redirected",
  "11": "TTL exceeded",
  "11 1": "fragments missing when the time for reassembly was over",
};

/** RFC 4443. */
const ICMPV6_REASONS: Readonly<Record<string, string>> = {
  "1": "destination unreachable",
  "1 0": "no route to the destination",
  "1 1": "administratively prohibited",
  "1 3": "address unreachable",
  "1 4": "port unreachable",
  "2": "packet too big",
  "3": "hop limit exceeded",
  "3 1": "fragments missing when the time for reassembly was over",
};

function reasonOf(isIpv4: boolean, type: number, code: number): string {
  const reasons = isIpv4 ? ICMP_REASONS : ICMPV6_REASONS;
  return (
    reasons[`${type} ${code}`] ?? reasons[type] ?? `${isIpv4 ? "ICMP" : "ICMPv6"} error type ${type}, code ${code}`
  );
}
