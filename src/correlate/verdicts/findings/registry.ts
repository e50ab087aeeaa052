import { Asymmetric } from "./asymmetric.js";
import { CaptureLoss } from "./capture-loss.js";
import { ClientAddressHidden } from "./client-address-hidden.js";
import { ConnectionRefused } from "./connection-refused.js";
import { ConnectionReset } from "./connection-reset.js";
import { Dropped } from "./dropped.js";
import { Duplicates } from "./duplicates.js";
import type { Context, Finder } from "./finder.js";
import { HostReset } from "./host-reset.js";
import { Leak } from "./leak.js";
import { MissingPieces } from "./missing-pieces.js";
import { Mtu } from "./mtu.js";
import { NatAddressChanged } from "./nat-address-changed.js";
import { NatClashDrop } from "./nat-clash-drop.js";
import { NoResponse } from "./no-response.js";
import { NothingPaired } from "./nothing-paired.js";
import { PortRewritten } from "./port-rewritten.js";
import { Refused } from "./refused.js";
import { ReplyUntranslated } from "./reply-untranslated.js";
import { Retransmissions } from "./retransmissions.js";
import { Rewritten } from "./rewritten.js";
import { SeveralNatAddresses } from "./several-nat-addresses.js";
import { SlowRetry } from "./slow-retry.js";
import { StaleEntry } from "./stale-entry.js";
import { SwappedSides } from "./swapped-sides.js";
import { Tunnel } from "./tunnel.js";
import { Unanswered } from "./unanswered.js";

/** All finders, in the order that they tell what they found. The codes of findings are in `packets/results/findings.ts`. */
export const FINDERS: readonly (new (context: Context) => Finder)[] = [
  Leak,
  NatClashDrop,
  NatAddressChanged,
  SwappedSides,
  HostReset,
  StaleEntry,
  ReplyUntranslated,
  Mtu,
  Unanswered,
  ConnectionRefused,
  ConnectionReset,
  NoResponse,
  SeveralNatAddresses,
  SlowRetry,
  ClientAddressHidden,
  PortRewritten,
  Asymmetric,
  Retransmissions,
  Duplicates,
  Dropped,
  MissingPieces,
  Refused,
  CaptureLoss,
  NothingPaired,
  Rewritten,
  Tunnel,
];
