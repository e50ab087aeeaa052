import type { LatencyDigest } from "../../../packets/flows/latency.js";
import { addTo, type Lists, takeOut } from "../../../packets/memory/lists.js";
import { HAS_IP_ID, IS_FRAGMENT } from "../../../packets/packets.js";
import { INSIDE, type Side } from "../../../packets/sides.js";
import { isFromOpener } from "../../../packets/ways.js";
import { NONE, wayOfTuple } from "../../../packets/tuples.js";
import { UDP } from "../../../protocols/ip-protocols.js";
import { isAnyBehind } from "../behind.js";
import { contentHash, hasContent, isSameContent } from "../../../packets/content.js";
import { Contents } from "../contents.js";
import type { About, Carried, Matcher, Recognised } from "../contract.js";
import { Newcomers } from "../newcomers.js";
import { calledBy, callerOf, type Connection, isOnItsWay, isSameDial, mayDial, type ProxyEnd } from "./proxy-ends.js";

/** Of so many conversations it is remembered at the most what a proxy may have sent on, the newest … */
const MOST_SIGHTED = 4096;
/** … and of each, so many datagrams. */
const MOST_OF_ONE = 64;

/** One of two conversations that a proxy carries on in each other. */
interface Half extends Connection {
  readonly isClient: boolean;
  lastNs: number;
  /** What the proxy takes to send on what it gets here. */
  readonly latencies: LatencyDigest;
}

/** A datagram that was seen. */
interface Spot {
  readonly side: Side;
  readonly tuple: number;
  readonly frame: number;
  readonly timeNs: number;
}

/** A datagram that went into a proxy, as it seems, and what it sent of that: too little shows it so far. */
interface Sighting {
  readonly client: Spot;
  readonly server: Spot;
  /** Of what both carry. */
  readonly hash: number;
  readonly isFromOpener: boolean;
}

/**
 * Links the two conversations of a UDP proxy, such as docker-proxy: a client's with the host, and the host's with the container; or of one
 * that takes what goes out on its way (TPROXY): a container's with a server, and the host's with the same server. The
 * proxy sends each datagram again, from a socket of its own: they share nothing but what they carry. Two are linked once two datagrams that
 * carry different things came out after they went in, and neither conversation fits any other. A proxy takes another socket where nobody
 * listened at the other end: what else comes from its address, and goes to the same one, may carry a client's conversation on.
 */
export class Relays implements Matcher {
  readonly #about: About;
  readonly #newcomers: Newcomers;
  readonly #contents: Contents;
  /** By tuple: the conversation itself, and the other one. */
  readonly #halves = new Map<number, readonly [Half, Half]>();
  /** What `#findAlike` found, and whether there may be more. */
  #alike: readonly number[] = [];
  #isCrowded = false;
  /** What may have been sent on by a proxy, by both tuples. */
  readonly #sightings: Lists<number, Sighting> = new Map();
  #news: Recognised[] = [];

  constructor(about: About) {
    const { heap, timeline, windowNs } = about;
    this.#about = about;
    this.#newcomers = new Newcomers(timeline);
    this.#contents = new Contents(heap, timeline, windowNs, contentHash, isSameContent);
  }

