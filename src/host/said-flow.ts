import type { FlowSummary } from "../packets/results/results.js";
import { said, saidAddress, type Sentence } from "../packets/results/sentence.js";

/** A flow in words, as it is inside, from whom began it: `udp c1.5000 > 10.0.2.2.53`. `epochNs`: where the timeline begins. */
export function saidFlow(flow: FlowSummary, epochNs: bigint): Sentence {
  const { proto, inside, initiator, sides, firstNs, lastNs } = flow;
  const { src, dst, srcPort, dstPort, icmpId, srcMac, dstMac } = inside;
  const times = { fromNs: Number(firstNs - epochNs), throughNs: Number(lastNs - epochNs) };
  const isCrossing = sides[0] !== sides[1];
  const isFromOutside = initiator === "outside";
  const from = saidAddress(src, { ...times, peer: dst, mac: srcMac, isBeyond: isCrossing && isFromOutside });
  const to = saidAddress(dst, { ...times, peer: src, mac: dstMac, isBeyond: isCrossing && !isFromOutside });
  if (icmpId !== undefined) return said`${proto} ${from} > ${to} id ${icmpId}`;
  if (srcPort === undefined || dstPort === undefined) return said`${proto} ${from} > ${to}`;
  return said`${proto} ${from}.${srcPort} > ${to}.${dstPort}`;
}
