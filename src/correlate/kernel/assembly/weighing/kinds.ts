/** Of which kinds the translations are that were learnt: one of another kind takes more to believe. */
import { endOf } from "../../../../packets/assembly/tuples.js";
import { setWord, wordOf } from "../../../../packets/memory/assembly/words.js";
import { REWRITE_DST, REWRITE_SRC } from "../../../../packets/flows/flows.js";
import * as tuple from "../../../../packets/tuples.js";
import * as words from "../../kernel-words.js";
import { hashOfAddress } from "../hashes.js";
import { tupleOf } from "../places.js";
import { isOutbound } from "./relation.js";

/** Set in every kind, as 0 is none. */
const IS_KIND = 4;

/** Whether a translation of one end, of the two related last, is unlike those known of its IP version. `changes`: REWRITE_… bits. */
export function isStrange(ground: usize, changes: i32, iWay: i32, oWay: i32): bool {
  const kind = kindOf(ground, changes, iWay, oWay);
  return kind !== 0 && wordOf(ground, words.HAS_KINDS + (kind & 1)) !== 0 && !isKnownKind(ground, kind);
}

/** Whether it is of a kind that is known. */
export function isKnown(ground: usize, changes: i32, iWay: i32, oWay: i32): bool {
  const kind = kindOf(ground, changes, iWay, oWay);
  return kind !== 0 && isKnownKind(ground, kind);
}

function isKnownKind(ground: usize, kind: i32): bool {
  for (let at = 0; at < words.MOST_KINDS; at++) if (wordOf(ground, words.NAT_KINDS + at) === kind) return true;
  return false;
}

/** Notes of what kind the translation of a flow is that is being learnt. */
export function noteKind(ground: usize, changes: i32, iWay: i32, oWay: i32): void {
  const kind = kindOf(ground, changes, iWay, oWay);
  if (kind === 0) return;
  setWord(ground, words.HAS_KINDS + (kind & 1), 1);
  if (isKnownKind(ground, kind)) return;
  const count = wordOf(ground, words.KIND_COUNT);
  setWord(ground, words.NAT_KINDS + (count % words.MOST_KINDS), kind);
  setWord(ground, words.KIND_COUNT, count + 1);
}

/**
 * Of what kind a translation of one end is: a NAT hides hosts inside behind an address of its own, or hosts outside behind that of a service. A hash of
 * that address and of which it is, with the IP version in its lowest bit; 0 for a translation of both ends, or of none.
 */
function kindOf(ground: usize, changes: i32, iWay: i32, oWay: i32): i32 {
  const isSource = (changes & REWRITE_SRC) !== 0;
  if (isSource === ((changes & REWRITE_DST) !== 0)) return 0;
  const isOwn = isSource === isOutbound;
  const way = isOwn ? oWay : iWay;
  const isIpv6 = tuple.isOfIpv6(load<i32>(tupleOf(ground, way), 4 * tuple.KIND));
  const address = endOf(wordOf(ground, words.TUPLES), way, isSource);
  return ((hashOfAddress(address, isIpv6) * 2 + (isOwn ? 1 : 0)) << 1) | i32(isIpv6) | IS_KIND;
}
