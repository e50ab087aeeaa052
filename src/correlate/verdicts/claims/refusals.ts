import { icmpNumberIn, icmpCodeIn, icmpTypeIn } from "../../../packets/records.js";
import type { PacketBatch } from "../../../packets/batches/packet-batch.js";
import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { addTo, type Lists, takeOut } from "../../../packets/memory/lists.js";
import { areAlike, HAS_IP_ID } from "../../../packets/packets.js";
import type { Reason } from "../../../packets/results/reasons.js";
import { WAITING } from "../../../packets/fates.js";
import type { Timeline } from "../../../packets/timeline.js";
import { isFromNear } from "./hops.js";
import { AT_ONCE_NS } from "./resets.js";
import { isRedirect, isTooBig } from "../../../protocols/icmp.js";
import { ICMP } from "../../../protocols/ip-protocols.js";
import type { Notes } from "../../kernel/base.js";
import { type Naming, PATIENCE_NS } from "../impacts/drop.js";
import { meaningOf } from "./icmp-meanings.js";
import type { QuotedNames } from "./quoted-names.js";
import type { QuotedError } from "./quotes.js";

/** What an ICMP error says of the packet that it is about. */
export interface Answer {
  readonly reason: Reason;
  /** In words. */
  readonly why: string;
  /** Who says so. */
  readonly src: string;
  /** The error's frame. */
  readonly byFrame: number;
  /** The MTU that the packet is too long for, bytes; 0 where the error is about something else, or does not tell (RFC 1191 section 4). */
  readonly mtu: number;
  /** Its TTL was lowered by routers on its way: somebody behind the host sent it, whom the packet had reached. */
  readonly isFromFar: boolean;
  /** It was sent by whom the packet is for: so much for having been refused on its way. */
  readonly isOfAddressee: boolean;
}

/** How an error names the packet that it quotes. */
interface Names {
  readonly quotedAs: string;
  /** The datagram that this is, or is a fragment of. */
  readonly datagram: string;
  /** The packet whoever it was sent to; undefined where that does not name it. */
  readonly sentAs: string | undefined;
  /** Whether too little of what names it was captured: it may be another one of its conversation, or of others between the same addresses. */
  readonly isCut: boolean;
  /** How the payload begins that it quotes; 0 where it does not quote that much. */
  readonly head: number;
}

/** An ICMP error that has no twin so far. */
interface Refusal extends Names {
  readonly row: number;
  readonly timeNs: number;
  readonly answer: Answer;
  /** Whether it was said to be about a packet, or that it may be about any of several. */
  use: "none" | "told" | "unclear";
  /** The frame of a packet that it was said to be about, though that goes to another address than it quotes. */
  inNameFor?: number;
  /** Whether it may be about any of several so. */
  isOfSeveral?: boolean;
}

/** What an error says, and how the packet is named that it is about. */
interface Said extends Answer, Names {
  /** How many errors, from this one on, name their packets so; 0 where it may be about one that is judged by now. */
  readonly alike: number;
}

/** Why nothing is said of what an error may be about, in words. */
export const WHY_QUOTED_ALIKE = "an ICMP error is about it, or about another packet that is quoted alike";

/** The same of one that was cut short. */
export function whyCut(frame: string): string {
  return `frame ${frame} is an ICMP error for who sent it, and too little of it was captured to tell what it is about`;
}

/** Counts the packets judged so far that errors may be about which name their packets so. */
export type CountJudged = (quotedAs: string, errors: Naming) => number;

/** Fragments of one datagram leave back to back: a router that does not put them together first may say so before it got the last ones, nanoseconds. */
const FRAGMENTS_NS = 1_000_000;

/** So many refused datagrams are remembered for that. */
const MOST_REFUSED = 64;

/** So many packets are looked at, at the most, for others that an error may be about. */
const MOST_LOOKED_AT = 4096;

/**
 * The ICMP errors that may be refusals, by the packet they are about. An error with a twin came through the NAT. One without, whose TTL nobody
 * lowered, was sent by the host, and tells why the packet it quotes never came out.
 *
 * Packets without an IP ID may be quoted alike. Then what the error quotes of the payload tells them apart; where it does not, there must
 * be as many errors as packets that they may be about. An error about a fragment, or about what a host put together, is about all of the datagram.
 */
export class Refusals implements Notes {
  readonly #timeline: Timeline;
  readonly #names: QuotedNames;
  readonly #judgedBefore: CountJudged;
  readonly #windowNs: number;
  /** In the order they came: by how they name packets, and datagrams. */
  readonly #byQuoted: Lists<string, Refusal> = new Map();
  readonly #byDatagram: Lists<string, Refusal> = new Map();
  readonly #bySent: Lists<string, Refusal> = new Map();
  readonly #byRow = new Map<number, Refusal>();
  /** Errors about the datagrams that were refused last: a fragment may come behind that about the first one, and be judged when this is gone. */
  readonly #refused = new Map<string, Refusal>();
  /** Whether there were any whose quote both captures have without its ports. */
  #hasCut = false;

