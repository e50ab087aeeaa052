import { BRIDGE, client, container, HOST, server } from "./addresses.js";
import { CaptureWriter } from "./capture-writer.js";
import { ACK, Packet, PSH, SYN, TCP, UDP } from "./packet.js";
import { ALPHABET_AT, streamAt } from "./payload.js";
import { FORWARDED } from "./truth.js";

/** A kind of input whose cost once grew faster than itself, or may. */
export interface LinearInput {
  readonly about: string;
  /** How many of what it is about: so many, and twice as many, are compared. */
  readonly count: number;
  write(to: Captures, count: number): void;
}

/** What crosses the host takes so long, nanoseconds. */
const CROSSING_NS = 50_000;
const DNS_PORT = 53;
const HTTP_PORT = 80;
/** Ports that clients take in turn. */
const FIRST_PORT = 1024;
const PORTS = 60_000;
const PROXY_SPAN_NS = 2e9;
/** Slow enough that clocks are compared by all packets, and not by a part of them. */
const EARLY_EACH_NS = 4e6;
/** Answers wait from this round on, and for so long, nanoseconds. */
const EARLY_FROM = 256;
const QUEUE_NS = 1e8;

/** The two captures that an input is written to. */
export class Captures {
  readonly #inside: CaptureWriter;
  readonly #outside: CaptureWriter;
  readonly packet = new Packet();

  constructor(inside: string, outside: string) {
    this.#inside = captureAt(inside, "inside");
    this.#outside = captureAt(outside, "outside");
  }

  /** Says that nothing follows that is before this time. */
  advance(nowNs: number): void {
    this.#inside.advance(nowNs);
    this.#outside.advance(nowNs);
  }

  inside(timeNs: number): void {
    this.#inside.put(this.packet, timeNs, 0, FORWARDED);
  }

  outside(timeNs: number): void {
    this.#outside.put(this.packet, timeNs, 0, FORWARDED);
  }

  /** The packet goes in as it is, and out masqueraded. */
  crossing(timeNs: number): void {
    this.inside(timeNs);
    this.packet.src = HOST;
    this.packet.ttl--;
    this.outside(timeNs + CROSSING_NS);
  }

  close(): void {
    this.#inside.close();
    this.#outside.close();
  }
}

function captureAt(path: string, side: "inside" | "outside"): CaptureWriter {
  const whole = { snaplen: 262_144, nanoseconds: true, clockOffsetS: 0, clockOffsetNs: 0, driftPpm: 0 };
  return new CaptureWriter(path, { side, ...whole, reorder: 0, captureLoss: 0, startNs: 0 }, 1);
}

export const LINEAR_INPUTS: ReadonlyMap<string, LinearInput> = new Map([
  ["identical", { about: "identical datagrams", count: 50_000, write: identical }],
  ["versions", { about: "IPv6 inside, IPv4 outside, which carry the same", count: 25_000, write: versions }],
  ["proxied", { about: "connections of a proxy within two seconds", count: 8333, write: proxies({}) }],
  ["proxied-unanswered", { about: "the same without answers", count: 8333, write: proxies({ isAnswered: false }) }],
  [
    "proxied-cut",
    {
      about: "the same, the first requests cut differently on both sides",
      count: 8333,
      write: proxies({ isCut: true }),
    },
  ],
  [
    "proxied-one-request",
    { about: "the same, all requests alike", count: 8333, write: proxies({ isOneRequest: true }) },
  ],
  [
    "proxied-alike",
    { about: "the same, all requests and all answers alike", count: 8333, write: proxies({ isAlike: true }) },
  ],
  ["fragments", { about: "fragments with one IP ID", count: 200_000, write: fragments }],
  ["bursts-1000", { about: "equal datagrams in bursts of 1,000", count: 20_000, write: bursts(1000) }],
  ["bursts-10000", { about: "equal datagrams in bursts of 10,000", count: 20_000, write: bursts(10_000) }],
  ["scans", { about: "SYNs that nobody answers, 33,000 a second", count: 600_000, write: scan(33_000) }],
  ["new-flows", { about: "SYNs that nobody answers, 300,000 a second", count: 300_000, write: scan(300_000) }],
  ["flows", { about: "questions that are answered, a flow each, 33,000 a second", count: 1_000_000, write: questions }],
  ["early", { about: "datagrams that leave before they enter", count: 5000, write: early }],
  ["one-packet-flows", { about: "SYNs that nobody answers, 33,000 a second", count: 5_000_000, write: scan(33_000) }],
]);

function datagram(packet: Packet, port: number, words: readonly number[]): void {
  packet.reset(UDP, false, 0);
  packet.src = container(0);
  packet.dst = server(0);
  packet.srcPort = port;
  packet.dstPort = DNS_PORT;
  packet.ttl = 64;
  packet.lead.set(words);
  packet.leadWords = words.length;
  packet.poolAt = ALPHABET_AT;
  packet.payloadLength = 4 * words.length + 20;
}

