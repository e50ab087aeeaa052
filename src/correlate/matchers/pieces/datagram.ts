import { joinedContent } from "../../../packets/joined-content.js";
import { HEAD_BYTES, icmpNumberIn } from "../../../packets/records.js";
import type { Side } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { ICMPV6 } from "../../../protocols/ip-protocols.js";

/** One datagram on one side. */
export interface Datagram {
  readonly side: Side;
  /** By offset. The first one has the transport header. */
  readonly rows: readonly number[];
  readonly isIpv6: boolean;
  /** Transport bytes, header included. */
  readonly bytes: number;
  /** Hashes of what it carries and of the beginning of that; 0 where not all of it was kept. */
  readonly content: number;
  readonly head: number;
  /** Some of its fragments may be another's: only the content tells. */
  readonly isMixed: boolean;
  /** What tells it from others and is the same on both sides, see `idOf`, and what twins have in common with that, as numbers: without their content … */
  readonly id: number;
  readonly headerKey: number;
  /** … and with it: a hash, as a number has no room for both. A datagram is smaller than 2^20 bytes, even where a host hands over several as one. */
  readonly contentKey: number;
  /** … and what those of two IP versions have: their content, if that was kept. */
  readonly acrossKey: number;
}

/** The datagram that some rows are, by offset, with so many transport bytes. */
export function datagramOf(t: Timeline, rows: readonly number[], bytes: number, isMixed: boolean): Datagram {
  const contents = rows.map((row) => t.content(row));
  const content = contents.includes(0) ? 0 : contents.reduce(joinedContent);
  // of a first fragment that is shorter, it would be of less than the other side's
  const head = t.payloadLength(rows[0]) < HEAD_BYTES ? 0 : t.head(rows[0]);
  const id = idOf(t, rows[0]);
  const isIpv6 = t.isIpv6(rows[0]);
  const version = isIpv6 ? 0x100 : 0;
  const headerKey = (version | t.proto(rows[0])) * 2 ** 36 + bytes * 2 ** 16 + id;
  const contentKey = bytes * 2 ** 32 + ((content ^ Math.imul(id, 0x9e3779b1)) >>> 0);
  const acrossKey = bytes * 2 ** 32 + ((content ^ Math.imul(t.proto(rows[0]), 0x9e3779b1)) >>> 0);
  const keys = { headerKey, contentKey, acrossKey };
  return { side: t.sideOf(rows[0]), rows, isIpv6, bytes, content, head, isMixed, id, ...keys };
}

/** What tells a datagram from others and is the same on both sides: not an IPv6 identification, as a host that puts datagrams together and cuts them again makes that anew. */
function idOf(t: Timeline, first: number): number {
  if (!t.isIpv6(first)) return t.ipId(first);
  return t.proto(first) === ICMPV6 ? icmpNumberIn(t.seq(first)) : 0;
}

export function areOfTwoVersions(a: Datagram, b: Datagram): boolean {
  return a.isIpv6 !== b.isIpv6;
}

export function haveSameContent(a: Datagram, b: Datagram): boolean {
  return a.content === b.content;
}

export function areSameAcross(a: Datagram, b: Datagram): boolean {
  return areOfTwoVersions(a, b) && haveSameContent(a, b);
}
