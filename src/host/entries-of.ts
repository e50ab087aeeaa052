import type { Ends, Translation } from "../packets/results/results.js";
import type { Protocol } from "../protocols/ip-protocols.js";
import { type ConntrackEntry, type ConntrackTable, type Life, livesOf } from "./conntrack-table.js";
import { endsIn, halfway, isIncoming, reversed, tupleText } from "./tuples.js";

/** conntrack tells of an entry within so long, nanoseconds, on a busy machine. */
const TELLING_NS = 1_000_000_000n;

/** The one of some entries that was there at a time, epoch nanoseconds, or else was to be told of: conntrack tells of an entry once the packet that made it has passed. */
export function entryAt(entries: readonly ConntrackEntry[], atNs: bigint): ConntrackEntry | undefined {
  return (
    entries.findLast((each) => livesOf(each).some((life) => isThere(life, atNs))) ??
    entries.find((each) => livesOf(each).some((life) => isAbout(life, atNs)))
  );
}

/**
 * The entries of a flow. `sharing` have its tuple outside; `confirming`, of those, have the one inside, too: who was called may have begun again, once the entry of
 * who called had ended.
 */
export function entriesOf(
  flow: Translation,
  table: ConntrackTable,
): { readonly sharing: readonly ConntrackEntry[]; readonly confirming: readonly ConntrackEntry[] } {
  const { proto } = flow;
  const { fromInside, fromOutside } = comingIn(flow);
  const sharing = table.having(tupleText(proto, fromOutside));
  const confirming = sharing.filter((entry) => isOf(entry, tupleText(proto, fromInside), proto, fromOutside));
  return { sharing, confirming };
}

/** What its packets look like as they come to the NAT from inside, and from outside. */
export function comingIn(flow: Translation): { fromInside: Ends; fromOutside: Ends } {
  const { inside, outside } = flow;
  return isIncoming(flow)
    ? { fromInside: reversed(inside), fromOutside: outside }
    : { fromInside: inside, fromOutside: reversed(outside) };
}

/** Whether an entry that has `fromOutside` is that of packets which look like `fromInside` on a capture there. */
function isOf(
  { originalText, replyText }: ConntrackEntry,
  fromInside: string,
  proto: Protocol,
  fromOutside: Ends,
): boolean {
  const enteringText = originalText === tupleText(proto, fromOutside) ? replyText : originalText;
  if (enteringText === fromInside) return true;
  return tupleText(proto, halfway(endsIn(enteringText), reversed(fromOutside))) === fromInside;
}

/** Whether an entry was to be told of at a time. */
function isAbout({ bornNs }: Life, atNs: bigint): boolean {
  return bornNs !== undefined && atNs < bornNs && bornNs <= atNs + TELLING_NS;
}

/** Whether conntrack had an entry at a time, as far as it tells when that began and ended: a list does not. */
function isThere({ bornNs, diedNs, isGone }: Life, atNs: bigint): boolean {
  return (bornNs === undefined || bornNs <= atNs) && !(isGone && diedNs !== undefined && diedNs < atNs);
}
