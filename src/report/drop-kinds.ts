import { IS_DF, IS_ECHO, IS_ERROR, IS_HEADLESS } from "../packets/packets.js";
import { icmpTypeIn } from "../packets/records.js";
import type { Dropped, Fate } from "../packets/results/drops.js";
import { Gathered } from "../packets/results/gathered.js";
import type { Reason } from "../packets/results/reasons.js";
import type { Tables } from "../packets/results/results.js";
import { ECHO_REQUEST, ECHO_REQUEST_6 } from "../protocols/icmp.js";
import { TCP } from "../protocols/ip-protocols.js";
import { beginsNone } from "../protocols/tcp.js";
import { isFromOpener } from "../packets/ways.js";
import { endsOf } from "./ends.js";
import { epochNsOf } from "../packets/results/epoch-ns.js";
import { mayOpen } from "./row-names.js";

/** A kind while it is gathered. */
export type Kind = { -readonly [Name in keyof Dropped]: Dropped[Name] };

/** The kind of a packet, which has none yet; `refusal`: what it was refused with. */
export function kindOf(tables: Tables, row: number, fate: Fate, isTold: boolean, refusal?: Reason): Kind {
  const { timeline, tuples } = tables;
  const [proto, flags, epochNs] = [timeline.proto(row), timeline.flags(row), epochNsOf(tables, row)];
  const isIpv6 = timeline.isIpv6(row);
  const isEchoRequest =
    (flags & IS_ECHO) !== 0 && icmpTypeIn(timeline.seq(row)) === (isIpv6 ? ECHO_REQUEST_6 : ECHO_REQUEST);
  const isError = (flags & IS_ERROR) !== 0;
  const side = timeline.sideOf(row);
  return {
    fate,
    refusal,
    side,
    source: timeline.frames[side].sourceOf(timeline.frame(row)),
    isIpv6,
    proto,
    ends: endsOf(tables, row),
    beyond: undefined,
    isEchoRequest,
    isError,
    isPlain: (flags & IS_HEADLESS) === 0,
    isTold,
    mayOpen: !isError && mayOpen(tables, row),
    isStray: isStray(tables, row, isEchoRequest),
    isFromOpener: tuples.isOpenerKnown(timeline.tuple(row)) && isFromOpener(tuples, timeline.way(row)),
    macTo: timeline.macTo(row),
    uncutLength: isIpv6 || (flags & IS_DF) !== 0 ? timeline.length(row) : 0,
    firstNs: epochNs,
    lastNs: epochNs,
    gathered: new Gathered(),
  };
}

/** Whether a packet is of no conversation that is known, nor can open one: a TCP segment that does not, or an answer to an echo request. */
function isStray(tables: Tables, row: number, isEchoRequest: boolean): boolean {
  const { timeline } = tables;
  if (tables.flowOf(row) !== undefined) return false;
  if (timeline.proto(row) === TCP) return beginsNone(timeline.tcpFlags(row));
  return (timeline.flags(row) & IS_ECHO) !== 0 && !isEchoRequest;
}

/** Gathers a packet with those of its kind. */
export function addTo(kind: Kind, tables: Tables, row: number): void {
  const { timeline } = tables;
  kind.gathered.add(timeline.sideOf(row), timeline.frame(row), tables.flowOf(row), kind.isIpv6);
  const epochNs = epochNsOf(tables, row);
  if (epochNs < kind.firstNs) kind.firstNs = epochNs;
  if (epochNs > kind.lastNs) kind.lastNs = epochNs;
}
