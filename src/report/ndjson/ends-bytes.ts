import type { Tables } from "../../packets/results/results.js";
import { writeAddress } from "./address-bytes.js";
import { writeUint32 } from "./digits.js";
import { ECHO_ID, endsKind, BOTH_PORTS } from "../ends.js";
import { Part, writePart } from "./part.js";

const SRC = new Part('","src":"');
const SRC_PORT = new Part('","srcPort":');
const DST_BEHIND_PORT = new Part(',"dst":"');
const DST = new Part('","dst":"');
const DST_PORT = new Part('","dstPort":');
const ICMP_ID = new Part('","icmpId":');
const QUOTE = 0x22;

/**
 * Writes a packet's ends as `endsJson` has them, behind the quote that ends what is before them and a comma; returns where they
 * end. Not for ICMP errors. Written anew each time: kept for each flow, they were fetched from memory in as long as that takes,
 * and 27,000 flows took 35 MB.
 */
export function writeEnds(view: DataView, from: number, { timeline, tuples }: Tables, row: number): number {
  const tuple = timeline.tuple(row);
  const isForward = timeline.forward(row) === 1;
  const kind = endsKind(timeline.proto(row), timeline.flags(row));
  const isIpv6 = tuples.isIpv6(tuple);
  let at = writePart(view, from, SRC);
  at = writeAddress(view, at, isIpv6, tuples.words, tuples.address(tuple, isForward));
  if (kind === BOTH_PORTS) {
    at = writePart(view, at, SRC_PORT);
    at = writeUint32(view, at, tuples.port(tuple, isForward));
    at = writePart(view, at, DST_BEHIND_PORT);
  } else at = writePart(view, at, DST);
  at = writeAddress(view, at, isIpv6, tuples.words, tuples.address(tuple, !isForward));
  if (kind === BOTH_PORTS) {
    at = writePart(view, at, DST_PORT);
    return writeUint32(view, at, tuples.port(tuple, !isForward));
  }
  if (kind === ECHO_ID) {
    at = writePart(view, at, ICMP_ID);
    return writeUint32(view, at, tuples.port(tuple, true));
  }
  view.setUint8(at, QUOTE);
  return at + 1;
}
