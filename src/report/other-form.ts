import { IS_ERROR } from "../packets/packets.js";
import type { Containers, OtherForm } from "../packets/results/containers.js";
import { epochNsOf } from "../packets/results/epoch-ns.js";
import type { Tables } from "../packets/results/results.js";
import { OUTSIDE } from "../packets/sides.js";
import { protocolName } from "../protocols/ip-protocols.js";
import { endsOf, endsOfWay } from "./ends.js";

/**
 * What a packet without a twin is on the other side, as its flow tells, or of one that was seen outside, conntrack; undefined where nothing does. The addresses
 * of an ICMP error are its own.
 */
export function otherFormOf(
  tables: Tables,
  { insideOf }: Pick<Containers, "insideOf">,
  row: number,
): OtherForm | undefined {
  const { timeline } = tables;
  if ((timeline.flags(row) & IS_ERROR) !== 0) return undefined;
  const twin = tables.twinOf(row);
  if (twin !== undefined) return { ends: endsOfWay(tables, row, twin.way), isOutbound: twin.isOutbound };
  if (timeline.side(row) !== OUTSIDE) return undefined;
  return insideOf(protocolName(timeline.proto(row)), endsOf(tables, row), epochNsOf(tables, row));
}
