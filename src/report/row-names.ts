import type { ContainerName, Containers } from "../packets/results/containers.js";
import type { Tables } from "../packets/results/results.js";
import { protocolName, TCP } from "../protocols/ip-protocols.js";
import { isOpening } from "../protocols/tcp.js";
import { endsOf } from "./ends.js";
import { epochNsOf } from "../packets/results/epoch-ns.js";
import { containerAt, farEndOfRow } from "./far-end.js";

/** The containers that a packet is from, and to; undefined where that end is none, or nobody knows. */
export type NamedEnds = readonly [src: ContainerName | undefined, dst: ContainerName | undefined];

/** The containers whose addresses a row's packet has, but for the end that is `far`. What opens a conversation with a published port, and was seen on no other side, is to its container. */
export function namesOf(
  tables: Tables,
  containers: Containers,
  row: number,
  far = farEndOfRow(tables, row),
): NamedEnds {
  const ends = endsOf(tables, row);
  const { dst, dstPort } = ends;
  const epochNs = epochNsOf(tables, row);
  const from = containerAt(containers, ends, "src", far, epochNs);
  const to = containerAt(containers, ends, "dst", far, epochNs);
  if (to !== undefined || dstPort === undefined || !mayOpen(tables, row)) return [from, to];
  return [from, containers.publishing(protocolName(tables.timeline.proto(row)), dst, dstPort, epochNs)];
}

/** Whether a packet may be the first of its conversation. What has a translation may use a published port's number for something else. */
export function mayOpen(tables: Tables, row: number): boolean {
  if (tables.flowOf(row) !== undefined) return false;
  const { timeline } = tables;
  return timeline.proto(row) !== TCP || isOpening(timeline.tcpFlags(row));
}
