import { HAS_IP_ID, HAS_PAYLOAD, HAS_TCP_NUMBERS, IS_ERROR } from "../../../../packets/packets.js";
import {
  EVIDENCE_ICMP_SEQ,
  EVIDENCE_IP_ID,
  EVIDENCE_LENGTH,
  EVIDENCE_PAYLOAD,
  EVIDENCE_QUOTE,
  EVIDENCE_TCP_ACK,
  EVIDENCE_TCP_SEQ,
} from "../../../../packets/results/evidence.js";
import { isIcmp } from "../../../../protocols/ip-protocols.js";

/** The evidence that a key with these flags stands for. */
export function evidenceOf(proto: i32, flags: i32): i32 {
  let evidence = EVIDENCE_LENGTH;
  if ((flags & HAS_IP_ID) !== 0) evidence |= EVIDENCE_IP_ID;
  if ((flags & HAS_TCP_NUMBERS) !== 0) evidence |= EVIDENCE_TCP_SEQ | EVIDENCE_TCP_ACK;
  if ((flags & HAS_PAYLOAD) !== 0) evidence |= EVIDENCE_PAYLOAD;
  if ((flags & IS_ERROR) !== 0) evidence |= EVIDENCE_QUOTE;
  else if (isIcmp(proto)) evidence |= EVIDENCE_ICMP_SEQ;
  return evidence;
}
