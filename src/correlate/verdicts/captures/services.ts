import type { TupleTable } from "../../../packets/tuple-table.js";
import { hasPorts } from "../../../protocols/ip-protocols.js";

/** The service that a conversation is of, as a number: its protocol, with the port of who is called, where there is one. */
export function serviceOf(tuples: TupleTable, tuple: number): number {
  const proto = tuples.proto(tuple);
  return serviceAt(proto, hasPorts(proto) ? tuples.port(tuple, !tuples.isOpenedByA(tuple)) : 0);
}

/** The one of a protocol at a port. */
export function serviceAt(proto: number, port: number): number {
  return (proto << 16) | port;
}
