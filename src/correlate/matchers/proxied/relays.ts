import type { LatencyDigest } from "../../../packets/flows/latency.js";
import { HAS_IP_ID, IS_FRAGMENT } from "../../../packets/packets.js";
import { INSIDE, type Side } from "../../../packets/sides.js";
import { isFromOpener } from "../../../packets/ways.js";
import { NONE } from "../../../packets/tuples.js";
import { UDP } from "../../../protocols/ip-protocols.js";
import { isAnyBehind } from "../behind.js";
import { contentHash, hasContent, isSameContent } from "../content.js";
import { Contents } from "../contents.js";
import type { About } from "../contract.js";
import { Newcomers } from "../newcomers.js";
import { calledBy, callerOf, isOnItsWay, mayDial, type ProxyEnd } from "./proxy-ends.js";

/** One of two conversations that a proxy carries on in each other. */
interface Half {
  readonly side: Side;
  readonly tuple: number;
  readonly isClient: boolean;
  readonly openedFrame: number;
  readonly openedNs: number;
  lastNs: number;
  /** What the proxy takes to send on what it gets here. */
  readonly latencies: LatencyDigest;
}

/** Where a datagram's other conversation is, and whether the proxy has sent the datagram there. */
export interface Relay {
  readonly side: Side;
  readonly tuple: number;
  readonly isSentOn: boolean;
}

/**
 * Links the two conversations of a UDP proxy, such as docker-proxy: a client's with the host, and the host's with the container; or of one
 * that takes what goes out on its way (TPROXY): a container's with a server, and the host's with the same server. The
 * proxy sends each datagram again, from a socket of its own: they share nothing but what they carry. Two are linked once two datagrams that
 * carry different things came out after they went in, and neither conversation fits any other.
 */
export class Relays {
  readonly #about: About;
  readonly #newcomers: Newcomers;
  readonly #contents: Contents;
  /** By tuple: the conversation itself, and the other one. */
  readonly #halves = new Map<number, readonly [Half, Half]>();
  /** What `#findAlike` found, and whether there may be more. */
  #alike: readonly number[] = [];
  #isCrowded = false;

  constructor(about: About) {
    const { heap, timeline, windowNs } = about;
    this.#about = about;
    this.#newcomers = new Newcomers(timeline);
    this.#contents = new Contents(heap, timeline, windowNs, contentHash, isSameContent);
  }

