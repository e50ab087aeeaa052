/**
 * Segments that crossed just before. Where both captures show a packet twice, as mirror ports do, its copies are a pair as well, which no sender has sent
 * again. A copy equals its packet in all, IP ID included, and comes within COPY_NS. A sender gives what it sends again another ID (Linux: net/ipv4/ip_output.c,
 * __ip_queue_xmit); where there is none, it may have sent it again that fast, or not: nothing tells.
 */
import { rowAt } from "../../../../packets/memory/assembly/words.js";
import * as record from "../../../../packets/records.js";
import { COPY_NS } from "../../../intake/copies.js";
import * as entries from "../../entries.js";
import * as words from "../../kernel-words.js";
import { sinceNs } from "../weighing/alike.js";
import { spread } from "../hashes.js";

/**
 * Notes a segment that crossed, by the record of one side and the inside stamp of its pair. Returns whether it may be a copy of one that crossed just before: one that
 * equals it, or one that is not known any more. `stream`: of its flow and direction.
 */
export function noteShown(ground: usize, stream: i32, packet: usize, pairNs: f64): bool {
  const hash = spread(load<i32>(packet, 4 * record.SEQ) ^ spread(stream));
  const said = spread(load<i32>(packet, 4 * record.KEY) ^ spread(load<i32>(packet, 4 * record.IP_ID)));
  const entry = rowAt(ground, words.SHOWN_SEGMENTS, hash & (entries.SHOWN_ENTRIES - 1), entries.SHOWN_BITS);
  const noted = load<i32>(entry, 4 * entries.SHOWN_HASH);
  const notedSaid = load<i32>(entry, 4 * entries.SHOWN_SAID);
  const notedNs = load<f64>(entry, 8 * entries.SHOWN_NS);
  // whatever is decided late leaves what passed behind it, so that no place forgets that it was taken
  if (pairNs >= notedNs) {
    store<i32>(entry, hash, 4 * entries.SHOWN_HASH);
    store<i32>(entry, said, 4 * entries.SHOWN_SAID);
    store<f64>(entry, pairNs, 8 * entries.SHOWN_NS);
  }
  const equalNs = sinceNs(packet);
  if (equalNs > 0) return equalNs <= COPY_NS;
  const isOther = noted === hash && notedSaid !== said;
  return !isOther && pairNs - notedNs <= COPY_NS;
}
