import type { About } from "../contract.js";
import { Beginnings } from "./beginnings.js";
import { Doubts } from "./doubts.js";
import { InOrder } from "./in-order.js";
import { Lateness } from "./lateness.js";
import { Sequences } from "./sequences.js";
import type { Strays } from "./strays.js";
import { UnderWay } from "./under-way.js";

/** What tells identical packets of a flow by their order. `onPair`: takes two that are twins, and the slot of their flow. */
export function orderOf(about: About, strays: Strays, onPair: (inside: number, outside: number, slot: number) => void) {
  const sequences = new Sequences(about);
  const doubts = new Doubts(about);
  const lateness = new Lateness(about, doubts);
  const underWay = new UnderWay(about, doubts, lateness, strays);
  const inOrder = new InOrder(about, { doubts, lateness, underWay, sequences }, onPair);
  const beginnings = new Beginnings(about, sequences, inOrder);
  return { sequences, doubts, lateness, underWay, inOrder, beginnings };
}

export type Order = ReturnType<typeof orderOf>;
