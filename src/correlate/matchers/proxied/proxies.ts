import { type Latencies, summaryOf } from "../../../packets/flows/latency.js";
import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { IS_STREAM, wayOfTuple } from "../../../packets/tuples.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { isOpening, RST, SYN } from "../../../protocols/tcp.js";
import { WANTS_STRANGER } from "../../kernel/wants.js";
import type { About, Carried, Matcher } from "../contract.js";
import { Heads, segmentKey } from "./heads.js";
import { calledBy, type Connection, isOnItsWay, mayDial, type ProxyEnd } from "./proxy-ends.js";

/** Connections without a translation that are remembered at the most; the oldest go first. */
const MOST_STREAMS = 16_384;
/** A proxy dials as soon as it has accepted: its second connection opens within this, nanoseconds. */
const DIAL_NS = 1_000_000_000;
/** One of so many that are alike may be filed no more: to take each out by itself moves all behind it. */
const MOST_KEPT = 8;

/** One direction of a connection: when its bytes came, and hashes of where segments begin. */
interface Leg {
  /** When the SYN of this direction was seen; Infinity until then. */
  openedNs: number;
  firstNs: number;
  /** Sequence number of the first byte; -1 until the SYN of this direction was seen. */
  firstSeq: number;
  bytes: number;
  /** Most connections get none. */
  heads: Heads | null;
}

/** A TCP connection that no translation explains. */
interface Stream extends Connection, ProxyEnd {
  lastNs: number;
  readonly toServer: Leg;
  readonly toClient: Leg;
  /** Which search came across it last. */
  search: number;
  twin: Stream | null;
  /** Whether others may still find it by what it carries. */
  isFiled: boolean;
  /** Bytes there were when a twin was last looked for: without new ones there is nothing new to find. */
  triedBytes: number;
}

/** Those that have one segment in common, in the order they opened; so many of them are filed no more. */
interface Alike {
  streams: Stream[];
  gone: number;
}

/**
 * Links the two connections of docker-proxy: one that a client opened to the host, and one that the host opened to the
 * container, on the inside; and those of a proxy that takes what goes out on its way, and dials the same server itself. They share nothing but the bytes, which come out on the second later than they went into the
 * first, and the other way round for the answer. Two that fit are linked where neither fits any other.
 */
export class Proxies implements Matcher {
  readonly wants = WANTS_STRANGER;
  readonly #about: About;
  /** By tuple. */
  readonly #streams = new Map<number, Stream>();
  /** Those without a twin by what any segment of the client's compares by: two that carry one stream have one such segment in common. */
  readonly #bySegment = new Map<number, Alike>();
  #searches = 0;
  /** By side, in the order they opened: those outside of which it is not known yet whether one inside opened about then, and those inside. */
  readonly #young = [new Set<Stream>(), new Set<Stream>()] as const;

  constructor(about: About) {
    this.#about = about;
  }

  /** Takes a TCP segment, at its place in time, of a tuple that has no translation. */
  admit(row: number): void {
    const t = this.#about.timeline;
    const tuple = t.tuple(row);
    const tcpFlags = t.tcpFlags(row);
    if (isOpening(tcpFlags)) this.#open(row);
    const stream = this.#streams.get(tuple);
    if (!stream || (tcpFlags & RST) !== 0) return;
    stream.lastNs = t.timeNs(row);
    // nothing more is to be found out about it
    if (stream.twin !== null) return;
    const leg = (t.forward(row) === 1) === stream.openedByA ? stream.toServer : stream.toClient;
    if ((tcpFlags & SYN) !== 0) {
      leg.firstSeq = (t.seq(row) + 1) >>> 0;
      leg.openedNs = Math.min(leg.openedNs, t.timeNs(row));
    }
    const bytes = t.payloadLength(row);
    if (bytes === 0 || leg.firstSeq < 0) return;
    const offset = (t.seq(row) - leg.firstSeq) | 0;
    if (offset < 0) return;
    if (leg.bytes === 0) leg.firstNs = t.timeNs(row);
    leg.bytes = Math.max(leg.bytes, offset + bytes);
    if (t.head(row) === 0) return;
    leg.heads ??= new Heads();
    const isNew = leg.heads.add(offset, t.head(row), bytes, t.timeNs(row));
    if (isNew && leg === stream.toServer) this.#file(stream, segmentKey(offset, t.head(row), bytes));
  }

