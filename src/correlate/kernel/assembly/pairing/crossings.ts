/** Which packets that crossed `Impacts` has to know of: those that may be copies of what was dropped, or answer it, or come where something was. */
import { pairsOf, streamOf } from "../../../../packets/flows/assembly/flow-accounts.js";
import { spanOf } from "../../../../packets/assembly/headers.js";
import { setWord, wordOf } from "../../../../packets/memory/assembly/words.js";
import * as account from "../../../../packets/flows/flow-records.js";
import { HAS_TCP_NUMBERS, IS_AGAIN, IS_ECHO, isAgain } from "../../../../packets/packets.js";
import * as record from "../../../../packets/records.js";
import * as tuple from "../../../../packets/tuples.js";
import { TCP, UDP } from "../../../../protocols/ip-protocols.js";
import { RST, SYN } from "../../../../protocols/tcp.js";
import * as entries from "../../entries.js";
import * as words from "../../kernel-words.js";
import { isSaidAgain } from "../weighing/alike.js";
import { accountOf, recordOf, tupleOf, wayAt, wayOf } from "../places.js";

/** Takes a packet, once: marks a TCP segment IS_AGAIN that enters on this side, where some of its bytes did before. */
export function noteEntry(ground: usize, packet: usize, side: i32): void {
  const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
  if (record.protoIn(flags) !== TCP || (flags & HAS_TCP_NUMBERS) === 0) return;
  const bytes = spanOf(packet);
  if (bytes === 0) return;
  const way = wayOf(packet);
  const flow = load<i32>(wayAt(ground, way));
  const slot = flow >> tuple.FLOW_SHIFT;
  if (slot === tuple.NONE) return;
  const bits = flow >> tuple.FLOW_BITS_SHIFT;
  const forward = account.forwardOn(bits, way, side);
  // it leaves here
  if (account.outboundFor(bits, forward) === side) return;
  const direction = streamOf(wordOf(ground, words.ACCOUNTS), slot) + (forward << 2);
  const entered = load<i32>(direction, 4 * account.ENTERED);
  const from = load<i32>(packet, 4 * record.SEQ);
  if (entered !== 0 && from - entered < 0) store<i32>(packet, flags | IS_AGAIN, 4 * record.FLAGS_PROTO_TTL);
  if (entered === 0 || from + bytes - entered > 0 || (load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE) & SYN) !== 0)
    store<i32>(direction, from + bytes, 4 * account.ENTERED);
}

/**
 * Notes that a packet crossed, if anybody is to know: its record as it entered, the slot of its flow,
 * whether it went outbound, and the inside row of its pair.
 */
export function noteCrossing(ground: usize, packet: usize, slot: i32, outbound: i32, row: i32): void {
  if (!isWanted(ground, packet, slot, outbound)) return;
  const count = wordOf(ground, words.CROSSING_COUNT);
  const entry = recordOf(<usize>wordOf(ground, words.CROSSINGS), count & (entries.CROSSING_ENTRIES - 1));
  memory.copy(entry, packet, record.RECORD_BYTES);
  store<i32>(entry, slot, 4 * record.CROSSING_SLOT);
  store<i32>(entry, record.crossingOf(row, outbound), 4 * record.CROSSING_ROW_OUTBOUND);
  setWord(ground, words.CROSSING_COUNT, count + 1);
}

function isWanted(ground: usize, packet: usize, slot: i32, outbound: i32): bool {
  const way = wayOf(packet);
  const facts = load<i32>(tupleOf(ground, way), 4 * tuple.FACTS);
  if ((facts & tuple.HAS_OPEN_DROPS) !== 0) return true;
  const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
  const proto = record.protoIn(flags);
  // a reset takes no sequence number that would show that it is sent again
  const isReset = (load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE) & RST) !== 0;
  // of a flow that was not known as it entered, its own way tells that a segment is sent again
  const isTcpAgain = isReset || isAgain(flags) || isSaidAgain(packet);
  if (proto === TCP ? isTcpAgain : (facts & (tuple.IS_REPEATING << tuple.forwardIn(way))) !== 0) return true;
  // an answer comes before it is known that nothing of what it answers was seen to cross
  if ((flags & IS_ECHO) !== 0) return true;
  const isDns = (load<i32>(packet, 4 * record.SEQ) & (record.DNS_QUERY | record.DNS_RESPONSE)) !== 0;
  if (proto === UDP && isDns) return true;
  // of a flow that was not known when what was lost came, the first ones may be copies of that
  return pairsOf(accountOf(ground, slot), outbound) <= words.FEW_PAIRS;
}
