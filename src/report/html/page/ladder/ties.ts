import { isOfFrame, type LadderEvent } from "../model/events.js";
import type { Pair, Quotes } from "../model/records.js";

/** A packet that is about an earlier one. */
export interface Tie {
  readonly from: LadderEvent;
  readonly to: LadderEvent;
  readonly what: string;
}

/** What was sent again, and the ICMP errors, among some packets in the order of time, each with the packet that it is about. */
export function tiesOf(events: readonly LadderEvent[]): Tie[] {
  const ties: Tie[] = [];
  /** By sender and sequence number: the last segment that began there. */
  const segments = new Map<string, LadderEvent>();
  for (const event of events) {
    if (event.kind === "alone") {
      const { byFrame, byCapture, verdict } = event.judged;
      const { side } = event.record;
      const by = byFrame === undefined ? undefined : events.find((other) => isOfFrame(other, side, byFrame, byCapture));
      if (by !== undefined)
        ties.push({ from: by, to: event, what: verdict === "refused" ? "refused by" : "made up for by" });
    }
    if (event.kind !== "pair") continue;
    const { tcp, retransmission, inside } = event.record;
    if (tcp !== undefined) {
      const key = `${senderOf(event.record)} ${tcp.seq}`;
      const before = segments.get(key);
      if (retransmission === true && before !== undefined) ties.push({ from: event, to: before, what: "sent again" });
      segments.set(key, event);
    }
    const { quotes } = inside;
    const quoted = quotes && events.findLast((other) => other.timeNs <= event.timeNs && isQuoted(other, quotes));
    if (quoted !== undefined) ties.push({ from: event, to: quoted, what: "quotes" });
  }
  return ties;
}

/** Who sent a packet, as it was before the rewrite of what was turned round, else inside. */
export function senderOf({ inside: { src, srcPort } }: Pair): string {
  return `${src} ${srcPort}`;
}

function isQuoted(event: LadderEvent, { src, dst, srcPort, dstPort, ipId }: Quotes): boolean {
  if (event.kind !== "pair") return false;
  const { inside } = event.record;
  return (
    inside.ipId === ipId &&
    inside.src === src &&
    inside.dst === dst &&
    inside.srcPort === srcPort &&
    inside.dstPort === dstPort
  );
}
