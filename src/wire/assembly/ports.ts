import { DCCP, SCTP, TCP, UDP, UDPLITE } from "../../packets/packets.js";

/** As `hasPorts` of packets.ts. */
export function hasPorts(proto: i32): bool {
  return proto === TCP || proto === UDP || proto === SCTP || proto === DCCP || proto === UDPLITE;
}
