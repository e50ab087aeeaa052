import { mixed } from "./content.js";
import type { TupleTable } from "./tuples.js";

// A way is twice a tuple's number, and 1 more where it leads from the tuple's A to its B.

/** Where the four words of the address that packets of a way come from begin in `TupleTable.words` … */
export function sourceOf(tuples: TupleTable, way: number): number {
  return tuples.address(way >> 1, (way & 1) === 1);
}

/** … and of that they go to. */
export function destinationOf(tuples: TupleTable, way: number): number {
  return tuples.address(way >> 1, (way & 1) === 0);
}

/** A hash of the address that packets of a way go to. */
export function destinationHash(tuples: TupleTable, way: number): number {
  const { words } = tuples;
  const at = destinationOf(tuples, way);
  if (!tuples.isIpv6(way >> 1)) return mixed(words[at], 0);
  return mixed(mixed(mixed(words[at], words[at + 1]), words[at + 2]), words[at + 3]);
}

/** Whether packets of two ways come from the same address; they go to the same one where those of the opposite ways come from one. */
export function haveSameSource(tuples: TupleTable, way: number, other: number): boolean {
  return tuples.isSameAddress(way >> 1, (way & 1) === 1, other >> 1, (other & 1) === 1);
}

/** Whether they come from the same port. */
export function haveSameSourcePort(tuples: TupleTable, way: number, other: number): boolean {
  return tuples.port(way >> 1, (way & 1) === 1) === tuples.port(other >> 1, (other & 1) === 1);
}

/** The addresses that they come from and go to, as `addressText` has them. */
export function sourceText(tuples: TupleTable, way: number): string {
  return tuples.addressText(way >> 1, (way & 1) === 1);
}

export function destinationText(tuples: TupleTable, way: number): string {
  return tuples.addressText(way >> 1, (way & 1) === 0);
}

/** Whether packets of a way come from who opened its conversation, as far as its side shows. */
export function isFromOpener(tuples: TupleTable, way: number): boolean {
  return tuples.isOpenedByA(way >> 1) === ((way & 1) === 1);
}