  carriedOn(row: number): Carried | undefined {
    this.#newcomers.take(this.#file);
    // what is forwarded with a new IP ID looks like what is sent again
    if (!this.#isTold(row) || this.#about.survivors.isRenumberingAny) return undefined;
    const t = this.#about.timeline;
    const halves = this.#halves.get(t.tuple(row)) ?? this.#link(row);
    if (halves === null) return undefined;
    const [half, { side, tuple }] = halves;
    half.lastNs = Math.max(half.lastNs, t.timeNs(row));
    if (half.isClient !== this.#isFromOpener(row)) return { side, tuple, as: "datagram" };
    this.#findAlike(row);
    const isCrowded = this.#isCrowded;
    const sentOn = this.#alike.filter(
      (other) => this.#areLinked(halves, t.tuple(other)) && this.#isSentAgain(row, other),
    );
    if (sentOn.length === 0 && half.isClient) sentOn.push(...this.#join(row, halves));
    const [first] = sentOn;
    if (first === undefined) return isCrowded ? undefined : { side, tuple, as: "nothing" };
    half.latencies.add(Math.min(...sentOn.map((other) => t.timeNs(other) - t.timeNs(row))));
    return { side, tuple: t.tuple(first), as: "datagram" };
  }

  isSighted(row: number): boolean {
    const t = this.#about.timeline;
    const [side, frame] = [t.sideOf(row), t.frame(row)];
    const isIt = (spot: Spot): boolean => spot.side === side && spot.frame === frame;
    return this.#sightings.get(t.tuple(row))?.some(({ client, server }) => isIt(client) || isIt(server)) ?? false;
  }

  news(): readonly Recognised[] {
    if (this.#news.length === 0) return this.#news;
    const news = this.#news;
    this.#news = [];
    return news;
  }

  unlinked(tuple: number): void {
    this.released(tuple);
  }

  released(tuple: number): void {
    this.#halves.delete(tuple);
    for (const sighting of this.#sightings.get(tuple) ?? []) this.#forgetSighting(sighting);
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
    const isClient = t.isBefore(row, partner) === this.#isFromOpener(row);
    const [client, server] = isClient ? [row, partner] : [partner, row];
    const isNextOf = (later: number): boolean => {
      if (!this.#isTold(later) || isSameContent(t, row, later)) return false;
      const again = this.#partnerOf(later);
      if (again === NONE || !isClient) return again !== NONE && t.tuple(again) === t.tuple(partner);
      return isSameDial(this.#about.tuples, t.tuple(again), t.tuple(partner));
    };
    const before = (this.#sightings.get(t.tuple(client)) ?? []).filter(
      (each) => each.client.tuple === t.tuple(client) && this.#isFreeDial(each.server.tuple, t.tuple(server)),
    );
    const hash = contentHash(t, row);
    if (before.some((each) => each.hash !== hash) || isAnyBehind(t, row, isNextOf)) {
      this.#open(client, server, before);
      return this.#halves.get(t.tuple(row)) ?? null;
    }
    this.#sight({
      client: this.#spotOf(client),
      server: this.#spotOf(server),
      hash,
      isFromOpener: this.#isFromOpener(row),
    });
    return null;
  }

  /** Takes it that a proxy carries a client's datagram on by another conversation than so far, if it does. Returns the datagram there. */
  #join(row: number, [client, server]: readonly [Half, Half]): readonly number[] {
    const partner = this.#partnerOf(row);
    if (partner === NONE) return [];
    this.#joinAt(this.#spotOf(partner), client, server);
    return [partner];
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
      if (this.#isFromOpener(other) !== this.#isFromOpener(row)) return false;
      const [before, after] = t.isBefore(row, other) ? [row, other] : [other, row];
      const isFromOpener = this.#isFromOpener(row);
      const [client, server] = isFromOpener ? [before, after] : [after, before];
      if (!this.#isFree(t.tuple(client), t.tuple(server))) return false;
      return this.#mayBeDialled(this.#endOf(client), this.#endOf(server)) && this.#isSentAgain(before, after);
    });
  }

  /** Whether no other conversation is known by which a proxy carries a client's on, but for those to the same end; and no other client's that this one carries on. */
  #isFree(client: number, server: number): boolean {
    if (this.#halves.has(server)) return false;
    const known = this.#halves.get(client);
    return known === undefined || (known[0].isClient && isSameDial(this.#about.tuples, known[1].tuple, server));
  }

  /** Whether a proxy opened two conversations to the same end, and no client is known whose one of them carries on. */
  #isFreeDial(tuple: number, other: number): boolean {
    return !this.#halves.has(tuple) && isSameDial(this.#about.tuples, tuple, other);
  }

  /** Whether one of two conversations is a client's, and a proxy carries it on by the other one. */
  #areLinked([half, other]: readonly [Half, Half], tuple: number): boolean {
    const halves = this.#halves.get(tuple);
    if (halves === undefined || halves[0].isClient === half.isClient) return false;
    return half.isClient ? halves[1].tuple === half.tuple : halves[0].tuple === other.tuple;
  }

  /** Whether the host itself may have opened a conversation to carry a client's on. */
  #mayBeDialled(client: ProxyEnd, server: ProxyEnd): boolean {
    const tuples = this.#about.tuples;
    if (mayDial(tuples, client, server, this.#about.isNat)) return true;
    // what the host forwards on this way leaves with one less in the TTL, which nothing sent here has
    const isSentHere =
      this.#about.kernel.tally.isTtlLowered(true) &&
      !tuples.hasOtherTtl(wayOfTuple(server.tuple, server.openedByA ? 1 : 0));
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

  /** Links the conversations of two datagrams. `before`: what was sighted of them, or of the client's and others to the same end. */
  #open(clientRow: number, serverRow: number, before: readonly Sighting[]): void {
    const [oldest] = before;
    const lastNs = this.#about.timeline.timeNs(clientRow);
    const half = (spot: Spot, isClient: boolean): Half =>
      halfAt(spot, { isClient, lastNs, latencies: this.#about.translations.accounts.latencies.digests.make() });
    const client = half(oldest?.client ?? this.#spotOf(clientRow), true);
    const server = half(oldest?.server ?? this.#spotOf(serverRow), false);
    const [toServer, toClient] = [client.latencies, server.latencies];
    this.#about.link([client.tuple, server.tuple], () => ({ kind: "proxied", client, server, toServer, toClient }));
    this.#pair(client, server);
    for (const sighting of before) {
      const { client: into, server: out, isFromOpener } = sighting;
      this.#forgetSighting(sighting);
      this.#joinAt(out, client, server);
      (isFromOpener ? toServer : toClient).add(Math.abs(out.timeNs - into.timeNs));
      this.#news.push({ spot: into, other: out }, { spot: out, other: into });
    }
    this.#joinAt(this.#spotOf(serverRow), client, server);
  }

  /** Takes it that a client's conversation is carried on by that of a datagram, as it is by `server`. */
  #joinAt(spot: Spot, client: Half, server: Half): void {
    if (this.#halves.has(spot.tuple)) return;
    this.#pair(client, halfAt(spot, server));
    this.#about.join(spot.tuple, client.tuple);
  }

  #pair(client: Half, server: Half): void {
    this.#halves.set(client.tuple, [client, server]);
    this.#halves.set(server.tuple, [server, client]);
  }

  #spotOf(row: number): Spot {
    const t = this.#about.timeline;
    return { side: t.sideOf(row), tuple: t.tuple(row), frame: t.frame(row), timeNs: t.timeNs(row) };
  }

  #sight(sighting: Sighting): void {
    for (const { tuple } of [sighting.client, sighting.server])
      addTo(this.#sightings, tuple, sighting, MOST_OF_ONE, MOST_SIGHTED);
  }

  #forgetSighting(sighting: Sighting): void {
    for (const { tuple } of [sighting.client, sighting.server])
      takeOut(this.#sightings, tuple, (each) => each === sighting);
  }
}

/** The half whose first datagram is there. */
function halfAt(
  { side, tuple, frame: openedFrame, timeNs: openedNs }: Spot,
  { isClient, lastNs, latencies }: Pick<Half, "isClient" | "lastNs" | "latencies">,
): Half {
  return { side, tuple, isClient, openedFrame, openedNs, lastNs, latencies };
}
