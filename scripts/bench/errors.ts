import { GATEWAY, router } from "./addresses.js";
import { End } from "./end.js";
import type { Answer, HostError, Network, Path } from "./network.js";
import { ICMP, UDP } from "./packet.js";
import { RANDOM_BYTES } from "./payload.js";
import type { Rng } from "./rng.js";
import { type Clock, type Lines, Script } from "./script.js";
import type { Scenario } from "./scenarios.js";

type Reason = Pick<Answer, "type" | "code" | "mtu">;

/** RFC 792 and RFC 4443. */
function timeExceeded(isIpv6: boolean): Reason {
  return { type: isIpv6 ? 3 : 11, code: 0, mtu: 0 };
}

function portUnreachable(isIpv6: boolean): Reason {
  return isIpv6 ? { type: 1, code: 4, mtu: 0 } : { type: 3, code: 3, mtu: 0 };
}

function prohibited(isIpv6: boolean): Reason {
  return isIpv6 ? { type: 1, code: 1, mtu: 0 } : { type: 3, code: 13, mtu: 0 };
}

function tooBig(isIpv6: boolean, mtu: number): Reason {
  return isIpv6 ? { type: 2, code: 0, mtu } : { type: 3, code: 4, mtu };
}

/** An IP ID as icmp_send draws it: not of any socket. */
function drawId(rng: Rng): number {
  return 1 + rng.below(0xffff);
}

/**
 * traceroute: the host refuses the first probes, routers the next ones, and then the end answers.
 *
 * @param again gives UDP probes, each to a port of its own, their paths; null for probes that are echoes.
 */
export function traceroute(network: Network, path: Path, again: Again | null): Script {
  return new Script((clock) => probes(network, path, again, clock));
}

type Again = (path: Path, port: number) => Path;

function* probes(network: Network, firstPath: Path, again: Again | null, clock: Clock): Lines {
  const { rng, packet } = network;
  const hops = 3 + rng.below(6);
  const first = rng.below(200);
  // the same for all probes: answers come in the order of what they answer
  const hopNs = rng.between(0.1e6, 2e6);
  // an unconnected socket has no counter and leaves the IP ID 0 where DF is set, as tracepath does
  const sender = new End(rng, again !== null && rng.chance(0.2));
  const { isIpv6 } = firstPath;
  let path = firstPath;
  for (let ttl = 1, probe = 0; ttl <= hops; probe++, ttl = 1 + Math.floor(probe / 3)) {
    if (again !== null && probe > 0) path = again(path, 33_434 + probe);
    packet.reset(again === null ? ICMP : UDP, isIpv6, sender.nextIpId());
    packet.df = packet.ipId === 0;
    packet.isEchoReply = false;
    packet.echoSeq = probe + 1;
    packet.payloadLength = 32;
    packet.poolAt = 256;
    const rttNs = hopNs * ttl;
    if (ttl === 1) {
      network.refuse(path, true, clock.nowNs, {
        ...timeExceeded(isIpv6),
        quotedTtl: 1,
        sentTtl: 1,
        ipId: drawId(rng),
      });
    } else {
      const arrived = network.send({ ...path, clientTtl: ttl }, true, clock.nowNs);
      const isRouter = ttl < hops;
      if (arrived && (isRouter || again !== null)) {
        network.answer(path, true, clock.nowNs + rttNs, {
          ...(isRouter ? timeExceeded(isIpv6) : portUnreachable(isIpv6)),
          from: isRouter ? (ttl === 2 ? GATEWAY : router(first + ttl)) : null,
          ttl: 66 - ttl,
          quotedTtl: 1,
          ipId: drawId(rng),
        });
      } else if (arrived) {
        packet.reset(ICMP, isIpv6, 0);
        packet.ipId = drawId(rng);
        packet.df = false;
        packet.isEchoReply = true;
        packet.payloadLength = 32;
        packet.poolAt = 256;
        network.send(path, false, clock.nowNs + rttNs);
      }
    }
    yield rng.chance(0.5) ? rng.between(30e3, 100e3) : rttNs + rng.between(10e3, 100e3);
  }
}

