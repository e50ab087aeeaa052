import { mixed } from "./content.js";
import { isFromA, tupleIn } from "./tuples.js";
import type { TupleTable } from "./tuple-table.js";

/** Where the four words of the address that packets of a way come from begin in `TupleTable.words` … */
export function sourceOf(tuples: TupleTable, way: number): number {
  return tuples.address(tupleIn(way), isFromA(way));
}

/** … and of that they go to. */
export function destinationOf(tuples: TupleTable, way: number): number {
  return tuples.address(tupleIn(way), !isFromA(way));
}

/** A hash of the address that packets of a way go to. */
export function destinationHash(tuples: TupleTable, way: number): number {
  const { words } = tuples;
  const at = destinationOf(tuples, way);
  if (!tuples.isIpv6(tupleIn(way))) return mixed(words[at], 0);
  return mixed(mixed(mixed(words[at], words[at + 1]), words[at + 2]), words[at + 3]);
}

/** Whether packets of two ways come from the same address; they go to the same one where those of the opposite ways come from one. */
export function haveSameSource(tuples: TupleTable, way: number, other: number): boolean {
  return tuples.isSameAddress(tupleIn(way), isFromA(way), tupleIn(other), isFromA(other));
}

/** Whether they come from the same port. */
export function haveSameSourcePort(tuples: TupleTable, way: number, other: number): boolean {
  return tuples.port(tupleIn(way), isFromA(way)) === tuples.port(tupleIn(other), isFromA(other));
}

/** Whether they come from the same address and port, or go to the same: which a NAT left as it was. */
export function haveSameEnd(tuples: TupleTable, way: number, other: number): boolean {
  return [0, 1].some((turned) => {
    const [a, b] = [way ^ turned, other ^ turned];
    return haveSameSource(tuples, a, b) && haveSameSourcePort(tuples, a, b);
  });
}

/** The addresses that they come from and go to, as `addressText` has them. */
export function sourceText(tuples: TupleTable, way: number): string {
  return tuples.addressText(tupleIn(way), isFromA(way));
}

export function destinationText(tuples: TupleTable, way: number): string {
  return tuples.addressText(tupleIn(way), !isFromA(way));
}

/** Whether packets of a way come from who opened its conversation, as far as its side shows. */
export function isFromOpener(tuples: TupleTable, way: number): boolean {
  return tuples.isOpenedByA(tupleIn(way)) === isFromA(way);
}
