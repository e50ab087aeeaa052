import type { Rng } from "../rng.js";
import type { Lines } from "../script.js";
import {
  ACK,
  type End,
  FIN,
  mssOption,
  type Packet,
  packet,
  PSH,
  segment,
  SYN,
  TCP,
  timestamps,
  UDP,
} from "./packet.js";
import { container, container6, type Direction, type Flow, server, server6, type World, HOST, HOST6 } from "./world.js";

/** Where a conversation takes place, and whether its ends fill in IP IDs. Whatever is left out is drawn. */
export interface Talk {
  readonly isIpv6?: boolean;
  readonly hasIds?: boolean;
  readonly near?: End;
  readonly far?: End;
  readonly port?: number;
  /** From the host to the far end and back, ns. */
  readonly rttNs?: number;
  readonly flow?: Flow;
}

/** Payload that is like no other. */
export function bytes(rng: Rng, length: number): Buffer {
  const made = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) made.writeUInt32LE(rng.word(), at);
  for (let at = length & ~3; at < length; at++) made[at] = rng.below(256);
  return made;
}

/** IP IDs of one end: a counter with a random start, or none. */
export function ids(rng: Rng, hasIds: boolean): () => number {
  let id = rng.below(0x10000);
  return () => {
    id = (id + 1) & 0xffff;
    return hasIds ? id : 0;
  };
}

/** The flow of a conversation from some container to some server. */
export function flowOf(world: World, proto: number, talk: Talk): Flow {
  if (talk.flow !== undefined) return talk.flow;
  const { rng } = world;
  const isIpv6 = talk.isIpv6 ?? false;
  const [near, far] = [rng.below(12), rng.below(8)];
  const port = () => 32_768 + rng.below(28_000);
  return world.flow(
    proto,
    talk.near ?? { address: isIpv6 ? container6(near) : container(near), port: port() },
    talk.far ?? { address: isIpv6 ? server6(far) : server(far), port: talk.port ?? 443 },
  );
}

/** What a TCP conversation is like. */
export interface TcpTalk extends Talk {
  readonly rounds?: number;
  /** Segments of an answer at most. */
  readonly segments?: number;
  readonly gapNs?: number;
  readonly hasTimestamps?: boolean;
  /** Begins in the middle, as a capture may. */
  readonly isUnderWay?: boolean;
}

/** Requests and answers over TCP, from handshake to end. Nobody answers what has not reached them. */
export function tcpTalk(world: World, talk: TcpTalk = {}): () => Lines {
  return function* () {
    const { rng } = world;
    const { rounds = 5, segments = 6, gapNs = 30e6, rttNs = 1.5e6 } = talk;
    const { send, acknowledge } = tcpEnds(world, talk);
    if (!(talk.isUnderWay ?? false)) {
      yield rttNs + send("outbound", SYN, 0);
      yield 40e3 + send("inbound", SYN | ACK, 0);
      send("outbound", ACK, 0);
      yield 20e3;
    }
    for (let round = 0; round < rounds; round++) {
      yield rttNs + rng.exponential(0.3e6) + send("outbound", ACK | PSH, 80 + rng.below(600));
      let lastNs = 0;
      for (let left = 1 + rng.below(segments); left > 0; left--) {
        lastNs = send("inbound", left === 1 ? ACK | PSH : ACK, left === 1 ? 1 + rng.below(1400) : 1400);
        if (left % 2 === 1) acknowledge(lastNs + 20e3);
        yield 60e3 + rng.exponential(60e3);
      }
      yield lastNs + 50e3 + rng.exponential(gapNs * world.pace);
    }
    yield rttNs + send("outbound", ACK | FIN, 0);
    yield 40e3 + send("inbound", ACK | FIN, 0);
    send("outbound", ACK, 0);
  };
}

function opposite(direction: Direction): Direction {
  return direction === "outbound" ? "inbound" : "outbound";
}

/** What both ends of a TCP connection count. */
export function tcpEnds(world: World, talk: TcpTalk) {
  const { rng } = world;
  const { hasIds = true, hasTimestamps = true } = talk;
  const flow = flowOf(world, TCP, { port: 443, ...talk });
  const ends = {
    outbound: { seq: rng.word(), id: ids(rng, hasIds), ticks: rng.word(), ttl: 64 },
    inbound: { seq: rng.word(), id: ids(rng, hasIds), ticks: rng.word(), ttl: 40 + rng.below(20) },
  };
  const ticksOf = (direction: Direction) => (ends[direction].ticks + Math.floor(world.nowNs / 1e6)) >>> 0;

  /** @returns how long it is under way, ns. @param acked what it acknowledges; all that was sent where left out. */
  function send(direction: Direction, flags: number, length: number, acked = ends[opposite(direction)].seq): number {
    const own = ends[direction];
    const isFirst = (flags & ACK) === 0;
    const stamps = hasTimestamps ? [timestamps(ticksOf(direction), isFirst ? 0 : ticksOf(opposite(direction)))] : [];
    const options = Buffer.concat([...((flags & SYN) === 0 ? [] : [mssOption(1460)]), ...stamps]);
    const tcp = { seq: own.seq, ack: isFirst ? 0 : acked, flags, options, window: 502 - (length & 7) };
    const sent = segment(tcp, { ttl: own.ttl, ipId: own.id(), payload: bytes(rng, length) });
    const exitNs = world.send(flow, direction, sent);
    own.seq = (own.seq + length + ((flags & (SYN | FIN)) === 0 ? 0 : 1)) >>> 0;
    return exitNs < 0 ? 1e6 : exitNs - world.nowNs;
  }

  /** Has the client acknowledge, after this long, what the server has sent by now. */
  function acknowledge(afterNs: number): void {
    const acked = ends.inbound.seq;
    world.after(afterNs, () => send("outbound", ACK, 0, acked));
  }

  return { flow, ends, send, acknowledge };
}

