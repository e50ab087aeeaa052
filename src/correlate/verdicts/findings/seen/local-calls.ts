import { keepNewest } from "../../../../packets/memory/keep-newest.js";
import { IS_ERROR } from "../../../../packets/packets.js";
import type { Gathered } from "../../../../packets/results/gathered.js";
import { said, saidAddress, type Sentence } from "../../../../packets/results/sentence.js";
import { INSIDE } from "../../../../packets/sides.js";
import type { Timeline } from "../../../../packets/timeline.js";
import type { TupleTable } from "../../../../packets/tuple-table.js";
import { TCP } from "../../../../protocols/ip-protocols.js";
import { ACK, FIN, isOpening, RST, SYN } from "../../../../protocols/tcp.js";
import type { Called } from "./called.js";
import { type Closing, PAUSE_NS, type Request } from "./requests.js";

/** So many connections are looked at, the newest: what is asked is answered at once. */
const MOST_OPEN = 4096;
/** … and so many that were never answered are kept to be told. */
const MOST_KEPT = 16_384;

/** A TCP connection inside that does not cross: of the host, as a docker-proxy's, or of a container, with a container beside it. */
class LocalCall implements Called {
  readonly #said: (withPort: boolean) => Sentence;
  readonly #isIpv6: boolean;
  readonly #frame: number;
  readonly #openerForward: number;
  /** The numbers of what comes next of who opened it, and what of that was acknowledged … */
  #nextSeq: number;
  #acked = 0;
  /** … and of what comes first of the other end, undefined until it accepts. */
  #answerSeq: number | undefined;
  #acceptedTtl = 0;
  #bytes = 0;
  #askedNs = 0;
  #closing: Closing | undefined;
  /** Nothing is told of it: it was answered, goes on sending, or not all of it was seen. */
  isSpoilt = false;

