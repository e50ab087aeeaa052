import { INSIDE, OUTSIDE } from "../../../packets/sides.js";
import { haveSameSource } from "../../../packets/ways.js";
import { type Answer, whyCut, WHY_QUOTED_ALIKE } from "../claims/refusals.js";
import { type Drop, errorWithinNs, mayBeAbout, type Naming } from "../impacts/drop.js";
import type { Unknown } from "./open-unknowns.js";
import type { Told } from "./told.js";

/**
 * Tells of the packets that an ICMP error of the host may be about which came after their window: it is about the oldest if there are as many such errors
 * as packets, else it may be about any of them, and of those of which nothing was known nothing is told. `isByHost`: whether the error is the host's own
 * for certain.
 */
export function tellRefused(about: Told, row: number, isByHost: boolean): void {
  const { timeline: t, refusals, impacts, unknowns, teller } = about;
  const said = refusals.saidBy(row);
  if (said === undefined) return;
  const timeNs = t.timeNs(row);
  const withinNs = errorWithinNs(said.reason, t.isIpv6(row));
  // an error that quotes one fragment is about them all, whatever each carries
  const parts = impacts.open.named(said.datagram, { timeNs, heads: [0], withinNs });
  if (parts.length > 0) {
    for (const part of parts) tellRefusedOne(about, part, said);
    return;
  }
  const error = { timeNs, heads: [said.head], withinNs };
  if (said.isCut) {
    tellCut(about, row, error);
    return;
  }
  const drops = impacts.open.named(said.quotedAs, error);
  const others = unknowns.named(said.quotedAs, error);
  if (unknowns.isCrowded(said.quotedAs, error) || drops.length + others.length > said.alike) {
    const unclear = { verdict: "unknown", reason: "may-be-refused", why: WHY_QUOTED_ALIKE } as const;
    for (const drop of drops) teller.tellLast(drop, unclear);
    return;
  }
  const drop = drops.at(0);
  const unknown = others.at(0);
  if (unknown === undefined || (drop !== undefined && drop.timeNs < unknown.timeNs)) {
    if (drop !== undefined) tellRefusedOne(about, drop, said);
    return;
  }
  unknowns.close(unknown);
  if (!isRefused(about, unknown, said, isByHost)) return;
  const { reason, why, byFrame } = said;
  teller.tell(unknown, { verdict: "refused", reason, why, byFrame });
}

/** Tells of all drops that an error of which too little was captured may be about: those between the addresses that it quotes. */
function tellCut({ impacts, timeline: t, tuples, teller }: Told, row: number, error: Naming): void {
  const wayBack = t.way(row) ^ 1;
  const mayBe = (drop: Drop): boolean =>
    drop.side === t.side(row) &&
    mayBeAbout(drop, error) &&
    haveSameSource(tuples, drop.way, wayBack) &&
    haveSameSource(tuples, drop.way ^ 1, wayBack ^ 1);
  const why = whyCut(t.frameTextOf(row));
  for (const drop of impacts.open.takeOut(mayBe))
    teller.tellLast(drop, { verdict: "unknown", reason: "cut-short", why });
}

function tellRefusedOne({ kernel, teller }: Told, drop: Drop, { reason, why, byFrame, isOfAddressee }: Answer): void {
  if (isOfAddressee && !kernel.tally.isTtlLowered(drop.side === OUTSIDE)) {
    const doubt = `${why}: the host, or who it is for, as this router keeps TTLs`;
    teller.tellLast(drop, { verdict: "unknown", reason: "may-be-refused", why: doubt, byFrame });
    return;
  }
  const impact = drop.isOpen ? "lost" : drop.impact;
  teller.tellLast(drop, { verdict: "refused", reason, why, impact, byFrame });
}

/** Whether an error about a packet of which nothing was known says that the host refused it. */
function isRefused(
  { kernel }: Told,
  { side, isExplained }: Unknown,
  { isOfAddressee }: Answer,
  isByHost: boolean,
): boolean {
  // whom it is for answers what has arrived, and stands for the host outside
  if (side === INSIDE) return !isOfAddressee;
  return isExplained ? !isOfAddressee || kernel.tally.isTtlLowered(true) : isByHost;
}