/** Datagrams to a port where nobody listens, far away or in a container: the end refuses them, mostly. */
export function closedPort(network: Network, path: Path, scenario: Scenario): Script {
  return new Script(function* (clock) {
    const { rng, packet } = network;
    const client = new End(rng, rng.chance(scenario.zeroIpId));
    const server = new End(rng, false);
    for (let tries = 2 + rng.below(8); tries > 0; tries--) {
      fill(network, path, client.nextIpId(), 12 + rng.below(200));
      if (network.send(path, true, clock.nowNs) && rng.chance(0.85)) {
        const hops = rng.below(10);
        network.answer(path, true, clock.nowNs + rng.between(20e3, 2e6), {
          ...portUnreachable(path.isIpv6),
          from: null,
          ttl: 64 - (path.isClientInside ? hops : 0),
          quotedTtl: packet.ttl - (path.isClientInside ? hops : 0),
          ipId: server.nextIpId(),
        });
      }
      yield 3e6 + rng.exponential(scenario.gapNs);
    }
  });
}

/** Datagrams that the host's firewall rejects, or whose TTL ends at the host. */
export function rejected(network: Network, path: Path, scenario: Scenario): Script {
  return new Script(function* (clock) {
    const { rng } = network;
    const client = new End(rng, rng.chance(scenario.zeroIpId));
    const isTtl = rng.chance(0.3);
    const reason = isTtl ? timeExceeded : rng.chance(0.5) ? portUnreachable : prohibited;
    for (let tries = 2 + rng.below(6); tries > 0; tries--) {
      fill(network, path, client.nextIpId(), 12 + rng.below(200));
      const sentTtl = isTtl ? 1 : path.clientTtl;
      // FORWARD comes after the TTL is lowered, the TTL's own check before
      const quotedTtl = isTtl ? 1 : sentTtl - 1;
      network.refuse(path, true, clock.nowNs, { ...reason(path.isIpv6), sentTtl, quotedTtl, ipId: drawId(rng) });
      yield 1e6 + rng.exponential(scenario.gapNs);
    }
  });
}

/** Packets with DF that some link on the way is too narrow for: the uplink, or one beyond. Then smaller ones. */
export function pathMtu(network: Network, path: Path, scenario: Scenario): Script {
  return new Script(function* (clock) {
    const { rng } = network;
    const client = new End(rng, rng.chance(scenario.zeroIpId));
    const mtu = 1300 + 50 * rng.below(4);
    const isUplink = rng.chance(0.4);
    const hop = 1 + rng.below(4);
    const headers = path.isIpv6 ? 48 : 28;
    for (let tries = 1 + rng.below(3); tries > 0; tries--) {
      fill(network, path, client.nextIpId(), 1500 - headers);
      const error: Omit<HostError, "quotedTtl"> = {
        ...tooBig(path.isIpv6, mtu),
        sentTtl: path.clientTtl,
        ipId: drawId(rng),
      };
      if (isUplink) network.refuse(path, true, clock.nowNs, { ...error, quotedTtl: path.clientTtl });
      else if (network.send(path, true, clock.nowNs)) {
        const from = hop === 1 ? GATEWAY : router(hop);
        const quotedTtl = path.clientTtl - hop;
        network.answer(path, true, clock.nowNs + hop * 0.2e6, { ...error, from, quotedTtl, ttl: 65 - hop });
      }
      yield 1e6 + rng.exponential(1e6);
    }
    for (let more = 3 + rng.below(10); more > 0; more--) {
      fill(network, path, client.nextIpId(), mtu - headers);
      network.send(path, true, clock.nowNs);
      yield rng.exponential(scenario.gapNs) + 1e3;
    }
  });
}

/** A UDP datagram with bytes of its own. */
function fill({ packet, rng }: Network, path: Path, ipId: number, bytes: number): void {
  packet.reset(UDP, path.isIpv6, ipId);
  packet.payloadLength = bytes;
  packet.poolAt = 2 * rng.below(RANDOM_BYTES / 2);
}
