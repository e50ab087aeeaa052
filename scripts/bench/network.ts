import { BRIDGE, HOST } from "./addresses.js";
import type { CaptureWriter } from "./capture-writer.js";
import { Cutter } from "./cutter.js";
import { type Cut, isComplete, rangesOf, type View, WHOLE } from "./cuts.js";
import { ICMP, Packet, TCP } from "./packet.js";
import { Rng } from "./rng.js";
import type { Scenario } from "./scenarios.js";
import { DROPPED, FORWARDED, LOCAL, NOT_IP, PROXIED, REFUSED, UNSEEN } from "./truth.js";

/** An address with a port, or with an ICMP id. */
export interface Endpoint {
  readonly address: number;
  readonly port: number;
}

/** What a conversation's two ends look like on each side of the host. */
export interface Path {
  readonly isIpv6: boolean;
  /** The end that spoke first, as each side sees it; null on a side it never reaches. */
  readonly inside: { readonly client: Endpoint; readonly server: Endpoint } | null;
  readonly outside: { readonly client: Endpoint; readonly server: Endpoint } | null;
  readonly isClientInside: boolean;
  /** TTL of what each end sends, on the side where it enters. */
  readonly clientTtl: number;
  readonly serverTtl: number;
  /** The number of the stream that a proxy carries over this path and another; 0 where there is none. */
  readonly stream: number;
  /** When the last packet of each direction left the host, ns: a conversation's packets do not overtake each other. */
  readonly lastExitNs: { outbound: number; inbound: number };
}

type Side = "inside" | "outside";

/** An ICMP error about a packet. */
export interface Answer {
  readonly type: number;
  readonly code: number;
  readonly mtu: number;
  /** Who sends it: a router's address, or null for the end the packet went to. */
  readonly from: number | null;
  /** Its TTL where it enters the host. */
  readonly ttl: number;
  /** The TTL of the packet it quotes. */
  readonly quotedTtl: number;
  readonly ipId: number;
}

/** One of the host itself. */
export interface HostError extends Omit<Answer, "from" | "ttl"> {
  /** The TTL of the refused packet where it enters the host. */
  readonly sentTtl: number;
}

/** Time of the first packets, ns: later than any clock is behind. */
export const START_NS = 1e9;

const LATENCIES = 4096;

/** Quantiles of a log-normal latency, p50 5 µs and p99 40 µs, as measured on a Docker host. */
function latencyQuantiles(rng: Rng): Float64Array {
  const quantiles = new Float64Array(LATENCIES);
  for (let i = 0; i < LATENCIES; i++) {
    const normal = Math.sqrt(2 * rng.exponential(1)) * Math.cos(2 * Math.PI * rng.unit());
    quantiles[i] = Math.max(900, 5000 * Math.exp(0.894 * normal));
  }
  return quantiles;
}

/** The host between the two captures: it forwards, translates and loses packets, and both captures watch. */
export class Network {
  readonly rng: Rng;
  /** Filled by the conversations, one packet at a time. */
  readonly packet = new Packet();
  readonly #error = new Packet();
  readonly #inside: CaptureWriter;
  readonly #outside: CaptureWriter;
  readonly #scenario: Scenario;
  readonly #latencies: Float64Array;
  #serial = 0;

  constructor(scenario: Scenario, inside: CaptureWriter, outside: CaptureWriter, seed: number) {
    this.#scenario = scenario;
    this.#inside = inside;
    this.#outside = outside;
    this.rng = new Rng(seed);
    this.#latencies = latencyQuantiles(this.rng);
  }