/** A question and its answer over UDP, each from a socket of its own. */
export function dnsTalk(world: World, talk: Talk = {}): () => Lines {
  return function* () {
    const { rng } = world;
    const { hasIds = true, rttNs = 2e6 } = talk;
    const flow = flowOf(world, UDP, { port: 53, ...talk });
    const question = bytes(rng, 28 + rng.below(30));
    const answer = Buffer.concat([question.subarray(0, 2), bytes(rng, 60 + rng.below(200))]);
    const id = () => (hasIds ? 1 + rng.below(0xffff) : 0);
    const leftNs = world.send(flow, "outbound", datagram(question, id()));
    if (leftNs < 0) return;
    yield leftNs - world.nowNs + rttNs + rng.exponential(0.5e6);
    world.send(flow, "inbound", datagram(answer, id(), 50));
  };
}

export function datagram(payload: Buffer, ipId: number, ttl = 64, changes: Partial<Packet> = {}): Packet {
  return packet({ payload, ipId, ttl, df: ipId === 0, ...changes });
}

/** Datagrams of random sizes and bytes. */
export interface Datagrams extends Talk {
  readonly count: number;
  /** Payload lengths are multiples of this. */
  readonly unit?: number;
  readonly tos?: number;
}

/** Datagrams both ways, like no others: WireGuard, QUIC. */
export function datagramTalk(world: World, talk: Datagrams): () => Lines {
  return function* () {
    const { rng } = world;
    const { count, hasIds = true, unit = 1, tos = 0 } = talk;
    const flow = flowOf(world, UDP, talk);
    const id = { outbound: ids(rng, hasIds), inbound: ids(rng, hasIds) };
    for (let k = 0; k < count; k++) {
      const direction: Direction = k === 0 || rng.chance(0.5) ? "outbound" : "inbound";
      const payload = bytes(rng, unit * Math.ceil((32 + rng.below(1100)) / unit));
      world.send(flow, direction, datagram(payload, id[direction](), direction === "outbound" ? 64 : 50, { tos }));
      yield rng.exponential(6e6 * world.pace);
    }
  };
}

/** The same datagram again and again. */
export interface Beat extends Talk {
  /** At the world's pace. */
  readonly everyNs: number;
  readonly count: number;
  readonly payload: Buffer;
  /** How much of `everyNs` a beat may be early or late. */
  readonly jitter?: number;
  /** The ID of each: none where left out. */
  readonly id?: () => number;
  readonly isAnswered?: boolean;
}

/** A stream of equal datagrams. Half of those who send one say something of their own first. */
export function beatTalk(world: World, beat: Beat): () => Lines {
  return function* () {
    const { rng } = world;
    const { everyNs, count, payload, jitter = 0.02, id = () => 0, isAnswered = false, rttNs = 2e6 } = beat;
    const flow = flowOf(world, UDP, beat);
    if (rng.chance(0.5)) {
      for (const direction of ["outbound", "inbound", "outbound", "inbound"] as const) {
        const leftNs = world.send(flow, direction, datagram(bytes(rng, 50), id(), direction === "outbound" ? 64 : 50));
        yield everyNs + Math.max(0, leftNs - world.nowNs);
      }
    }
    for (let i = 0; i < count; i++) {
      const leftNs = world.send(flow, "outbound", datagram(payload, id()));
      if (isAnswered && leftNs >= 0) {
        world.after(leftNs - world.nowNs + rttNs, () => world.send(flow, "inbound", datagram(payload, id(), 50)));
      }
      yield world.pace * everyNs * (1 + jitter * (rng.unit() - 0.5));
    }
  };
}

/**
 * So many conversations beside what a scenario is about, each at a random time within so long: TCP, questions and their
 * answers, and some that the host has with itself, which the outside alone sees.
 */
export function background(world: World, duringNs: number, count: number, talk: TcpTalk = {}): void {
  const { rng } = world;
  for (let i = 0; i < count; i++) {
    const isTcp = i % 3 !== 2;
    world.start(rng.between(0, duringNs), isTcp ? tcpTalk(world, talk) : dnsTalk(world, talk));
    if (i % 20 === 19) world.start(rng.between(0, duringNs), hostTalk(world, talk));
  }
}

/** A question of the host's own. */
function hostTalk(world: World, { isIpv6 = false, hasIds = true, rttNs = 2e6 }: Talk): () => Lines {
  return function* () {
    const { rng } = world;
    const near = { address: isIpv6 ? HOST6 : HOST, port: 32_768 + rng.below(28_000) };
    const far = { address: isIpv6 ? server6(0) : server(0), port: 53 };
    const ends = { inside: { near, far }, outside: { near, far } };
    const id = () => (hasIds ? 1 + rng.below(0xffff) : 0);
    world.local("outside", ends, "outbound", datagram(bytes(rng, 40), id()));
    yield rttNs;
    world.local("outside", ends, "inbound", datagram(bytes(rng, 100), id(), 50));
  };
}
