import { wayOfTuple } from "../../../packets/tuples.js";
import type { Flow } from "../../../packets/flows/flows.js";
import type { LatencyDigest } from "../../../packets/flows/latency.js";
import { addTo, type Lists, takeOut } from "../../../packets/memory/lists.js";
import { IS_ERROR } from "../../../packets/packets.js";
import { icmpCodeIn, icmpTypeIn } from "../../../packets/records.js";
import type { Timeline } from "../../../packets/timeline.js";
import { isUnreachable } from "../../../protocols/icmp.js";
import { ICMPV6, TCP } from "../../../protocols/ip-protocols.js";
import { isOpening, isRefusing } from "../../../protocols/tcp.js";
import type { Side } from "../../../packets/sides.js";

/** What was turned round of the packets that go one way. */
export interface Passed {
  pairs: number;
  /** How many of the pairs open a connection … */
  openings: number;
  /** … and how many say that nobody gets what goes the other way. */
  refusals: number;
}

/** What a conversation that is turned round came to. */
export interface Turned {
  readonly kind: "turned";
  /** Where. */
  readonly side: Side;
  /** The flow as packets of each direction have it: its inside tuple is that of their form before the rewrite, the outside one of that after. */
  readonly there: Flow;
  readonly back: Flow;
  /** Of its first pair: the form before the rewrite and the one after. */
  readonly firstFrames: readonly [number, number];
  /** Of each direction. */
  readonly passed: Readonly<Record<"there" | "back", Passed>>;
  /** IP bytes of the form before the rewrite. */
  bytes: number;
  /** Nanoseconds on the timeline, of the first pair and the last. */
  firstNs: number;
  lastNs: number;
  readonly latencies: LatencyDigest;
}

/** One direction of it: the way of what comes out, and the flow. */
interface Turn {
  readonly afterWay: number;
  /** The capture that has the form before, of those of its side: where nothing is rewritten, that tells the two forms apart. */
  readonly enteredBy: number;
  readonly flow: Flow;
  readonly turned: Turned;
}

/**
 * The conversations that are turned round on their own side, by the ways of both forms. One may be translated anew (`conntrack -F`, an entry
 * that timed out), and its old port be another one's by then: a way may lead to several.
 */
export class Turns {
  /** By the way of the form before the rewrite, the newest last. */
  readonly #byWay: Lists<number, Turn> = new Map();

  get size(): number {
    return this.#byWay.size;
  }

  /** Whether packets that go this way are turned round, if this capture has them. */
  has(way: number, capture: number): boolean {
    return this.of(way).some(({ afterWay, enteredBy }) => afterWay !== way || enteredBy === capture);
  }

  /** What packets become that go this way. */
  of(way: number): readonly Turn[] {
    return this.#byWay.get(way) ?? [];
  }

  /** How packets that go one way come out on another one; undefined where they are not known to. */
  between(way: number, afterWay: number): Turn | undefined {
    return this.#byWay.get(way)?.find((turn) => turn.afterWay === afterWay);
  }

  /** What packets become that go this way, but for those whose place another translation has taken, as its ends have it. */
  present(way: number): readonly Turn[] {
    return this.of(way).filter(({ afterWay }) => this.of(afterWay ^ 1).at(-1)?.afterWay === (way ^ 1));
  }

  /** Adds a conversation, by the ways of one of its directions before the rewrite and after it, and the captures that have these. */
  add(way: number, afterWay: number, [enteredBy, leftBy]: readonly [number, number], turned: Turned): void {
    addTo(this.#byWay, way, { afterWay, enteredBy, flow: turned.there, turned });
    addTo(this.#byWay, afterWay ^ 1, { afterWay: way ^ 1, enteredBy: leftBy, flow: turned.back, turned });
  }

  /** Forgets the conversations of a tuple. */
  forget(tuple: number): void {
    for (const way of [wayOfTuple(tuple, 0), wayOfTuple(tuple, 1)]) {
      for (const turn of this.of(way))
        takeOut(this.#byWay, turn.afterWay ^ 1, ({ afterWay }) => afterWay === (way ^ 1));
      this.#byWay.delete(way);
    }
  }
}

/** Adds a pair to what is known of its conversation, by the form of it before the rewrite, and its IP bytes. */
export function countPair(t: Timeline, { turned, flow }: Turn, before: number, bytes: number, latencyNs: number): void {
  const timeNs = t.timeNs(before);
  const passed = turned.passed[flow === turned.there ? "there" : "back"];
  passed.pairs++;
  if (t.proto(before) === TCP && isOpening(t.tcpFlags(before))) passed.openings++;
  if (isRefusal(t, before)) passed.refusals++;
  turned.bytes += bytes;
  turned.firstNs = Math.min(turned.firstNs, timeNs);
  turned.lastNs = Math.max(turned.lastNs, timeNs);
  turned.latencies.add(latencyNs);
}

/** Whether a packet says that nobody gets what it answers: a reset to a SYN, or an ICMP error. */
function isRefusal(t: Timeline, row: number): boolean {
  if ((t.flags(row) & IS_ERROR) === 0) return t.proto(row) === TCP && isRefusing(t.tcpFlags(row));
  const message = t.seq(row);
  return isUnreachable(icmpTypeIn(message), icmpCodeIn(message), t.proto(row) === ICMPV6);
}
