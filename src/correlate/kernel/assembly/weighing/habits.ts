/** What this router does to the IP headers of what it forwards, as the pairs so far tell, and whether two packets look like that. */
import { headerChanges, loweredBy } from "../../../../packets/assembly/headers.js";
import { wordOf } from "../../../../packets/memory/assembly/words.js";
import { HAS_IP_ID } from "../../../../packets/packets.js";
import * as record from "../../../../packets/records.js";
import { ALTERED_DF, ALTERED_DSCP, ALTERED_FLOW_LABEL } from "../../../../packets/results/evidence.js";
import { TCP } from "../../../../protocols/ip-protocols.js";
import { isTtlSet } from "../../../../protocols/ttl.js";
import * as words from "../../kernel-words.js";

/** What tells two packets apart where the router was not seen to write it anew. Congestion does so to ECN, any time. */
const LEFT_ALONE = ALTERED_DF | ALTERED_DSCP | ALTERED_FLOW_LABEL;

/** Whether the TTL of two packets that went that way was lowered as that of the last pair that did. */
export function isLoweredAsLast(ground: usize, i: usize, o: usize, outbound: bool): bool {
  return loweredBy(i, o) === wordOf(ground, words.LOWERED + i32(outbound));
}

/**
 * Whether two packets without an ID or TCP numbers (`flags`: of both) differ in what this router did to all others that went that way: by how much it lowers
 * the TTL, and what it leaves alone. Then another container may have sent what left, and one of each was missed.
 */
export function isUnlikeOthers(ground: usize, flags: i32, i: usize, o: usize, outbound: bool): bool {
  if (record.protoIn(flags) === TCP || (flags & HAS_IP_ID) !== 0) return false;
  const own = i32(outbound);
  if (wordOf(ground, words.PAIRED + own) === 0) return false;
  const isTtlKept = (wordOf(ground, words.UNLOWERED + own) | wordOf(ground, words.LOWERED_ANEW + own)) === 0;
  if (isTtlKept && !isLoweredAsLast(ground, i, o, outbound)) return true;
  for (let bits = headerChanges(i, o, own) & LEFT_ALONE; bits !== 0; bits &= bits - 1)
    if (wordOf(ground, words.ALTERED_IN + ctz(bits)) === 0) return true;
  return false;
}

/** Whether the last pair of this direction had its TTL lowered by that, and the last one of the other direction had not. */
export function isUsualWay(ground: usize, lowered: i32, outbound: bool): bool {
  const own = i32(outbound);
  if (wordOf(ground, words.PAIRED) === 0 || wordOf(ground, words.PAIRED + 1) === 0) return false;
  return wordOf(ground, words.LOWERED + own) === lowered && wordOf(ground, words.LOWERED + 1 - own) !== lowered;
}

/** Whether the router sets the TTL of what goes that way, as that of the last pair tells. */
export function isSettingTtl(ground: usize, outbound: bool): bool {
  const lowered = outbound ? wordOf(ground, words.LOWERED + 1) : -wordOf(ground, words.LOWERED);
  return isTtlSet(lowered, 0);
}
