import type { FlowAccounts } from "../../../../packets/flows/flow-accounts.js";
import { ROOM_FLOWS, type Heap } from "../../../../packets/memory/heap.js";
import { keepNewest } from "../../../../packets/memory/keep-newest.js";
import { isFromA, tupleIn } from "../../../../packets/tuples.js";
import type { TupleTable } from "../../../../packets/tuple-table.js";
import { ACK, FIN, RST, SYN } from "../../../../protocols/tcp.js";
import type { Crossed } from "../../../kernel/crossed.js";
import { BYTES_MASK, IS_OPENED, TTL_SHIFT } from "../../remarkable-words.js";
import type { EndedFlow } from "./ended-flow.js";

const FIRST_SLOTS = 2 ** 12;
/** Who goes on to send behind so long a pause waits for no answer: nanoseconds. curl sends what it posts a second behind its head (Expect: 100-continue). */
export const PAUSE_NS = 2_000_000_000;
/** So many connections are remembered that were closed while nothing was answered, until their flows end. */
const MOST_CLOSINGS = 16_384;

/** How a connection was first closed or reset, while nothing was answered. */
export interface Closing {
  readonly isInitiators: boolean;
  readonly isReset: boolean;
  readonly atNs: number;
  readonly ttl: number;
  /** Whether its initiator reset it, then or later: it takes no answer any more. */
  readonly isGivenUp: boolean;
}

/** What a TCP connection's initiator sent, and got no answer to. */
export interface Request {
  readonly bytes: number;
  /** Whether the other end acknowledged all of it. */
  readonly isAcknowledged: boolean;
  /** When the last of it entered, nanoseconds on the timeline. */
  readonly askedNs: number;
  /** The TTL of the SYN-ACK, as it entered. */
  readonly acceptedTtl: number;
  /** Undefined where neither end closed the connection. */
  readonly closing: Closing | undefined;
  /** Whether an answer came once it had been closed. */
  readonly isLate: boolean;
}

/**
 * What the initiators of TCP connections send before the other end has sent a byte, by what the kernel tells of those that crossed: of each direction the first few,
 * and all resets, not always in their order. What is longer is not taken for a request. Of each flow it keeps 12 bytes, by its slot.
 */
export class Requests {
  readonly #heap: Heap;
  readonly #accounts: FlowAccounts;
  readonly #tuples: TupleTable;
  #words: Int32Array;
  #askedNs: Float64Array;
  /** By flow. */
  readonly #closings = new Map<number, Closing>();

  constructor(heap: Heap, accounts: FlowAccounts, tuples: TupleTable) {
    this.#heap = heap;
    this.#accounts = accounts;
    this.#tuples = tuples;
    this.#words = heap.take(Int32Array, FIRST_SLOTS, ROOM_FLOWS);
    this.#askedNs = heap.take(Float64Array, FIRST_SLOTS, ROOM_FLOWS);
  }

  /** Where the words of flows are, by their slots, in the heap. Precondition: there is room for all flows. */
  get words(): number {
    return this.#words.byteOffset;
  }

  /** Makes room for the flows that there are by now. */
  reserve(): void {
    while (this.#words.length < this.#accounts.end) {
      this.#words = this.#heap.doubled(Int32Array, this.#words);
      this.#askedNs = this.#heap.doubled(Float64Array, this.#askedNs);
    }
  }

  /** Takes a TCP segment that crossed, and of which nothing had entered before. Precondition: there is room for its flow. */
  take(crossed: Crossed, crossing: number): void {
    const slot = crossed.slot(crossing);
    const flags = crossed.tcpFlags(crossing);
    if ((flags & SYN) !== 0) {
      // a pair of a SYN-ACK, whose IP ID is 0, may be certain behind what follows it
      if ((flags & ACK) === 0) this.#open(slot);
      else if (this.#words[slot] !== 0)
        this.#words[slot] = (this.#words[slot] & (IS_OPENED | BYTES_MASK)) | (crossed.ttl(crossing) << TTL_SHIFT);
      return;
    }
    if (this.#words[slot] === 0) return;
    const way = crossed.way(crossing);
    const isInitiators = this.#tuples.isOpenedByA(tupleIn(way)) === isFromA(way);
    const bytes = crossed.payloadLength(crossing);
    if (bytes > 0 && isInitiators) this.#ask(slot, bytes, crossed.timeNs(crossing));
    else if (bytes > 0) this.#answer(slot, crossed.timeNs(crossing));
    if ((flags & (FIN | RST)) !== 0) this.#close(slot, isInitiators, crossed, crossing);
  }

  /** What a flow that has ended was asked in vain; undefined of most. */
  of(flow: EndedFlow): Request | undefined {
    const bytes = this.#bytes(flow.slot);
    const acceptedTtl = this.#words[flow.slot] >>> TTL_SHIFT;
    if (bytes === 0 || acceptedTtl === 0 || flow.sentBytes(true) !== bytes || !flow.hasAcknowledged) return undefined;
    const [answered, taken] = [flow.sentBytes(false), flow.acknowledgedBytes(false)];
    // who acknowledges more than crossed got an answer by another way; a FIN is one more
    if (answered === undefined || taken === undefined || taken > answered + 1) return undefined;
    const closing = this.#closings.get(flow.id);
    if (closing === undefined ? flow.isEnding : closing.atNs < this.#askedNs[flow.slot]) return undefined;
    return {
      bytes,
      isAcknowledged: (flow.acknowledgedBytes(true) ?? 0) >= bytes,
      askedNs: this.#askedNs[flow.slot],
      acceptedTtl,
      closing,
      isLate: answered > 0,
    };
  }

  /** Forgets a flow: its slot may be used again. */
  forget(slot: number): void {
    if (this.#closings.size > 0) this.#closings.delete(this.#accounts.id(slot));
    this.#words[slot] = 0;
  }

  #bytes(slot: number): number {
    return this.#words[slot] & BYTES_MASK;
  }

  /** Begins anew: the ports may be those of a connection that is over. */
  #open(slot: number): void {
    this.forget(slot);
    this.#words[slot] = IS_OPENED;
  }

  #ask(slot: number, bytes: number, timeNs: number): void {
    const isPaused = this.#bytes(slot) > 0 && timeNs - this.#askedNs[slot] > PAUSE_NS;
    this.#askedNs[slot] = timeNs;
    this.#words[slot] = isPaused ? 0 : this.#words[slot] + bytes;
  }

  #answer(slot: number, timeNs: number): void {
    const closing = this.#closings.get(this.#accounts.id(slot));
    if (closing === undefined || timeNs <= closing.atNs) this.forget(slot);
  }

  #close(slot: number, isInitiators: boolean, crossed: Crossed, crossing: number): void {
    if (this.#bytes(slot) === 0) return;
    const [flow, atNs, ttl] = [this.#accounts.id(slot), crossed.timeNs(crossing), crossed.ttl(crossing)];
    const isReset = (crossed.tcpFlags(crossing) & RST) !== 0;
    const known = this.#closings.get(flow);
    const isGivenUp = known?.isGivenUp === true || (isInitiators && isReset);
    const isFirst = known === undefined || atNs < known.atNs;
    this.#closings.set(flow, isFirst ? { isInitiators, isReset, atNs, ttl, isGivenUp } : { ...known, isGivenUp });
    keepNewest(this.#closings, MOST_CLOSINGS);
  }
}
