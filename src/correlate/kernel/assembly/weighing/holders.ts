/**
 * Which conversations of the inside have a port that packets leave by. A NAT keeps a port wherever it is free (nf_nat_core.c, get_unique_tuple): what leaves
 * by it is hardly another one's. A table remembers, by a hash of the port and of the end it speaks with, who had it last; it has a fixed size.
 */
import { endOf, isSameEnd, portsOf } from "../../../../packets/assembly/tuples.js";
import { rowAt, wordOf } from "../../../../packets/memory/assembly/words.js";
import * as account from "../../../../packets/flows/flow-records.js";
import { REWRITE_DST, REWRITE_DST_PORT, REWRITE_SRC, REWRITE_SRC_PORT } from "../../../../packets/flows/flows.js";
import { INSIDE } from "../../../../packets/sides.js";
import * as tuple from "../../../../packets/tuples.js";
import * as entries from "../../entries.js";
import * as words from "../../kernel-words.js";
import { hashOfAddress, spread } from "../hashes.js";
import { accountOf, tupleOf, wayAt } from "../places.js";
import { rewrite } from "./relation.js";

/** Notes a conversation, by a way of it. Of those of the outside, none is asked for. */
export function noteHolder(ground: usize, way: i32): void {
  const kind = load<i32>(tupleOf(ground, way), 4 * tuple.KIND);
  if (tuple.sideOf(kind) !== INSIDE) return;
  add(lineOf(ground, way), tuple.tupleIn(way) + 1);
  add(lineOf(ground, way ^ 1), tuple.tupleIn(way) + 1);
}

/** Puts an entry before those of its line; the last one is forgotten. */
function add(line: usize, entry: i32): void {
  for (let at = entries.HOLDERS_A_LINE - 1; at > 0; at--)
    store<i32>(line + (at << 2), load<i32>(line + ((at - 1) << 2)));
  store<i32>(line, entry);
}

/**
 * Whether the port that two packets, if they were twins, would have been given has another conversation of the inside, with the same other end, of which it is not
 * known that it left by another one.
 */
export function isHeldByAnother(ground: usize, iWay: i32, oWay: i32): bool {
  const changes = rewrite(ground, iWay, oWay);
  const isSource = (changes & REWRITE_SRC) !== 0;
  if (isSource === ((changes & REWRITE_DST) !== 0)) return false;
  const ports = changes & (REWRITE_SRC_PORT | REWRITE_DST_PORT);
  if (ports !== (isSource ? REWRITE_SRC_PORT : REWRITE_DST_PORT)) return false;
  // both from the end that was rewritten
  const inside = isSource ? iWay : iWay ^ 1;
  const outside = isSource ? oWay : oWay ^ 1;
  const line = lineOf(ground, outside);
  for (let at = 0; at < entries.HOLDERS_A_LINE; at++) {
    const number = load<i32>(line + (at << 2)) - 1;
    if (number < 0) return false;
    const way = tuple.wayOfTuple(number, 0);
    if (isHolder(ground, way, inside, outside) || isHolder(ground, way ^ 1, inside, outside)) return true;
  }
  return false;
}

/** Whether a way is one of the inside that has the ports of an outside way and its other end, which is also that of an inside one, and another address. */
function isHolder(ground: usize, way: i32, inside: i32, outside: i32): bool {
  const table = wordOf(ground, words.TUPLES);
  const holder = tupleOf(ground, way);
  const mask = tuple.IS_ALIVE | tuple.KIND_MASK;
  const isAlike =
    ((load<i32>(holder, 4 * tuple.KIND) ^ load<i32>(tupleOf(ground, inside), 4 * tuple.KIND)) & mask) === 0;
  if (!isAlike || portsOf(holder, way) !== portsOf(tupleOf(ground, outside), outside)) return false;
  // of the host's own address, it is what left, seen once more
  if (!isSameEnd(table, way, outside, false) || isSameEnd(table, way, outside, true)) return false;
  const slot = load<i32>(wayAt(ground, way)) >> tuple.FLOW_SHIFT;
  return (
    slot === tuple.NONE || load<i32>(accountOf(ground, slot), 4 * account.OUTSIDE_TUPLE) === tuple.tupleIn(outside)
  );
}

/** Where it is noted who has the port that a way comes from, with the end it goes to. */
function lineOf(ground: usize, way: i32): usize {
  const known = tupleOf(ground, way);
  const isIpv6 = tuple.isOfIpv6(load<i32>(known, 4 * tuple.KIND));
  const far = hashOfAddress(endOf(wordOf(ground, words.TUPLES), way, false), isIpv6);
  const hash = spread(far + spread(portsOf(known, way)));
  return rowAt(ground, words.HOLDERS, hash & (entries.HOLDER_LINES - 1), entries.HOLDER_LINE_BITS);
}
