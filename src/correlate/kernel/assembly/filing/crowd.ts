/**
 * Packets of a crowd. Of all that wait there with one key, those of a known flow are told by that, as anywhere else, where no other of its ways
 * waits with it.
 */
import { fateOf, sideOf } from "../../../../packets/assembly/timeline.js";
import { doubleOf, wordOf } from "../../../../packets/memory/assembly/words.js";
import * as account from "../../../../packets/flows/flow-records.js";
import { NEXT, PREVIOUS } from "../../../../packets/fates.js";
import { HAS_IP_ID } from "../../../../packets/packets.js";
import * as record from "../../../../packets/records.js";
import { INSIDE, OUTSIDE } from "../../../../packets/sides.js";
import { FLOW_SHIFT, NONE, UNBOUND, wayOfTuple } from "../../../../packets/tuples.js";
import * as words from "../../kernel-words.js";
import { IMPOSSIBLE, KNOWN } from "../../relations.js";
import * as buckets from "./buckets.js";
import * as lanes from "./lanes.js";
import { APART_NS, limitOf } from "../timing/pace.js";
import { isInDoubt } from "../pairing/pairing.js";
import { accountOf, lineOf, packetOf, passedNs, wayAt, wayOf } from "../places.js";
import * as relation from "../weighing/relation.js";

/** Whether, of the two that `twinInCrowd` found, only time speaks against others. */
export let usesTime = false;

/** Several may be meant. */
const SEVERAL = -2;
/** With more of one flow within what packets take, none of them is looked at. */
const MOST_IN_REACH = 16;

/** The only one in a row's crowd that may be its twin by their flow, related last; NONE where it is not certain that it is. */
export function twinInCrowd(ground: usize, row: i32): i32 {
  const waiting = <usize>wordOf(ground, words.BUCKETS);
  usesTime = false;
  // where nothing vouches for the clocks, others may be meant whatever they say
  if (!buckets.isInCrowd(waiting, row) || doubleOf(ground, words.SLACK_NS) === Infinity) return NONE;
  const packet = packetOf(ground, row);
  // an ID may be the router's own
  if ((load<i32>(packet, 4 * record.FLAGS_PROTO_TTL) & HAS_IP_ID) !== 0) return NONE;
  const way = wayOf(packet);
  const slot = load<i32>(wayAt(ground, way)) >> FLOW_SHIFT;
  if (slot === NONE) return NONE;
  const flow = accountOf(ground, slot);
  const bits = load<i32>(flow, 4 * account.BITS);
  if ((bits & account.IS_ONE_OF_SEVERAL) !== 0) return NONE;
  const isInside = sideOf(lineOf(ground), row) === INSIDE;
  const tuple = isInside ? load<i32>(flow, 4 * account.OUTSIDE_TUPLE) : load<i32>(flow, 4 * account.INSIDE_TUPLE);
  const twinWay = wayOfTuple(tuple, (way ^ bits) & account.IS_FLIPPED);
  const forward = account.forwardOn(bits, way, isInside ? INSIDE : OUTSIDE);
  // time tells those apart that are far apart; of others, what follows decides, at the end of their window
  const reachNs = max<f64>(APART_NS, 2 * limitOf(ground, account.outboundFor(bits, forward) === 1));
  const bucket = buckets.bucketOf(waiting, row);
  const twin = onlyTimely(ground, lanes.newest(waiting, bucket, twinWay), row, row, reachNs);
  if (twin < 0) return NONE;
  if (onlyTimely(ground, lanes.newest(waiting, bucket, way), twin, row, reachNs) !== NONE) return NONE;
  const limitNs = limitOf(ground, account.outboundFor(bits, forward) === 1);
  if (isUnknownBeside(ground, isInside ? row : twin, isInside ? twin : row, limitNs)) return NONE;
  relate(ground, row, twin);
  return twin;
}

/**
 * The only one that may be a row's twin and took what packets take, of a lane from its newest on, but for one row; NONE where there is none, SEVERAL
 * where that is not certain. None is looked at that is further away in time than `reachNs`.
 */
function onlyTimely(ground: usize, newest: i32, row: i32, exceptFor: i32, reachNs: f64): i32 {
  const timeNs = passedNs(packetOf(ground, row));
  let timely = NONE;
  let looked = 0;
  for (let other = newest; other !== NONE; other = lanes.older(wordOf(ground, words.BUCKETS), other)) {
    if (other === exceptFor) continue;
    if (abs<f64>(passedNs(packetOf(ground, other)) - timeNs) > reachNs) {
      usesTime = true;
      break;
    }
    if (looked++ === MOST_IN_REACH) return SEVERAL;
    const found = relate(ground, row, other);
    if (found === IMPOSSIBLE) continue;
    if (timely !== NONE || found !== KNOWN || isInDoubt(found)) return SEVERAL;
    timely = other;
  }
  return timely;
}

/**
 * Whether more passed the outside as near to an inside row as twins may be, by translations that nobody knows, than entered or left the inside there by such: one tuple may
 * have several at once (Linux: nf_conntrack_core.c, clash_resolve), and the inside may have missed what went by the known one.
 */
function isUnknownBeside(ground: usize, inside: i32, outside: i32, withinNs: f64): bool {
  const timeNs = passedNs(packetOf(ground, inside));
  // most of the time none did
  if (doubleOf(ground, words.UNKNOWN_NS) < timeNs - withinNs) return false;
  const left = unknownsAround(ground, outside, timeNs, withinNs);
  return left > 0 && left > unknownsAround(ground, inside, timeNs, withinNs);
}

/** How many of a row's side and crowd passed as near to a time by ways of no known translation, of MOST_IN_REACH before the row and as many behind it. */
function unknownsAround(ground: usize, row: i32, timeNs: f64, withinNs: f64): i32 {
  const line = lineOf(ground);
  let unknown = 0;
  for (let to = PREVIOUS; to <= NEXT; to++) {
    let looked = 0;
    for (
      let other = load<i32>(fateOf(line, row) + (to << 2));
      other !== NONE;
      other = load<i32>(fateOf(line, other) + (to << 2))
    ) {
      const packet = packetOf(ground, other);
      if (abs<f64>(passedNs(packet) - timeNs) > withinNs || looked++ === MOST_IN_REACH) break;
      if (load<i32>(wayAt(ground, wayOf(packet))) === UNBOUND) unknown++;
    }
  }
  return unknown;
}

/** How two rows stand to each other, whichever is inside. */
function relate(ground: usize, row: i32, other: i32): i32 {
  const isInside = sideOf(lineOf(ground), row) === INSIDE;
  return isInside ? relation.relateRows(ground, row, other) : relation.relateRows(ground, other, row);
}
