import type { Actor } from "./actor.js";
import { BRIDGE, container, HOST, MDNS, SSDP, server } from "./addresses.js";
import type { Network } from "./network.js";
import { UDP } from "./packet.js";
import type { Scenario } from "./scenarios.js";

/** ARP questions, on either side. */
export class Arp implements Actor {
  readonly #network: Network;
  readonly #scenario: Scenario;

  constructor(network: Network, scenario: Scenario) {
    this.#network = network;
    this.#scenario = scenario;
  }

  step(nowNs: number): number {
    const { packet, rng } = this.#network;
    const isInside = rng.chance(0.5);
    packet.isArp = true;
    packet.src = isInside ? container(rng.below(this.#scenario.containers)) : HOST;
    packet.dst = isInside ? BRIDGE : server(0);
    this.#network.sendLocal(isInside ? "inside" : "outside", nowNs);
    return nowNs + rng.exponential(this.#scenario.gapNs);
  }
}

/** The host announces something out of each of its interfaces: the same datagram twice within microseconds, forwarded by nobody. */
export class Multicast implements Actor {
  readonly #network: Network;
  readonly #isMdns: boolean;
  readonly #isIpv6: boolean;
  readonly #hasIpId: boolean;
  readonly #port: number;
  readonly #length: number;
  readonly #poolAt: number;

  constructor(network: Network, scenario: Scenario) {
    const { rng } = network;
    this.#network = network;
    this.#isMdns = rng.chance(0.5);
    this.#isIpv6 = rng.chance(scenario.ipv6);
    this.#hasIpId = rng.chance(0.5);
    this.#port = this.#isMdns ? 5353 : 32_768 + rng.below(28_232);
    this.#length = 40 + rng.below(200);
    this.#poolAt = 256 * rng.below(200);
  }

  step(nowNs: number): number {
    const { packet, rng } = this.#network;
    // One socket for both interfaces counts on; avahi's are unconnected and send 0.
    const ipId = this.#hasIpId ? rng.below(0xfffe) + 1 : 0;
    packet.reset(UDP, this.#isIpv6, ipId);
    packet.df = !this.#hasIpId;
    packet.ttl = this.#isMdns ? 255 : 4;
    packet.srcPort = this.#port;
    packet.dstPort = this.#isMdns ? 5353 : 1900;
    packet.dst = this.#isMdns ? MDNS : SSDP;
    packet.payloadLength = this.#length;
    packet.poolAt = this.#poolAt;
    packet.isPartial = true;
    const isInsideFirst = rng.chance(0.5);
    packet.src = isInsideFirst ? BRIDGE : HOST;
    this.#network.sendLocal(isInsideFirst ? "inside" : "outside", nowNs);
    if (this.#hasIpId && rng.chance(0.5)) packet.ipId++;
    packet.src = isInsideFirst ? HOST : BRIDGE;
    this.#network.sendLocal(isInsideFirst ? "outside" : "inside", nowNs + rng.between(5e3, 60e3));
    return nowNs + rng.between(20e6, 1e9);
  }
}
