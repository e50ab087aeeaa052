import { BRIDGE, HOST } from "./addresses.js";
import type { CaptureWriter } from "./capture-writer.js";
import { ICMP, Packet } from "./packet.js";
import { Rng } from "./rng.js";
import type { Scenario } from "./scenarios.js";
import { DROPPED, FORWARDED, LOCAL, NOT_IP, UNSEEN } from "./truth.js";

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
  /** When the last packet of each direction left the host, ns: a conversation's packets do not overtake each other. */
  readonly lastExitNs: { outbound: number; inbound: number };
}

/** `CaptureWriter` tags: a packet's serial where it was forwarded, else its truth, negated. */
const tagOf = (kind: number): number => -kind;

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
   * @returns whether it reached the other end.
   */
  send(path: Path, fromClient: boolean, timeNs: number): boolean {
    const { packet } = this;
    const outbound = fromClient === path.isClientInside;
    packet.ttl = fromClient ? path.clientTtl : path.serverTtl;
    packet.isIpv6 = path.isIpv6;
    const arrives = !this.rng.chance(this.#scenario.farLoss);
    if (path.inside === null || path.outside === null) {
      this.#put(path.inside === null ? "outside" : "inside", path, fromClient, timeNs, tagOf(LOCAL));
      return arrives;
    }
    const [entry, exit] = outbound ? (["inside", "outside"] as const) : (["outside", "inside"] as const);
    if (this.rng.chance(this.#scenario.loss)) {
      // Nobody can tell that it was dropped before both captures run.
      const isWatched = timeNs >= START_NS + this.#scenario.outsideLateNs;
      this.#put(entry, path, fromClient, timeNs, tagOf(isWatched ? DROPPED : UNSEEN));
      return false;
    }
    const serial = ++this.#serial;
    this.#put(entry, path, fromClient, timeNs, serial);
    packet.ttl--;
    const direction = outbound ? "outbound" : "inbound";
    const exitNs = Math.max(timeNs + this.#latencyNs(), path.lastExitNs[direction] + 200);
    path.lastExitNs[direction] = exitNs;
    this.#put(exit, path, fromClient, exitNs, serial);
    return arrives;
  }

  /** Sends `packet` with the addresses, ports and TTL it has, seen on one side alone. */
  sendLocal(side: "inside" | "outside", timeNs: number): void {
    const writer = side === "inside" ? this.#inside : this.#outside;
    writer.put(this.packet, timeNs, tagOf(this.packet.isArp ? NOT_IP : LOCAL));
  }

  #put(side: "inside" | "outside", path: Path, fromClient: boolean, timeNs: number, tag: number): void {
    const ends = path[side];
    if (ends === null) return;
    const { packet } = this;
    const [from, to] = fromClient ? [ends.client, ends.server] : [ends.server, ends.client];
    packet.src = from.address;
    packet.dst = to.address;
    packet.srcPort = packet.proto === ICMP ? ends.client.port : from.port;
    packet.dstPort = to.port;
    // What a container or the host itself sends, its card is to checksum.
    packet.isPartial =
      side === "inside" ? packet.ttl === 64 && from.address !== BRIDGE : from.address === HOST && packet.ttl === 64;
    (side === "inside" ? this.#inside : this.#outside).put(packet, timeNs, tag);
  }

  #latencyNs(): number {
    const latency = this.#latencies[this.rng.below(LATENCIES)];
    // Softirq, scheduling: one in two thousand takes milliseconds.
    return Math.floor(latency + (this.rng.chance(0.0005) ? this.rng.between(0.5e6, 4e6) : this.rng.between(0, 200)));
  }
}

/** The truth's kind that goes with a tag; forwarded packets may still be unseen on the other side. */
export const kindOf = (tag: number): number => (tag > 0 ? FORWARDED : -tag);
