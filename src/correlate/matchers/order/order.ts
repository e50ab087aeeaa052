import type { About } from "../contract.js";
import { Beginnings } from "./beginnings.js";
import type { Completeness } from "./completeness.js";
import { Doubts } from "./doubts.js";
import { InOrder } from "./in-order.js";
import { Lateness } from "./lateness.js";
import { Sequences } from "./sequences.js";
import type { Strays } from "./strays.js";
import { UnderWay } from "./under-way.js";

/** What tells identical packets of a flow by their order. */
export interface Order {
  readonly sequences: Sequences;
  readonly doubts: Doubts;
  readonly lateness: Lateness;
  readonly underWay: UnderWay;
  readonly inOrder: InOrder;
  readonly beginnings: Beginnings;
}

/** `onPair`: takes two that are twins, and the slot of their flow. */
export function orderOf(
  about: About,
  completeness: Completeness,
  strays: Strays,
  onPair: (inside: number, outside: number, slot: number) => void,
): Order {
  const sequences = new Sequences(about, completeness);
  const doubts = new Doubts(about, completeness);
  const lateness = new Lateness(about, completeness, doubts);
  const underWay = new UnderWay(about, doubts, lateness, strays);
  const inOrder = new InOrder(about, { completeness, doubts, lateness, underWay, sequences }, onPair);
  const beginnings = new Beginnings(about, completeness, sequences, inOrder);
  return { sequences, doubts, lateness, underWay, inOrder, beginnings };
}
