import type { Actor } from "./actor.js";
import { End } from "./end.js";
import type { Network, Path } from "./network.js";
import { UDP } from "./packet.js";
import { DNS_NAMES, dnsMessage, RANDOM_BYTES } from "./payload.js";
import type { Scenario } from "./scenarios.js";

/** A resolver asks for A and AAAA at once and is answered; asks again where it is not. */
export class DnsLookup implements Actor {
  readonly #network: Network;
  readonly #path: Path;
  readonly #scenario: Scenario;
  readonly #client: End;
  readonly #server: End;
  readonly #ids: readonly [number, number];
  readonly #name: number;
  #question = 0;
  #isAsked = false;
  #triesLeft = 3;

  constructor(network: Network, path: Path, scenario: Scenario) {
    const { rng } = network;
    this.#network = network;
    this.#path = path;
    this.#scenario = scenario;
    // glibc connects its sockets, musl does not: an unconnected one has no counter and sends 0.
    this.#client = new End(rng, rng.chance(0.5));
    this.#server = new End(rng, rng.chance(scenario.zeroIpId));
    this.#ids = [rng.below(0x10000), rng.below(0x10000)];
    this.#name = rng.below(DNS_NAMES);
  }

  step(nowNs: number): number {
    const { rng } = this.#network;
    const isLast = this.#question === 1;
    if (!this.#isAsked) {
      this.#send(true, nowNs);
      this.#question = isLast ? 0 : 1;
      this.#isAsked = isLast;
      return nowNs + (isLast ? 1e6 + rng.exponential(this.#scenario.gapNs) : rng.between(5e3, 40e3));
    }
    const isAnswered = this.#send(false, nowNs);
    if (isAnswered && isLast) return -1;
    if (!isAnswered && --this.#triesLeft === 0) return -1;
    this.#question = isLast || !isAnswered ? 0 : 1;
    this.#isAsked = isAnswered;
    return nowNs + (isAnswered ? rng.between(5e3, 300e3) : rng.between(50e6, 100e6));
  }

  #send(fromClient: boolean, nowNs: number): boolean {
    const { packet } = this.#network;
    packet.reset(UDP, this.#path.isIpv6, (fromClient ? this.#client : this.#server).nextIpId());
    const message = dnsMessage(this.#name, this.#question === 1, !fromClient);
    packet.payloadLength = 4 + message.length;
    packet.lead[0] = (this.#ids[this.#question] << 16) | (fromClient ? 0x0100 : 0x8180);
    packet.leadWords = 1;
    packet.poolAt = message.at;
    return this.#network.send(this.#path, fromClient, nowNs);
  }
}

/** Datagrams both ways with random content, as QUIC sends them. */
export class UdpStream implements Actor {
  readonly #network: Network;
  readonly #path: Path;
  readonly #scenario: Scenario;
  readonly #client: End;
  readonly #server: End;
  #datagramsLeft: number;

  constructor(network: Network, path: Path, scenario: Scenario) {
    const { rng } = network;
    this.#network = network;
    this.#path = path;
    this.#scenario = scenario;
    this.#client = new End(rng, rng.chance(Math.max(0.3, scenario.zeroIpId)));
    this.#server = new End(rng, rng.chance(Math.max(0.3, scenario.zeroIpId)));
    this.#datagramsLeft = 10 + rng.below(60);
  }

  step(nowNs: number): number {
    const { packet, rng } = this.#network;
    const fromClient = rng.chance(0.4);
    packet.reset(UDP, this.#path.isIpv6, (fromClient ? this.#client : this.#server).nextIpId());
    packet.payloadLength = 25 + rng.below(this.#scenario.segmentBytes - 200);
    packet.lead[0] = rng.word();
    packet.lead[1] = rng.word();
    packet.leadWords = 2;
    packet.poolAt = 2 * rng.below(RANDOM_BYTES / 2);
    this.#network.send(this.#path, fromClient, nowNs);
    if (--this.#datagramsLeft === 0) return -1;
    return nowNs + (rng.chance(0.6) ? rng.between(2e3, 50e3) : rng.exponential(this.#scenario.gapNs));
  }
}

/** The same datagram again and again, byte for byte the same from every container; nobody answers. */
export class Heartbeat implements Actor {
  readonly #network: Network;
  readonly #path: Path;
  readonly #sender: End;
  readonly #periodNs: number;
  #beatsLeft: number;

  constructor(network: Network, path: Path, hasIpId: boolean) {
    this.#network = network;
    this.#path = path;
    this.#sender = new End(network.rng, !hasIpId);
    this.#periodNs = 20e6 * (1 + network.rng.below(10));
    this.#beatsLeft = 20 + network.rng.below(200);
  }

  step(nowNs: number): number {
    const { packet, rng } = this.#network;
    packet.reset(UDP, this.#path.isIpv6, this.#sender.nextIpId());
    packet.payloadLength = 48;
    this.#network.send(this.#path, true, nowNs);
    return --this.#beatsLeft === 0 ? -1 : nowNs + this.#periodNs + rng.between(0, 200e3);
  }
}