  /** `judgedBefore`: how many packets there are that were judged before, and that an error may still be about. */
  constructor(timeline: Timeline, names: QuotedNames, windowNs: number, judgedBefore: CountJudged) {
    this.#timeline = timeline;
    this.#names = names;
    this.#windowNs = windowNs;
    this.#judgedBefore = judgedBefore;
  }

  /** Takes an error just appended to the timeline, row `i` of the batch it came in, and what it is about. */
  admit(row: number, batch: PacketBatch, i: number, error: QuotedError): void {
    const t = this.#timeline;
    const message = batch.seq(i);
    const [type, code] = [icmpTypeIn(message), icmpCodeIn(message)];
    const isIpv4 = batch.proto(i) === ICMP;
    if (isRedirect(type, !isIpv4)) return;
    const { quotedAs, datagram, sentAs, lacksEnds, isCut } = this.#names.inQuote(row, batch, i, error);
    if (lacksEnds) this.#hasCut = true;
    const { reason, words } = meaningOf(isIpv4, type, code);
    const mtu = isTooBig(type, code, !isIpv4) ? icmpNumberIn(message) : 0;
    const byFrame = t.frame(row);
    const { src, isByAddressee } = error;
    const why = `${words}${mtu === 0 ? "" : ` (MTU ${mtu})`}, says ${src} (frame ${t.frameTextOf(row)})`;
    const isFromFar = !isFromNear(t, row);
    const head = batch.quotes.head[batch.quote(i)];
    const answer = { reason, why, src, byFrame, mtu, isFromFar, isOfAddressee: isByAddressee };
    const names = { quotedAs, datagram, sentAs, isCut, head };
    const refusal: Refusal = { row, timeNs: t.timeNs(row), ...names, answer, use: "none" };
    addTo(this.#byQuoted, quotedAs, refusal);
    addTo(this.#byDatagram, datagram, refusal);
    if (sentAs !== undefined) addTo(this.#bySent, sentAs, refusal);
    this.#byRow.set(row, refusal);
    t.note(row);
  }

  /** Forgets an error that has a twin, as it came through the NAT, or that the timeline is about to give back. */
  forget(row: number): void {
    const refusal = this.#byRow.get(row);
    if (refusal === undefined) return;
    this.#byRow.delete(row);
    const isIt = (each: Refusal): boolean => each === refusal;
    takeOut(this.#byQuoted, refusal.quotedAs, isIt);
    takeOut(this.#byDatagram, refusal.datagram, isIt);
    if (refusal.sentAs !== undefined) takeOut(this.#bySent, refusal.sentAs, isIt);
  }

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#byQuoted.size === 0;
  }

  /** What an error of the host's says that is not known to be about a packet by now; undefined of any other. */
  saidBy(row: number): Said | undefined {
    const refusal = this.#byRow.get(row);
    if (refusal === undefined || refusal.use === "told" || refusal.answer.isFromFar) return undefined;
    const { quotedAs, datagram, sentAs, isCut, head, use } = refusal;
    const like = (this.#byQuoted.get(quotedAs) ?? []).filter(
      (each) => each.use === "none" && each.timeNs >= refusal.timeNs && areAlike(each.head, head),
    );
    refusal.use = "told";
    return { ...refusal.answer, quotedAs, datagram, sentAs, isCut, head, alike: use === "none" ? like.length : 0 };
  }

  /**
   * What an error behind a packet whose window is over says of it; "unclear" where one may be about this packet, or about another one that is quoted
   * alike; undefined where none is.
   */
  answerTo(row: number): Answer | "unclear" | undefined {
    const refused = this.#answerToAll(row);
    if (refused !== undefined || this.isEmpty) return refused;
    const t = this.#timeline;
    const names = this.#names;
    const quotedAs = names.of(row);
    const isNumbered = (t.flags(row) & HAS_IP_ID) !== 0;
    // a short snaplen leaves the number out, and the ports; the IP ID is enough
    const named = this.#byQuoted.get(quotedAs);
    const cut =
      named === undefined
        ? (this.#byQuoted.get(names.ofCut(row)) ??
          (this.#hasCut ? this.#byQuoted.get(names.withoutEnds(row)) : undefined))
        : undefined;
    const errors = (named ?? cut ?? []).filter(
      (error) =>
        error.use !== "told" && t.isBefore(row, error.row) && this.#isInTime(error, row) && this.#mayQuote(error, row),
    );
    if (errors.length === 0) return undefined;
    const heads = errors.map(({ head }) => head);
    const earlier = isNumbered
      ? 0
      : this.#judgedBefore(quotedAs, { timeNs: t.timeNs(row), heads, withinNs: PATIENCE_NS });
    const later = isNumbered ? 0 : this.#likesBehind(row, quotedAs, errors);
    const isOfAny = cut !== undefined && !isNumbered;
    if (isOfAny || earlier + 1 + later > errors.length || errors.some(({ use }) => use === "unclear")) {
      for (const error of errors) error.use = "unclear";
      return "unclear";
    }
    // a router says so of one after the other
    errors[earlier].use = "told";
    return errors[earlier].answer;
  }

  /**
   * What refuses a packet in the name of whom it was sent to: a rule gave the packet to the host, or to a neighbour, and the capture shows it as it is by then. The
   * error quotes it as it was sent, to where nobody was heard to send anything, and comes from no router away. Of one without an IP ID, it comes at once, and behind no
   * other packet that it may quote. Undefined where no error does, or several may.
   */
  inNameOf(row: number): Answer | undefined {
    const sentAs = this.#bySent.size === 0 ? undefined : this.#names.sentAs(row);
    const t = this.#timeline;
    const isNumbered = (t.flags(row) & HAS_IP_ID) !== 0;
    const untilNs = t.timeNs(row) + (isNumbered ? this.#windowNs : AT_ONCE_NS);
    const errors = sentAs === undefined ? [] : (this.#bySent.get(sentAs) ?? []);
    const [error, ...others] = errors.filter((each) => t.isBefore(row, each.row) && each.timeNs <= untilNs);
    if (error === undefined || others.length > 0 || error.use !== "none" || error.isOfSeveral === true)
      return undefined;
    const { isFromFar, isOfAddressee } = error.answer;
    if (isFromFar || !isOfAddressee || this.#names.isQuotedSeen(error.row) || !this.#mayQuote(error, row))
      return undefined;
    if (!isNumbered && this.#isSentAgain(row, error)) {
      error.isOfSeveral = true;
      return undefined;
    }
    error.use = "told";
    error.inNameFor = t.frame(row);
    return error.answer;
  }

  /** The frame that an error is about so; undefined of any other. */
  inNameFor(row: number): number | undefined {
    return this.#byRow.get(row)?.inNameFor;
  }

  /** What an error says of the datagram that a fragment is of; undefined of other packets, and where none does. */
  #answerToAll(row: number): Answer | undefined {
    if (this.#byDatagram.size + this.#refused.size === 0 || !this.#names.isNumberedFragment(row)) return undefined;
    const t = this.#timeline;
    const datagram = this.#names.datagramOf(row);
    const errors = [this.#refused.get(datagram) ?? [], this.#byDatagram.get(datagram) ?? []].flat();
    const error = errors.find(({ timeNs }) => timeNs > t.timeNs(row) - FRAGMENTS_NS);
    if (error === undefined) return undefined;
    error.use = "told";
    this.#refused.set(datagram, error);
    keepNewest(this.#refused, MOST_REFUSED);
    return error.answer;
  }

  /** Whether an error came within a packet's window: of later ones, it is not known yet how many there are. */
  #isInTime({ timeNs }: Refusal, row: number): boolean {
    return timeNs <= this.#timeline.timeNs(row) + this.#windowNs;
  }

  #mayQuote({ head }: Refusal, row: number): boolean {
    return areAlike(head, this.#timeline.head(row));
  }

  /** Whether another packet waits between one and an error that may quote that as well, to whomever it was sent; or too many do to tell. */
  #isSentAgain(row: number, error: Refusal): boolean {
    const t = this.#timeline;
    let next = t.after(row);
    for (let looked = 0; looked < MOST_LOOKED_AT; looked++, next = t.after(next)) {
      if (next === error.row || next === t.end) return false;
      if (t.length(next) !== t.length(row) || t.state(next) !== WAITING || !this.#mayQuote(error, next)) continue;
      if (this.#names.sentAs(next) === error.sentAs) return true;
    }
    return true;
  }

  /** How many packets wait behind one that some errors may be about as well. */
  #likesBehind(row: number, quotedAs: string, errors: readonly Refusal[]): number {
    const t = this.#timeline;
    const last = errors[errors.length - 1].row;
    let count = 0;
    let next = t.after(row);
    for (let looked = 0; looked < MOST_LOOKED_AT && next !== last && next !== t.end; looked++, next = t.after(next)) {
      if (t.way(next) !== t.way(row) || t.state(next) !== WAITING || this.#names.of(next) !== quotedAs) continue;
      if (errors.some((error) => t.isBefore(next, error.row) && this.#mayQuote(error, next))) count++;
    }
    return count;
  }
}
