import type { Ends, Translation } from "../packets/results/results.js";
import type { Protocol } from "../protocols/ip-protocols.js";

const ARROW = " > ";

/** A tuple in tcpdump's wording, `tcp 172.17.0.2.45678 > 180.101.49.11.443`; equal tuples have equal texts. */
export function tupleText(proto: Protocol, { src, dst, srcPort, dstPort, icmpId }: Ends): string {
  if (icmpId !== undefined) return flat(proto, " ", src, ARROW, dst, " id ", icmpId);
  if (srcPort === undefined) return flat(proto, " ", src, ARROW, dst);
  return flat(proto, " ", src, ".", srcPort, ARROW, dst, ".", dstPort);
}

/** A text that may be kept: of one that a template makes, V8 keeps each piece, and what joins two (Node 20, 2026-11). */
function flat(...pieces: readonly (string | number | undefined)[]): string {
  return pieces.join("");
}

const END = String.raw`((?:\d+\.){3}\d+|[\da-f:]+)(?:\.(\d+))?`;
const TUPLE = new RegExp(`^(\\S+) ${END} > ${END}(?: id (\\d+))?$`);

/** The ends that a tuple's text tells of. */
export function endsIn(text: string): Ends {
  const [, , src, srcPort, dst, dstPort, icmpId] = TUPLE.exec(text) ?? [];
  if (icmpId !== undefined) return { src, dst, icmpId: Number(icmpId) };
  return srcPort === undefined ? { src, dst } : { src, dst, srcPort: Number(srcPort), dstPort: Number(dstPort) };
}

/** The text of the other direction's tuple. */
export function reversedText(text: string): string {
  // each flow is looked up by it: cut where its parts are, it takes a third of what splitting it takes
  const behindProto = text.indexOf(" ");
  const behindSrc = text.indexOf(ARROW, behindProto);
  const id = text.indexOf(" ", behindSrc + ARROW.length);
  const behindDst = id < 0 ? text.length : id;
  const src = text.slice(behindProto + 1, behindSrc);
  return flat(
    text.slice(0, behindProto + 1),
    text.slice(behindSrc + ARROW.length, behindDst),
    ARROW,
    src,
    text.slice(behindDst),
  );
}

/** The tuple of the other direction. */
export function reversed({ src, dst, srcPort, dstPort, icmpId }: Ends): Ends {
  return { src: dst, dst: src, srcPort: dstPort, dstPort: srcPort, icmpId };
}

/**
 * A packet whose destination is rewritten already and whose source is not yet. An ICMP id is rewritten together with whichever
 * address is rewritten first (net/netfilter/nf_nat_proto.c, icmp_manip_pkt).
 */
export function halfway(entering: Ends, leaving: Ends): Ends {
  const { src, srcPort } = entering;
  const { dst, dstPort } = leaving;
  const { icmpId } = entering.dst === dst ? entering : leaving;
  return { src, dst, srcPort, dstPort, icmpId };
}

/** Whether its initiator's packets come to the NAT as `outside` has them. What is turned round on a side comes as `inside` has it, whichever side that is. */
export function isIncoming({ initiator, sides }: Translation): boolean {
  return initiator === "outside" && sides[0] !== sides[1];
}

/** What is certain of a flow, if it was begun so. Of one whose opener is not known, its ends are those of what travels outbound. */
export function begunBy(flow: Translation, opener: "inside" | "outside"): Translation {
  const { proto, nat, initiator, inside, outside, sides } = flow;
  const isTurned = (initiator === "outside") !== (opener === "outside");
  const isSource = inside.src !== outside.src || inside.srcPort !== outside.srcPort || inside.icmpId !== outside.icmpId;
  const known = nat === "unknown" ? (isSource ? "snat" : "dnat") : nat;
  if (!isTurned) return { proto, nat: known, initiator: opener, inside, outside, sides };
  return {
    proto,
    nat: known === "snat" ? "dnat" : known === "dnat" ? "snat" : known,
    initiator: opener,
    inside: reversed(inside),
    outside: reversed(outside),
    sides,
  };
}

/** What the initiator's packets are as they come to the NAT, and as they leave it; those that travel outbound where that is not known. */
export function passage(flow: Translation): { entering: Ends; leaving: Ends } {
  return isIncoming(flow)
    ? { entering: flow.outside, leaving: flow.inside }
    : { entering: flow.inside, leaving: flow.outside };
}