  constructor(timeline: Timeline, tuples: TupleTable, row: number) {
    const t = timeline;
    const tuple = t.tuple(row);
    const isFromA = t.forward(row) === 1;
    const [src, dst] = [isFromA, !isFromA].map((isA) => tuples.addressText(tuple, isA));
    const [srcPort, dstPort] = [isFromA, !isFromA].map((isA) => tuples.port(tuple, isA));
    const [fromNs, mac] = [t.timeNs(row), t.macFrom(row)];
    this.#said = (isWithPort) => {
      const times = { fromNs, throughNs: fromNs };
      const [from, to] = [saidAddress(src, { ...times, peer: dst, mac }), saidAddress(dst, { ...times, peer: src })];
      return isWithPort ? said`tcp ${from}.${srcPort} > ${to}.${dstPort}` : said`tcp ${from} > ${to}.${dstPort}`;
    };
    this.#isIpv6 = t.isIpv6(row);
    this.#frame = t.frame(row);
    this.#openerForward = t.forward(row);
    this.#nextSeq = (t.seq(row) + 1) | 0;
  }

  /** Takes one of its segments, in any order: where that misleads, nothing is told. */
  take(t: Timeline, row: number): void {
    const flags = t.tcpFlags(row);
    const isOpeners = t.forward(row) === this.#openerForward;
    if ((flags & SYN) !== 0) {
      if (isOpeners || this.#answerSeq !== undefined) return;
      this.#answerSeq = (t.seq(row) + 1) | 0;
      this.#acceptedTtl = t.ttl(row);
      return;
    }
    if (isOpeners) this.#ask(t, row);
    else this.#answer(t, row);
    if ((flags & (FIN | RST)) !== 0 && !this.isSpoilt) this.#close(t, row, isOpeners);
  }

  /** What was asked in vain; undefined where nothing was, or that is not known. */
  get request(): Request | undefined {
    if (this.isSpoilt || this.#bytes === 0 || this.#answerSeq === undefined) return undefined;
    return {
      bytes: this.#bytes,
      isAcknowledged: this.#acked >= this.#bytes,
      askedNs: this.#askedNs,
      acceptedTtl: this.#acceptedTtl,
      closing: this.#closing,
      isLate: false,
    };
  }

  get serviceKey(): string {
    return this.saidService.text;
  }

  get saidService(): Sentence {
    return this.#said(false);
  }

  saidFrom(): Sentence {
    return this.#said(true);
  }

  gatherIn(gathered: Gathered): void {
    gathered.add(INSIDE, this.#frame, undefined, this.#isIpv6);
  }

  #ask(t: Timeline, row: number): void {
    const hasAck = (t.tcpFlags(row) & ACK) !== 0;
    // who acknowledges more than a FIN got an answer, whether that was seen or not
    if (hasAck && this.#answerSeq !== undefined && ((t.ack(row) - this.#answerSeq) | 0) > 1) this.isSpoilt = true;
    const [bytes, ahead] = [t.payloadLength(row), (t.seq(row) - this.#nextSeq) | 0];
    if (ahead > 0) this.isSpoilt = true;
    if (bytes + ahead <= 0 || bytes === 0) return;
    const isPaused = this.#bytes > 0 && t.timeNs(row) - this.#askedNs > PAUSE_NS;
    this.isSpoilt ||= isPaused;
    this.#bytes += bytes + ahead;
    this.#nextSeq = (this.#nextSeq + bytes + ahead) | 0;
    this.#askedNs = t.timeNs(row);
  }

  #answer(t: Timeline, row: number): void {
    if (t.payloadLength(row) > 0) this.isSpoilt = true;
    const acked = (t.ack(row) - this.#nextSeq + this.#bytes) | 0;
    if ((t.tcpFlags(row) & ACK) !== 0) this.#acked = Math.max(this.#acked, acked);
  }

  #close(t: Timeline, row: number, isInitiators: boolean): void {
    const isReset = (t.tcpFlags(row) & RST) !== 0;
    const isGivenUp = this.#closing?.isGivenUp === true || (isInitiators && isReset);
    const first = this.#closing ?? { isInitiators, isReset, atNs: t.timeNs(row), ttl: t.ttl(row) };
    this.#closing = { ...first, isGivenUp };
  }
}

/** What is asked inside of who is inside as well, or by the host: what a docker-proxy asks of a container, by a connection of its own. */
export class LocalCalls {
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  /** By tuple. */
  readonly #open = new Map<number, LocalCall>();
  readonly #over: LocalCall[] = [];

  constructor(timeline: Timeline, tuples: TupleTable) {
    this.#timeline = timeline;
    this.#tuples = tuples;
  }

  /** Takes a packet of the inside without a twin. `isLocal`: it is of the host, or of who is beside its receiver; of none of these, nothing more is told of its conversation. */
  take(row: number, isLocal: boolean): void {
    const t = this.#timeline;
    if (t.proto(row) !== TCP || (t.flags(row) & IS_ERROR) !== 0) return;
    const tuple = t.tuple(row);
    if (isLocal && isOpening(t.tcpFlags(row))) this.#begin(tuple, row);
    const call = this.#open.get(tuple);
    if (call === undefined) return;
    if (isLocal) call.take(t, row);
    if (!isLocal || call.isSpoilt) this.#open.delete(tuple);
  }

  /** Those that were never answered, as far as was seen. */
  get all(): readonly LocalCall[] {
    return [...this.#over, ...this.#open.values()];
  }

  #begin(tuple: number, row: number): void {
    const known = this.#open.get(tuple);
    // one that is said again
    if (known !== undefined && known.request === undefined) return;
    this.#end(tuple);
    this.#open.set(tuple, new LocalCall(this.#timeline, this.#tuples, row));
    keepNewest(this.#open, MOST_OPEN, (oldest) => this.#end(oldest));
  }

  #end(tuple: number): void {
    const call = this.#open.get(tuple);
    this.#open.delete(tuple);
    if (call?.request !== undefined && this.#over.length < MOST_KEPT) this.#over.push(call);
  }
}