  carriedOn(row: number): Carried | undefined {
    const t = this.#about.timeline;
    const twin = t.proto(row) === TCP ? this.#twinOf(this.#streams.get(t.tuple(row))) : null;
    return twin === null ? undefined : { side: twin.side, tuple: twin.tuple, as: "stream" };
  }

  #twinOf(stream: Stream | undefined): Stream | null {
    if (stream === undefined) return null;
    const bytes = stream.toServer.bytes + stream.toClient.bytes;
    if (stream.twin === null && bytes > stream.triedBytes) {
      stream.triedBytes = bytes;
      this.#link(stream);
    }
    return stream.twin;
  }

  translated(tuple: number): void {
    this.#forget(tuple);
  }

  released(tuple: number): void {
    this.#forget(tuple);
  }

  #forget(tuple: number): void {
    const stream = this.#streams.get(tuple);
    if (stream === undefined) return;
    this.#streams.delete(tuple);
    this.#young[stream.side].delete(stream);
    this.#unfile(stream);
    this.#about.tuples.set(tuple, IS_STREAM, false);
  }

  #open(row: number): void {
    const t = this.#about.timeline;
    this.#weed(t.timeNs(row));
    const tuple = t.tuple(row);
    this.#forget(tuple);
    const stream: Stream = {
      side: t.sideOf(row),
      tuple,
      openedByA: t.forward(row) === 1,
      openedFrame: t.frame(row),
      openedNs: t.timeNs(row),
      lastNs: t.timeNs(row),
      toServer: emptyLeg(),
      toClient: emptyLeg(),
      search: 0,
      twin: null,
      isFiled: true,
      triedBytes: 0,
    };
    this.#young[stream.side].add(stream);
    this.#streams.set(tuple, stream);
    this.#about.tuples.set(tuple, IS_STREAM, true);
    keepNewest(this.#streams, MOST_STREAMS, (oldest) => this.#forget(oldest));
  }

  /** Forgets the host's own connections: of a proxy's two, one is inside, and neither opens long before the other. */
  #weed(nowNs: number): void {
    const [insides, outsides] = this.#young;
    for (const stream of outsides) {
      if (nowNs - stream.openedNs <= DIAL_NS) return;
      outsides.delete(stream);
      for (const inside of insides) {
        if (stream.openedNs - inside.openedNs <= DIAL_NS) break;
        insides.delete(inside);
      }
      const [inside] = insides;
      if (inside === undefined || inside.openedNs - stream.openedNs > DIAL_NS) this.#forget(stream.tuple);
    }
  }

  #link(stream: Stream): void {
    const found = this.#partnersOf(stream);
    if (found.length !== 1 || this.#partnersOf(found[0]).length !== 1) return;
    const [partner] = found;
    this.#unfile(stream);
    this.#unfile(partner);
    stream.twin = partner;
    partner.twin = stream;
    const [client, server] = this.#isCarriedOn(stream, partner) ? [stream, partner] : [partner, stream];
    const toServer = latenciesOf(client.toServer, server.toServer);
    const toClient = latenciesOf(server.toClient, client.toClient);
    for (const { toServer: there, toClient: back } of [client, server]) there.heads = back.heads = null;
    this.#about.link([client.tuple, server.tuple], () => ({ kind: "proxied", client, server, toServer, toClient }));
  }

  /** Connections that may be the other one of this stream, before or behind the proxy; two at the most, of which neither is. */
  #partnersOf(stream: Stream): Stream[] {
    const partners: Stream[] = [];
    for (const other of this.#candidatesFor(stream)) {
      if (!this.#isCarriedOn(stream, other) && !this.#isCarriedOn(other, stream)) continue;
      // asked last: of most, the tuple is long out of the cache
      if (this.#about.tuples.isUntranslated(other.tuple) && partners.push(other) > 1) break;
    }
    return partners;
  }

  /**
   * Those that have a segment of the client's in common with it, and opened about when it did: of each segment, the nearest first. Of those that opened
   * later, only those that opened before it was answered can have carried it on.
   */
  *#candidatesFor(stream: Stream): Generator<Stream> {
    const { toServer, toClient, openedNs } = stream;
    if (toServer.heads === null || toClient.heads === null) return;
    const search = ++this.#searches;
    stream.search = search;
    const lastNs = Math.min(openedNs + DIAL_NS, toClient.firstNs);
    for (const key of toServer.heads.keys()) {
      const alike = this.#bySegment.get(key)?.streams ?? [];
      let after = placeOf(openedNs, alike);
      let before = after - 1;
      for (;;) {
        const beforeNs = before < 0 ? Number.POSITIVE_INFINITY : openedNs - alike[before].openedNs;
        const isOver = after === alike.length || alike[after].openedNs > lastNs;
        const afterNs = isOver ? Number.POSITIVE_INFINITY : alike[after].openedNs - openedNs;
        if (Math.min(beforeNs, afterNs) > DIAL_NS) break;
        const other = alike[beforeNs < afterNs ? before-- : after++];
        if (other.isFiled && other.search !== search && (mayCarryOn(stream, other) || mayCarryOn(other, stream)))
          yield other;
        other.search = search;
      }
    }
  }

  #file(stream: Stream, key: number): void {
    const alike = this.#bySegment.get(key);
    if (alike === undefined) this.#bySegment.set(key, { streams: [stream], gone: 0 });
    else alike.streams.splice(placeOf(stream.openedNs, alike.streams), 0, stream);
  }

  #unfile(stream: Stream): void {
    if (!stream.isFiled) return;
    stream.isFiled = false;
    for (const key of stream.toServer.heads?.keys() ?? []) {
      const alike = this.#bySegment.get(key);
      if (alike === undefined || MOST_KEPT * ++alike.gone <= alike.streams.length) continue;
      alike.streams = alike.streams.filter(({ isFiled }) => isFiled);
      alike.gone = 0;
      if (alike.streams.length === 0) this.#bySegment.delete(key);
    }
  }

  #isCarriedOn(client: Stream, server: Stream): boolean {
    if (!carriesOn(client, server) || isSameConnection(client, server)) return false;
    if (!this.#isSentHere(client, false) || !this.#isSentHere(server, true)) return false;
    if (mayDial(this.#about.tuples, client, server, this.#about.isNat)) return true;
    // what is only forwarded is answered once the other one is; and nobody dials himself by way of the uplink
    if (!isOnItsWay(this.#about.tuples, client, server) || client.toClient.openedNs > server.openedNs) return false;
    return !this.#about.isNat(calledBy(this.#about.tuples, server));
  }

  /** Whether the host itself may send what goes to a connection's server, or to its client: nobody has lowered the TTL of that. */
  #isSentHere({ tuple, openedByA }: Stream, isToServer: boolean): boolean {
    const way = wayOfTuple(tuple, openedByA === isToServer ? 1 : 0);
    return !this.#about.tuples.hasOtherTtl(way);
  }
}

/** Where the streams begin that opened at this time or later. */
function placeOf(openedNs: number, streams: readonly Stream[]): number {
  let [from, to] = [0, streams.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (streams[middle].openedNs < openedNs) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** What it took to pass on what came in on one leg, where the other one has it. */
function latenciesOf(from: Leg, to: Leg): Latencies {
  const samples: number[] = [];
  if (from.heads !== null && to.heads !== null)
    for (const [before, at] of from.heads.shared(to.heads))
      samples.push(to.heads.timeNs(at) - from.heads.timeNs(before));
  const summary = summaryOf(Float64Array.from(samples));
  return { summary: () => summary, free: () => undefined };
}

function emptyLeg(): Leg {
  return { openedNs: Number.POSITIVE_INFINITY, firstNs: Number.NaN, firstSeq: -1, bytes: 0, heads: null };
}

/** Whether two are one connection in two forms, as it is translated and turned round: its numbers are the same. */
function isSameConnection(a: Stream, b: Stream): boolean {
  return a.toServer.firstSeq === b.toServer.firstSeq && a.toClient.firstSeq === b.toClient.firstSeq;
}

/** Whether the server connection can carry on the client's by its time: opened after it, and no leg began before it could. */
function mayCarryOn(client: Stream, server: Stream): boolean {
  const dialNs = server.openedNs - client.openedNs;
  return (
    dialNs >= 0 &&
    dialNs <= DIAL_NS &&
    server.toClient.firstNs <= client.toClient.firstNs &&
    client.toServer.firstNs <= server.toServer.firstNs
  );
}

/** Whether the server connection can carry on the client's: the same bytes, each after the other. */
function carriesOn(client: Stream, server: Stream): boolean {
  return (
    mayCarryOn(client, server) &&
    isSameBytes(client.toServer, server.toServer) &&
    isSameBytes(server.toClient, client.toClient)
  );
}

/** Whether all that came out of `to` went into `from` before, as far as their segments can be compared; at least once. */
function isSameBytes(from: Leg, to: Leg): boolean {
  return to.bytes <= from.bytes && from.heads !== null && to.heads !== null && from.heads.areBefore(to.heads);
}
