import type { ContainerName } from "../packets/results/container-name.js";
import type { Containers } from "../packets/results/containers.js";
import type { Tables } from "../packets/results/results.js";
import type { Verdict } from "../packets/results/verdicts.js";
import { OUTSIDE } from "../packets/sides.js";
import { isFromOpener } from "../packets/ways.js";
import { protocolName, TCP } from "../protocols/ip-protocols.js";
import { isOpening } from "../protocols/tcp.js";
import { endsOf } from "./ends.js";
import { epochNsOf } from "../packets/results/epoch-ns.js";
import { containerAt, farEndOfRow } from "./far-end.js";
import { otherFormOf } from "./other-form.js";

/** The containers that a packet is from, and to; undefined where that end is none, or nobody knows. */
export type NamedEnds = readonly [src: ContainerName | undefined, dst: ContainerName | undefined];

/** The containers whose addresses a row's packet has, but for the end that is `far`. */
export function namesOf(
  tables: Tables,
  containers: Containers,
  row: number,
  far = farEndOfRow(tables, row),
): NamedEnds {
  const ends = endsOf(tables, row);
  const epochNs = epochNsOf(tables, row);
  return [containerAt(containers, ends, "src", far, epochNs), containerAt(containers, ends, "dst", far, epochNs)];
}

/**
 * The same of a packet without a twin. What was seen outside is named by what it is inside, as its flow tells, or else conntrack. Of a conversation with a
 * published port, it is its container; where the host itself took the packet (`verdict`), of the one that opens it alone.
 */
export function namesOfLone(tables: Tables, containers: Containers, row: number, verdict?: Verdict): NamedEnds {
  const [from, to] = namesOf(tables, containers, row);
  if (to !== undefined) return [from, to];
  const inside = insideNames(tables, containers, row);
  if (inside !== undefined) return inside;
  const called = calledBy(tables, row);
  if (called === undefined || (verdict === "local" && !mayOpen(tables, row))) return [from, to];
  const { address, port, isDst } = called;
  const { timeline } = tables;
  const by = containers.publishing(protocolName(timeline.proto(row)), address, port, epochNsOf(tables, row));
  return isDst ? [from, by] : [from ?? by, to];
}

/**
 * The containers that a packet which was seen outside is from, and to, by what it is inside; undefined where nothing tells that. By its flow, it is whoever has had
 * the address since that began: another one that has it by now gets none of its packets.
 */
function insideNames(tables: Tables, containers: Containers, row: number): NamedEnds | undefined {
  const form = tables.timeline.side(row) === OUTSIDE ? otherFormOf(tables, containers, row) : undefined;
  if (form === undefined) return undefined;
  const epochNs = epochNsOf(tables, row);
  const fromNs = tables.twinOf(row) === undefined ? epochNs : tables.beganNs(row);
  const far = form.isOutbound ? "dst" : "src";
  return [
    containerAt(containers, form.ends, "src", far, fromNs, epochNs),
    containerAt(containers, form.ends, "dst", far, fromNs, epochNs),
  ];
}

/** Whom the conversation of a packet called, where it tells who began that, and no translation is known: what has one may use a published port's number for something else. */
function calledBy(tables: Tables, row: number): { address: string; port: number; isDst: boolean } | undefined {
  if (tables.flowOf(row) !== undefined) return undefined;
  const { timeline, tuples } = tables;
  const isKnown = tuples.isOpenerKnown(timeline.tuple(row));
  if (!isKnown && !mayOpen(tables, row)) return undefined;
  const { src, srcPort, dst, dstPort } = endsOf(tables, row);
  const isDst = !isKnown || isFromOpener(tuples, timeline.way(row));
  const [address, port] = isDst ? [dst, dstPort] : [src, srcPort];
  return port === undefined ? undefined : { address, port, isDst };
}

/** The containers that a packet without a twin is from, or to, by more than its addresses. */
export function namesBehind(tables: Tables, containers: Containers, row: number, verdict?: Verdict): ContainerName[] {
  const shown = namesOf(tables, containers, row);
  return namesOfLone(tables, containers, row, verdict).flatMap((name, end) =>
    shown[end] === undefined ? (name ?? []) : [],
  );
}

/** Whether a packet may be the first of its conversation. What has a translation may use a published port's number for something else. */
export function mayOpen(tables: Tables, row: number): boolean {
  if (tables.flowOf(row) !== undefined) return false;
  const { timeline } = tables;
  return timeline.proto(row) !== TCP || isOpening(timeline.tcpFlags(row));
}