function identical(to: Captures, count: number): void {
  for (let k = 0; k < count; k++) {
    to.advance(k * 20_000);
    datagram(to.packet, 4000, []);
    to.crossing(k * 20_000);
  }
}

/** What one protocol version carries on one side comes as the other version on the other side, without anything that links them. */
function versions(to: Captures, count: number): void {
  for (let k = 0; k < count; k++) {
    to.advance(k * 20_000);
    datagram(to.packet, 4000 + (k % 1000), [k, Math.imul(k, 0x9e3779b1) >>> 0]);
    to.packet.isIpv6 = true;
    to.inside(k * 20_000);
    to.packet.isIpv6 = false;
    to.packet.src = HOST;
    to.packet.srcPort += 1000;
    to.packet.ttl--;
    to.outside(k * 20_000 + CROSSING_NS);
  }
}

function bursts(size: number): (to: Captures, count: number) => void {
  return (to, count) => {
    for (let k = 0; k < count; k++) {
      const timeNs = Math.floor(k / size) * size * 1e5 + (k % size) * 2000;
      to.advance(timeNs);
      datagram(to.packet, 4000, []);
      to.crossing(timeNs);
    }
  };
}

function fragments(to: Captures, count: number): void {
  for (let k = 0; k < count; k++) {
    to.advance(k * 10_000);
    datagram(to.packet, 4000, [k]);
    to.packet.ipId = 7;
    to.packet.df = false;
    to.packet.payloadLength = 144;
    to.packet.fragment = { at: 16 * (k % 8), bytes: 16, isLast: false, id: 7 };
    to.crossing(k * 10_000);
  }
}

/** A flow's client, server and port, so that each is another one. */
function flow(packet: Packet, k: number): void {
  packet.src = container(k % 60_000);
  packet.dst = server(Math.floor(k / PORTS));
  packet.srcPort = FIRST_PORT + (k % PORTS);
}

function scan(perSecond: number): (to: Captures, count: number) => void {
  return (to, count) => {
    for (let k = 0; k < count; k++) {
      const timeNs = Math.floor((k * 1e9) / perSecond);
      to.advance(timeNs);
      segment(to.packet, SYN, Math.imul(k, 7919) >>> 0, k & 0xffff);
      flow(to.packet, k);
      to.packet.dstPort = HTTP_PORT;
      to.crossing(timeNs);
    }
  };
}

function questions(to: Captures, count: number): void {
  const { packet } = to;
  for (let k = 0; k < count; k++) {
    const timeNs = k * 30_000;
    to.advance(timeNs);
    datagram(packet, 0, [k]);
    flow(packet, k);
    packet.ipId = k & 0xffff;
    to.crossing(timeNs);
    datagram(packet, DNS_PORT, [k, 1]);
    packet.src = server(Math.floor(k / PORTS));
    packet.dst = HOST;
    packet.dstPort = FIRST_PORT + (k % PORTS);
    packet.ipId = ~k & 0xffff;
    to.outside(timeNs + 1e6);
    packet.dst = container(k % 60_000);
    packet.ttl--;
    to.inside(timeNs + 1e6 + CROSSING_NS);
  }
}

/**
 * Answers wait for long before they come in. Of what goes out, requests take their time, and datagrams without an IP ID seem to leave before they enter, but
 * by less than answers wait: so no packet contradicts them.
 */
function early(to: Captures, count: number): void {
  const { packet } = to;
  const say = (port: number, k: number) => {
    segment(packet, ACK, (k * 100 + port * 0x100_0000) >>> 0, k & 0xffff);
    packet.srcPort = port;
    packet.dstPort = FIRST_PORT + HTTP_PORT - port;
    packet.payloadLength = 100;
  };
  for (let k = 0; k < count; k++) {
    const timeNs = k * EARLY_EACH_NS;
    to.advance(timeNs);
    for (const answer of [0, 1]) {
      say(HTTP_PORT, 2 * k + answer);
      packet.src = server(0);
      packet.dst = HOST;
      to.outside(timeNs + answer);
      packet.dst = container(0);
      packet.ttl--;
      to.inside(timeNs + answer + (k < EARLY_FROM ? CROSSING_NS : QUEUE_NS));
    }
    datagram(packet, 4000, [k, Math.imul(k, 0x9e3779b1) >>> 0]);
    to.inside(timeNs + QUEUE_NS + (k < EARLY_FROM ? -CROSSING_NS : QUEUE_NS / 2));
    packet.src = HOST;
    packet.ttl--;
    to.outside(timeNs + QUEUE_NS);
    say(FIRST_PORT, k);
    packet.src = container(0);
    packet.dst = server(0);
    to.crossing(timeNs + QUEUE_NS + 1);
  }
}

function segment(packet: Packet, flags: number, seq: number, ipId: number): void {
  packet.reset(TCP, false, ipId);
  packet.tcpFlags = flags;
  packet.seq = seq;
  packet.ack = 0;
  packet.window = 64_240;
  packet.ttl = 64;
}

