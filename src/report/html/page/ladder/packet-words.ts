import { latencyText } from "../../../text/latency.js";
import { h } from "../dom.js";
import { type Alone, framesOf, type LadderEvent } from "../model/events.js";
import { captureNames, endsText } from "../format.js";
import { type Header, type Pair, type SideName, SIDES } from "../model/records.js";
import { senderOf } from "./ties.js";

/** The frames of a side that a packet is, as a row has room for them. */
export function framesText(event: LadderEvent, side: SideName): string {
  if (event.kind === "pair") {
    const { frames } = event.record[side];
    return frames.length > 2 ? `#${frames[0]}…${frames.at(-1)}` : frames.map((frame) => `#${frame}`).join(" ");
  }
  return event.record.side === side ? `#${event.record.frame}` : "";
}

/** When a packet passed first, by its own capture. */
export function timeOf(event: LadderEvent): string {
  if (event.kind === "pair") return event.record[event.record.direction === "outbound" ? "inside" : "outside"].time;
  return event.record.time;
}

/** The first sequence number of each sender, from which they are counted as Wireshark counts. */
export function firstSeqs(events: readonly LadderEvent[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const event of events) {
    if (event.kind !== "pair" || event.record.tcp === undefined) continue;
    const sender = senderOf(event.record);
    if (!first.has(sender)) first.set(sender, event.record.tcp.seq);
  }
  return first;
}

/** What is said of a packet in its row. `seqs`: as `firstSeqs` has them. */
export function wordsOf(event: LadderEvent, seqs: ReadonlyMap<string, number>, header: Header): (Node | string)[] {
  const words = event.kind === "pair" ? pairWords(event.record, seqs) : aloneWords(event, header);
  const where = SIDES.flatMap((side) => captureText(event, side, header));
  return where.length === 0 ? words : [...words, ` · ${where.join(", ")}`];
}

/** Which of a side's captures a packet is in, where there are several. */
function captureText(event: LadderEvent, side: SideName, header: Header): string[] {
  const names = captureNames(header, side);
  if (names.length === 1) return [];
  const within = names.filter((_, capture) => framesOf(event, side, capture).length > 0);
  return within.length === 0 ? [] : [`${side} in ${within.join(" and ")}`];
}

function aloneWords({ judged, record: { side } }: Alone, header: Header): (Node | string)[] {
  const { verdict, impact, byFrame, byCapture = 0, why, rule } = judged;
  const names = captureNames(header, side);
  const by = byFrame === undefined ? "" : ` by #${byFrame}${names.length === 1 ? "" : `@${names[byCapture]}`}`;
  return [
    h("b", {}, `${verdict}${impact === undefined ? "" : ` (${impact}${by})`}`),
    ` ${why}`,
    ...(rule === undefined ? [] : [" ", h("code", {}, rule)]),
  ];
}

function pairWords(pair: Pair, seqs: ReadonlyMap<string, number>): (Node | string)[] {
  const { tcp, icmp, inside, direction } = pair;
  const words = [`${direction === "outbound" ? "→" : "←"} ${latencyText(pair.latencyNs)}`];
  // both ways of what was turned round are drawn alike
  if (pair.side !== undefined) words.push(endsText(inside));
  if (tcp !== undefined)
    words.push(
      `[${tcp.flags}] seq ${(tcp.seq - (seqs.get(senderOf(pair)) ?? 0)) >>> 0}${tcp.payload > 0 ? `, ${tcp.payload} bytes` : ""}`,
    );
  else if (icmp !== undefined)
    words.push(`type ${icmp.type} code ${icmp.code}${icmp.seq === undefined ? "" : ` seq ${icmp.seq}`}`);
  else words.push(`${inside.length} bytes`);
  if (pair.retransmission === true) words.push("sent again");
  if (pair.by !== "exact" && pair.by !== "flow") words.push(`by ${pair.by}`);
  const pieces =
    pair.missing?.map(
      ({ length, impact }) => `${length} bytes of it lost${impact === undefined ? "" : ` (${impact})`}`,
    ) ?? [];
  return [words.join(" · "), ...(pieces.length === 0 ? [] : [" · ", h("b", { class: "bad" }, pieces.join(", "))])];
}