  /** Where a proxy carries the conversation of a datagram on that waits and has no translation; null where none does. */
  relayOf(row: number): Relay | null {
    this.#newcomers.take(this.#file);
    if (!this.#isTold(row)) return null;
    const t = this.#about.timeline;
    const halves = this.#halves.get(t.tuple(row)) ?? this.#link(row);
    if (halves === null) return null;
    const [half, { side, tuple }] = halves;
    half.lastNs = Math.max(half.lastNs, t.timeNs(row));
    if (half.isClient !== this.#isFromOpener(row)) return { side, tuple, isSentOn: true };
    this.#findAlike(row);
    const sentOn = this.#alike
      .filter((other) => t.tuple(other) === tuple && this.#isSentAgain(row, other))
      .map((other) => t.timeNs(other) - t.timeNs(row));
    if (sentOn.length === 0) return this.#isCrowded ? null : { side, tuple, isSentOn: false };
    half.latencies.add(Math.min(...sentOn));
    return { side, tuple, isSentOn: true };
  }

  /** Forgets the conversation of a tuple that is about to be released. */
  forget(tuple: number): void {
    this.#halves.delete(tuple);
  }

  readonly #file = (row: number): void => {
    if (this.#isTold(row)) this.#contents.add(row);
  };

  /** Whether a packet is a datagram without a translation that is told by what it carries. */
  #isTold(row: number): boolean {
    const t = this.#about.timeline;
    return (
      t.proto(row) === UDP &&
      (t.flags(row) & IS_FRAGMENT) === 0 &&
      t.payloadLength(row) > 0 &&
      hasContent(t, row) &&
      this.#about.tuples.isUntranslated(t.tuple(row))
    );
  }

  /**
   * Finds the datagrams of other conversations that carry the same, on both sides, or inside for one that came outside: one of a proxy's
   * conversations is inside (`mayDial`).
   */
  #findAlike(row: number): void {
    const t = this.#about.timeline;
    const contents = this.#contents;
    contents.find(row, this.#reachNs);
    this.#alike = contents.others;
    this.#isCrowded = contents.isCrowded;
    if (t.sideOf(row) === INSIDE) {
      contents.findOwn(row, this.#reachNs);
      this.#alike = this.#alike.concat(contents.own);
      this.#isCrowded ||= contents.isCrowded;
    }
    this.#alike = this.#alike.filter((other) => t.tuple(other) !== t.tuple(row) && this.#isTold(other));
  }

  readonly #reachNs = (): number => this.#about.windowNs;

  #link(row: number): readonly [Half, Half] | null {
    const partner = this.#partnerOf(row);
    if (partner === NONE) return null;
    const t = this.#about.timeline;
    const isNextOf = (later: number): boolean => {
      if (!this.#isTold(later) || isSameContent(t, row, later)) return false;
      const again = this.#partnerOf(later);
      return again !== NONE && t.tuple(again) === t.tuple(partner);
    };
    return isAnyBehind(t, row, isNextOf) ? this.#open(row, partner) : null;
  }

  /** A datagram of the only conversation that this one can have come from, or have gone to, by a proxy; or NONE. */
  #partnerOf(row: number): number {
    const t = this.#about.timeline;
    const partners = this.#partners(row);
    const [first] = partners;
    if (first === undefined || partners.some((other) => t.tuple(other) !== t.tuple(first))) return NONE;
    const back = this.#partners(first);
    return back.length > 0 && back.every((other) => t.tuple(other) === t.tuple(row)) ? first : NONE;
  }

  /** What may be a datagram that its proxy sent again, or got; of what so many carry that not all are looked at, none. */
  #partners(row: number): number[] {
    const t = this.#about.timeline;
    this.#findAlike(row);
    if (this.#isCrowded) return [];
    return this.#alike.filter((other) => {
      if (this.#halves.has(t.tuple(other)) || this.#isFromOpener(other) !== this.#isFromOpener(row)) return false;
      const [before, after] = t.isBefore(row, other) ? [row, other] : [other, row];
      const isFromOpener = this.#isFromOpener(row);
      const [client, server] = isFromOpener ? [before, after] : [after, before];
      return this.#mayBeDialled(this.#endOf(client), this.#endOf(server)) && this.#isSentAgain(before, after);
    });
  }

  /** Whether the host itself may have opened a conversation to carry a client's on. */
  #mayBeDialled(client: ProxyEnd, server: ProxyEnd): boolean {
    const tuples = this.#about.tuples;
    if (mayDial(tuples, client, server, this.#about.isNat)) return true;
    // what the host forwards on this way leaves with one less in the TTL, which nothing sent here has
    const isSentHere =
      this.#about.kernel.isTtlLowered(true) && !tuples.hasOtherTtl(2 * server.tuple + (server.openedByA ? 1 : 0));
    const isFromHost = this.#about.isNat(callerOf(tuples, server));
    return (
      isOnItsWay(tuples, client, server) && isSentHere && isFromHost && !this.#about.isNat(calledBy(tuples, server))
    );
  }

  /**
   * Whether a datagram may be another one that a proxy has sent again, with an IP ID of its own: the host would have forwarded it with the same, and
   * one less in the TTL, and what it sends has a full one.
   */
  #isSentAgain(before: number, after: number): boolean {
    const t = this.#about.timeline;
    const isNumbered = (t.flags(before) & t.flags(after) & HAS_IP_ID) !== 0;
    if (isNumbered && t.ipId(before) === t.ipId(after)) return false;
    return (
      t.isBefore(before, after) && t.ttl(after) !== t.ttl(before) - 1 && !this.#about.tuples.hasOtherTtl(t.way(after))
    );
  }

  #endOf(row: number): ProxyEnd {
    const tuple = this.#about.timeline.tuple(row);
    return { side: this.#about.timeline.sideOf(row), tuple, openedByA: this.#about.tuples.isOpenedByA(tuple) };
  }

  #isFromOpener(row: number): boolean {
    return isFromOpener(this.#about.tuples, this.#about.timeline.way(row));
  }

  #open(row: number, partner: number): readonly [Half, Half] {
    const t = this.#about.timeline;
    const isClient = t.isBefore(row, partner) === this.#isFromOpener(row);
    const half = (of: number, isClient: boolean): Half => ({
      side: t.sideOf(of),
      tuple: t.tuple(of),
      isClient,
      openedFrame: t.frame(of),
      openedNs: t.timeNs(of),
      lastNs: t.timeNs(of),
      latencies: this.#about.translations.accounts.digests.make(),
    });
    const mine = half(row, isClient);
    const other = half(partner, !isClient);
    this.#halves.set(mine.tuple, [mine, other]);
    this.#halves.set(other.tuple, [other, mine]);
    const [client, server] = isClient ? [mine, other] : [other, mine];
    const [toServer, toClient] = [client.latencies, server.latencies];
    this.#about.link([client.tuple, server.tuple], () => ({ kind: "proxied", client, server, toServer, toClient }));
    return [mine, other];
  }
}