/** What is peculiar about connections of a proxy. */
interface Peculiar {
  readonly isOneRequest?: boolean;
  readonly isAnswered?: boolean;
  readonly isCut?: boolean;
  readonly isAlike?: boolean;
}

/** Where one of a proxy's connections is seen, its ends, and the first number of each. */
interface Ends {
  readonly see: (timeNs: number) => void;
  readonly caller: number;
  readonly callerPort: number;
  readonly called: number;
  readonly callerSeq: number;
  readonly calledSeq: number;
}

const REQUEST_BYTES = 120;
const ANSWER_BYTES = 300;

/** One of a proxy's connections. `ids` gives each packet its IP ID. */
class Connection {
  readonly #packet: Packet;
  readonly #ids: Iterator<number, never>;
  readonly #ends: Ends;

  constructor(packet: Packet, ids: Iterator<number, never>, ends: Ends) {
    this.#packet = packet;
    this.#ids = ids;
    this.#ends = ends;
  }

  open(timeNs: number): void {
    this.#say(true, timeNs, SYN, 0, 0);
    this.#say(false, timeNs + 10_000, SYN | ACK, 0, 0);
    this.#say(true, timeNs + 20_000, ACK, 1, 0);
  }

  /** Sends segments of so many bytes, one behind the other, from an offset of the stream on. `text`: which request that is. */
  request(timeNs: number, text: number, offset: number, pieces: readonly number[]): void {
    let done = offset;
    for (const bytes of pieces) {
      this.#say(true, timeNs + done - offset, PSH | ACK, done, bytes, text);
      done += bytes;
    }
  }

  answer(timeNs: number, text: number): void {
    this.#say(false, timeNs, PSH | ACK, 1, ANSWER_BYTES, text);
  }

  #say(isRequest: boolean, timeNs: number, flags: number, offset: number, bytes: number, text = 0): void {
    const packet = this.#packet;
    const { see, caller, callerPort, called, callerSeq, calledSeq } = this.#ends;
    const [own, other] = isRequest ? [callerSeq, calledSeq] : [calledSeq, callerSeq];
    segment(packet, flags, (own + offset) >>> 0, this.#ids.next().value);
    packet.ack = other + 1;
    packet.src = isRequest ? caller : called;
    packet.dst = isRequest ? called : caller;
    packet.srcPort = isRequest ? callerPort : HTTP_PORT;
    packet.dstPort = isRequest ? HTTP_PORT : callerPort;
    packet.payloadLength = bytes;
    packet.poolAt = streamAt(text, offset);
    see(timeNs);
  }
}

function* ipIds(): Generator<number, never> {
  for (let id = 0; ; id++) yield id & 0xffff;
}

/** Connections to the host, each carried on by one from the host to a container. */
function proxies(peculiar: Peculiar): (to: Captures, count: number) => void {
  return (to, count) => {
    const ids = ipIds();
    for (let k = 0; k < count; k++) {
      const timeNs = Math.floor((k * PROXY_SPAN_NS) / count);
      to.advance(timeNs);
      const seq = (salt: number) => Math.imul(4 * k + salt, 0x9e3779b1) >>> 0;
      const front = new Connection(to.packet, ids, {
        see: (atNs) => to.outside(atNs),
        caller: client(0),
        callerPort: FIRST_PORT + (k % PORTS),
        called: HOST,
        callerSeq: seq(0),
        calledSeq: seq(1),
      });
      const back = new Connection(to.packet, ids, {
        see: (atNs) => to.inside(atNs),
        caller: BRIDGE,
        callerPort: FIRST_PORT + ((k * 7) % PORTS),
        called: container(0),
        callerSeq: seq(2),
        calledSeq: seq(3),
      });
      talk(front, back, timeNs, 2 * k, peculiar);
    }
  };
}

/** Has a proxy pass on what a connection carries by another one. `text`: which request and answer that is. */
function talk(front: Connection, back: Connection, timeNs: number, text: number, peculiar: Peculiar): void {
  const { isAnswered = true, isCut = false, isOneRequest = false, isAlike = false } = peculiar;
  const said = isAlike || isOneRequest ? 0 : text;
  const answered = (isAlike ? 0 : text) + 1000;
  front.open(timeNs);
  back.open(timeNs + 300_000);
  front.request(timeNs + 330_000, said, 1, isCut ? [10, REQUEST_BYTES - 10] : [REQUEST_BYTES]);
  back.request(timeNs + 360_000, said, 1, isCut ? [20, REQUEST_BYTES - 20] : [REQUEST_BYTES]);
  if (isCut) {
    front.request(timeNs + 370_000, said, 1 + REQUEST_BYTES, [REQUEST_BYTES]);
    back.request(timeNs + 390_000, said, 1 + REQUEST_BYTES, [REQUEST_BYTES]);
  }
  if (!isAnswered) return;
  back.answer(timeNs + 400_000, answered);
  front.answer(timeNs + 430_000, answered);
}
