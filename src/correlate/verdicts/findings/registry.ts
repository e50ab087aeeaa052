import { Asymmetric } from "./asymmetric.js";
import { Dropped } from "./dropped.js";
import { Duplicates } from "./duplicates.js";
import type { Context, Finder } from "./finder.js";
import { HostReset } from "./host-reset.js";
import { Leak } from "./leak.js";
import { NatClashDrop } from "./nat-clash-drop.js";
import { NothingPaired } from "./nothing-paired.js";
import { PortRewritten } from "./port-rewritten.js";
import { Retransmissions } from "./retransmissions.js";
import { Rewritten } from "./rewritten.js";
import { SeveralNatAddresses } from "./several-nat-addresses.js";
import { SwappedSides } from "./swapped-sides.js";
import { Unanswered } from "./unanswered.js";

/** All finders, in the order that they tell what they found. The codes of findings are in `packets/findings.ts`. */
export const FINDERS: readonly (new (context: Context) => Finder)[] = [
  Leak,
  NatClashDrop,
  SwappedSides,
  HostReset,
  Unanswered,
  SeveralNatAddresses,
  PortRewritten,
  Asymmetric,
  Retransmissions,
  Duplicates,
  Dropped,
  NothingPaired,
  Rewritten,
];