  /**
   * Sends `packet` along a path. Addresses, ports and TTL are filled in here.
   *
   * @param cut how the sides show it: TCP payload in segments, anything else in fragments. Only of what is forwarded.
   * @returns whether it reached the other end.
   */
  send(path: Path, fromClient: boolean, timeNs: number, cut: Cut = WHOLE): boolean {
    const { packet } = this;
    packet.ttl = fromClient ? path.clientTtl : path.serverTtl;
    packet.isIpv6 = path.isIpv6;
    const arrives = !this.rng.chance(this.#scenario.farLoss);
    if (path.inside === null || path.outside === null) {
      const kind = path.stream > 0 ? PROXIED : LOCAL;
      this.#put(path.inside === null ? "outside" : "inside", path, fromClient, timeNs, path.stream, kind);
      return arrives;
    }
    const [entry, exit] = sidesOf(path, fromClient);
    const isWhole = isComplete(cut.entry);
    if (!isWhole || this.rng.chance(this.#scenario.loss)) {
      // Nobody can tell that it was dropped before both captures run, nor of fragments, which may wait for others.
      const isWatched = timeNs >= START_NS + this.#scenario.outsideLateNs;
      const isTold = isWatched && (packet.proto === TCP || cut.entry.pieces.length === 1);
      this.#show(entry, path, fromClient, timeNs, cut.entry, [], isTold ? DROPPED : UNSEEN);
      return false;
    }
    const ranges = rangesOf(cut);
    // A gap before and after: what was sent as one is known by serials that follow each other.
    const first = this.#serial + 2;
    this.#serial = first + ranges.entry[ranges.entry.length - 1];
    const serials = (numbers: readonly number[]) => numbers.map((range) => first + range);
    const hasLeft = isComplete(cut.exit);
    // TCP's numbers tell what a piece is a piece of, fragments go together or not at all
    const kind = hasLeft || packet.proto === TCP ? FORWARDED : UNSEEN;
    const enteredNs = this.#show(entry, path, fromClient, timeNs, cut.entry, serials(ranges.entry), kind);
    packet.ttl--;
    const direction = entry === "inside" ? "outbound" : "inbound";
    const exitNs = Math.max(enteredNs + this.#latencyNs(), path.lastExitNs[direction] + 200);
    path.lastExitNs[direction] = this.#show(exit, path, fromClient, exitNs, cut.exit, serials(ranges.exit), kind);
    return hasLeft && arrives;
  }

  /** Answers `packet`, which was sent along a path, with an ICMP error that comes back through the host. */
  answer(path: Path, fromClient: boolean, timeNs: number, answer: Answer): void {
    const [exit, entry] = sidesOf(path, fromClient);
    if (this.rng.chance(this.#scenario.loss)) {
      this.#putError(entry, path, fromClient, timeNs, answer, 0, DROPPED);
      return;
    }
    this.#serial += 2;
    this.#putError(entry, path, fromClient, timeNs, answer, this.#serial, FORWARDED);
    const direction = entry === "inside" ? "outbound" : "inbound";
    const exitNs = Math.max(timeNs + this.#latencyNs(), path.lastExitNs[direction] + 200);
    path.lastExitNs[direction] = exitNs;
    this.#putError(exit, path, fromClient, exitNs, { ...answer, ttl: answer.ttl - 1 }, this.#serial, FORWARDED);
  }

  /** Has the host itself refuse `packet` where it enters, mostly with an ICMP error: those are sent at a limited rate. */
  refuse(path: Path, fromClient: boolean, timeNs: number, error: HostError): void {
    const { packet } = this;
    const [entry] = sidesOf(path, fromClient);
    const isAnswered = !this.rng.chance(0.1);
    packet.ttl = error.sentTtl;
    packet.isIpv6 = path.isIpv6;
    // nothing tells that a port is published which lets nothing in
    this.#put(entry, path, fromClient, timeNs, 0, isAnswered ? REFUSED : entry === "inside" ? DROPPED : UNSEEN);
    if (!isAnswered) return;
    const answer = { ...error, from: entry === "inside" ? BRIDGE : HOST, ttl: 64 };
    this.#putError(entry, path, fromClient, timeNs + this.rng.between(8e3, 60e3), answer, 0, LOCAL);
  }

  /** Sends `packet` with the addresses, ports and TTL it has, seen on one side alone. */
  sendLocal(side: "inside" | "outside", timeNs: number): void {
    this.#writer(side).put(this.packet, timeNs, 0, this.packet.isArp ? NOT_IP : LOCAL);
  }

  /** Puts `packet` as a view shows it. @returns the time of the last piece. */
  #show(
    side: Side,
    path: Path,
    fromClient: boolean,
    timeNs: number,
    { pieces, order }: View,
    serials: readonly number[],
    kind: number,
  ): number {
    if (pieces.length === 1) {
      this.#put(side, path, fromClient, timeNs, serials[0] ?? 0, kind);
      return timeNs;
    }
    const cutter = new Cutter(this.packet, pieces, this.rng.word());
    let atNs = timeNs;
    for (const [k, piece] of order.entries()) {
      if (k > 0) atNs += Math.floor(this.rng.between(200, 1500));
      cutter.show(piece);
      this.#put(side, path, fromClient, atNs, serials[piece] ?? 0, kind);
    }
    cutter.undo();
    return atNs;
  }

  #putError(
    side: Side,
    path: Path,
    fromClient: boolean,
    timeNs: number,
    { type, code, mtu, from, ttl, quotedTtl, ipId }: Answer,
    serial: number,
    kind: number,
  ): void {
    const ends = path[side];
    if (ends === null) return;
    const { packet: quoted } = this;
    address(quoted, ends, fromClient);
    quoted.ttl = quotedTtl;
    quoted.isPartial = false;
    const error = this.#error.reset(ICMP, path.isIpv6, ipId);
    error.df = false;
    error.error = { type, code, mtu, quoted };
    error.src = from ?? quoted.dst;
    error.dst = quoted.src;
    error.ttl = ttl;
    this.#writer(side).put(error, timeNs, serial, kind);
  }

  #put(side: Side, path: Path, fromClient: boolean, timeNs: number, serial: number, kind: number): void {
    const ends = path[side];
    if (ends === null) return;
    const { packet } = this;
    address(packet, ends, fromClient);
    // What a container or the host itself sends, its card is to checksum.
    packet.isPartial =
      side === "inside" ? packet.ttl === 64 && packet.src !== BRIDGE : packet.src === HOST && packet.ttl === 64;
    this.#writer(side).put(packet, timeNs, serial, kind);
  }

  #writer(side: Side): CaptureWriter {
    return side === "inside" ? this.#inside : this.#outside;
  }

  #latencyNs(): number {
    const latency = this.#latencies[this.rng.below(LATENCIES)];
    // Softirq, scheduling: one in two thousand takes milliseconds.
    return Math.floor(latency + (this.rng.chance(0.0005) ? this.rng.between(0.5e6, 4e6) : this.rng.between(0, 200)));
  }
}

/** Where a packet enters the host, and where it leaves. */
function sidesOf(path: Path, fromClient: boolean): readonly [Side, Side] {
  return fromClient === path.isClientInside ? ["inside", "outside"] : ["outside", "inside"];
}

/** Fills in what one side sees of a path's ends. */
function address(packet: Packet, ends: NonNullable<Path["inside"]>, fromClient: boolean): void {
  const [from, to] = fromClient ? [ends.client, ends.server] : [ends.server, ends.client];
  packet.src = from.address;
  packet.dst = to.address;
  packet.srcPort = packet.proto === ICMP ? ends.client.port : from.port;
  packet.dstPort = to.port;
}
