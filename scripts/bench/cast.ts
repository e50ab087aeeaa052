import type { Actor } from "./actor.js";
import { bulkTransfer } from "./bulk.js";
import { closedPort, pathMtu, rejected, traceroute } from "./errors.js";
import { bigDatagrams } from "./fragmented.js";
import { Arp, Multicast } from "./link-noise.js";
import type { Network } from "./network.js";
import { ICMP, UDP } from "./packet.js";
import { NO_PORT, Paths } from "./paths.js";
import { Ping, PING_KINDS, type PingKind } from "./ping.js";
import { proxied } from "./proxied.js";
import { probe } from "./scan.js";
import { CONVERSATIONS, type Conversation, type Scenario } from "./scenarios.js";
import { TcpConnection } from "./tcp.js";
import { DnsLookup, Heartbeat, UdpStream } from "./udp.js";

/** The port every heartbeat is sent from and to: containers of one image use the same. */
const BEAT_PORT = 5000;

/** Makes actors, as many of each kind as the scenario's mix asks for. */
export class Cast {
  readonly #network: Network;
  readonly #scenario: Scenario;
  readonly #paths: Paths;
  readonly #total: number;

  constructor(network: Network, scenario: Scenario) {
    this.#network = network;
    this.#scenario = scenario;
    this.#paths = new Paths(scenario, network.rng);
    this.#total = CONVERSATIONS.reduce((sum, kind) => sum + (scenario.mix[kind] ?? 0), 0);
  }

  /** A new conversation of a random kind. */
  next(): Actor {
    let draw = this.#network.rng.unit() * this.#total;
    for (const kind of CONVERSATIONS) {
      draw -= this.#scenario.mix[kind] ?? 0;
      if (draw < 0) return this.#make(kind);
    }
    throw new Error("the scenario's mix is empty");
  }

  #make(kind: Conversation): Actor {
    const network = this.#network;
    const scenario = this.#scenario;
    const paths = this.#paths;
    const { rng } = network;
    switch (kind) {
      case "tcp":
        return new TcpConnection(network, paths.outbound("tcp", rng.chance(0.8) ? 443 : 80), scenario);
      case "published":
        return new TcpConnection(network, paths.published(), scenario);
      case "dns":
        return new DnsLookup(network, paths.outbound("udp", 53), scenario);
      case "stream":
        return new UdpStream(network, paths.outbound("udp", 443), scenario);
      case "beat":
        return new Heartbeat(network, paths.outbound("udp", BEAT_PORT, BEAT_PORT), false);
      case "beatWithId":
        return new Heartbeat(network, paths.outbound("udp", BEAT_PORT, BEAT_PORT), true);
      case "ping": {
        const kind = this.#pingKind();
        return new Ping(network, paths.outbound("icmp", NO_PORT, this.#pingId(kind)), kind);
      }
      case "local":
        return rng.chance(0.7)
          ? new TcpConnection(network, paths.local(6379), scenario)
          : new DnsLookup(network, paths.local(53), scenario);
      case "host":
        return rng.chance(0.7)
          ? new TcpConnection(network, paths.host("tcp", 443), scenario)
          : new DnsLookup(network, paths.host("udp", 53), scenario);
      case "hostPing": {
        const kind = this.#pingKind();
        return new Ping(network, paths.host("icmp", NO_PORT, this.#pingId(kind)), kind);
      }
      case "multicast":
        return new Multicast(network, scenario);
      case "bulk":
        return bulkTransfer(network, paths.outbound("tcp", 443), scenario);
      case "big":
        return rng.chance(0.5)
          ? bigDatagrams(network, rng.chance(0.8) ? paths.outbound("udp", 2049) : paths.published("udp"), scenario, UDP)
          : bigDatagrams(network, paths.outbound("icmp", NO_PORT, this.#pingId("iputils")), scenario, ICMP);
      case "refused":
        return this.#refused();
      case "proxied": {
        const { front, back } = paths.proxied();
        return proxied(network, front, back, scenario);
      }
      case "scan":
        return probe(network, paths.outbound("tcp", 1 + rng.below(65_535)), scenario);
      case "arp":
        break;
    }
    return new Arp(network, scenario);
  }

  /** Conversations that ICMP errors answer. */
  #refused(): Actor {
    const network = this.#network;
    const scenario = this.#scenario;
    const paths = this.#paths;
    const { rng } = network;
    switch (rng.below(5)) {
      case 0:
        return traceroute(network, paths.outbound("udp", 33_434), (path, port) => paths.again("udp", path, port));
      case 1:
        return traceroute(network, paths.outbound("icmp", NO_PORT, this.#pingId("iputils")), null);
      case 2:
        return closedPort(network, rng.chance(0.7) ? paths.outbound("udp", 9) : paths.published("udp"), scenario);
      case 3:
        return rejected(network, rng.chance(0.8) ? paths.outbound("udp", 25) : paths.published("udp"), scenario);
      default:
        return pathMtu(network, paths.outbound("udp", 4433), scenario);
    }
  }

  #pingKind(): PingKind {
    return PING_KINDS[this.#network.rng.below(PING_KINDS.length)];
  }

  /** busybox uses its pid, small in a container; Windows always 1; iputils draws one. */
  #pingId(kind: PingKind): number {
    if (kind === "windows") return 1;
    return kind === "busybox" ? 5 + this.#network.rng.below(30) : this.#network.rng.below(0x10000);
  }
}
