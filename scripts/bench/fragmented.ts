import { type Cut, inOrder, piecesOf, type View } from "./cuts.js";
import { End } from "./end.js";
import type { Network, Path } from "./network.js";
import { ICMP, UDP } from "./packet.js";
import { STREAM_BYTES, streamAt } from "./payload.js";
import type { Rng } from "./rng.js";
import { type Clock, type Lines, Script } from "./script.js";
import type { Scenario } from "./scenarios.js";

/** What programs send that does not fit a frame: payloads of large DNS answers, `ping -s`, NFS; bytes. */
const PAYLOADS = [1473, 2000, 3000, 4000, 4096, 8192];
/** MTUs on the way. IPv6 knows none below 1280. */
const MTUS_IPV4 = [1500, 1500, 1500, 1400, 576];
const MTUS_IPV6 = [1500, 1500, 1500, 1400, 1280];

/** Datagrams over the MTU, asked and answered: UDP, or echoes with a payload like that. */
export function bigDatagrams(
  network: Network,
  path: Path,
  scenario: Scenario,
  proto: typeof UDP | typeof ICMP,
): Script {
  return new Script((clock) => exchange(network, path, scenario, proto, clock));
}

function* exchange(network: Network, path: Path, scenario: Scenario, proto: number, clock: Clock): Lines {
  const { rng, packet } = network;
  const client = new End(rng, false);
  const server = new End(rng, false);
  const bytes = PAYLOADS[rng.below(PAYLOADS.length)];
  let echoSeq = 1;
  const send = (fromClient: boolean, content: number) => {
    packet.reset(proto, path.isIpv6, (fromClient ? client : server).nextIpId());
    packet.df = false;
    packet.isEchoReply = !fromClient;
    packet.echoSeq = echoSeq;
    packet.payloadLength = bytes;
    packet.poolAt = streamAt(content, 0);
    const isOutbound = fromClient === path.isClientInside;
    const cut = cutOf(rng, 8 + bytes, path.isIpv6, isOutbound, scenario.pieceLoss);
    return network.send(path, fromClient, clock.nowNs, cut);
  };
  for (let rounds = 3 + rng.below(20); rounds > 0; rounds--, echoSeq++) {
    // every ping sends the same bytes, programs hardly ever do
    const content = proto === ICMP || rng.chance(0.1) ? 0 : 2 * rng.below(STREAM_BYTES / 2);
    const arrived = send(true, content);
    yield rng.between(0.3e6, 5e6);
    if (arrived) send(false, proto === ICMP ? content : 2 * rng.below(STREAM_BYTES / 2));
    yield rng.exponential(scenario.gapNs) + 50e3;
  }
}

/**
 * What is received comes in fragments, and conntrack puts it together. Where it leaves, it is cut again, mostly as it
 * was; what a container sends is whole on a bridge with br_netfilter.
 */
function cutOf(rng: Rng, bytes: number, isIpv6: boolean, isOutbound: boolean, pieceLoss: number): Cut {
  const received = piecesOf(bytes, mostOf(rng, isIpv6));
  const exit = rng.chance(isOutbound ? 0.3 : 0.8) ? received : piecesOf(bytes, mostOf(rng, isIpv6));
  const isWhole = isOutbound ? rng.chance(0.7) : false;
  const isWholeThere = !isOutbound && rng.chance(0.2);
  return {
    entry: seen(rng, isWhole ? [bytes] : received, pieceLoss),
    exit: seen(rng, isWholeThere ? [bytes] : exit, pieceLoss),
  };
}

/** Most bytes of a fragment after the IP header, and the fragment header in IPv6. */
function mostOf(rng: Rng, isIpv6: boolean): number {
  const mtus = isIpv6 ? MTUS_IPV6 : MTUS_IPV4;
  return (mtus[rng.below(mtus.length)] - (isIpv6 ? 48 : 20)) & ~7;
}

/** Pieces as they come: now and then out of order, seldom without one of them. */
function seen(rng: Rng, pieces: readonly number[], pieceLoss: number): View {
  const order = [...inOrder(pieces).order];
  if (order.length > 1 && rng.chance(0.15)) order.reverse();
  else if (order.length > 2 && rng.chance(0.15)) order.push(...order.splice(rng.below(order.length - 1), 1));
  if (order.length > 1 && rng.chance(pieceLoss)) order.splice(rng.below(order.length), 1);
  return { pieces, order };
}
