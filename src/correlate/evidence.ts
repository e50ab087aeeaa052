import { HAS_IP_ID, HAS_PAYLOAD, HAS_TCP_NUMBERS, ICMP, ICMPV6, IS_ERROR } from "../packets/packets.js";
import {
  EVIDENCE_ICMP_SEQ,
  EVIDENCE_IP_ID,
  EVIDENCE_LENGTH,
  EVIDENCE_PAYLOAD,
  EVIDENCE_QUOTE,
  EVIDENCE_TCP_ACK,
  EVIDENCE_TCP_SEQ,
} from "../packets/results.js";

/** The evidence that a key with these flags stands for. */
export function evidenceOf(proto: number, flags: number): number {
  let evidence = EVIDENCE_LENGTH;
  if (flags & HAS_IP_ID) evidence |= EVIDENCE_IP_ID;
  if (flags & HAS_TCP_NUMBERS) evidence |= EVIDENCE_TCP_SEQ | EVIDENCE_TCP_ACK;
  if (flags & HAS_PAYLOAD) evidence |= EVIDENCE_PAYLOAD;
  if (flags & IS_ERROR) evidence |= EVIDENCE_QUOTE;
  else if (proto === ICMP || proto === ICMPV6) evidence |= EVIDENCE_ICMP_SEQ;
  return evidence;
}
