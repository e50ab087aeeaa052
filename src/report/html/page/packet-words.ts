import { latencyText } from "../../text/latency.js";
import { h } from "./dom.js";
import { endsText } from "./format.js";
import type { LadderEvent } from "./events.js";
import type { Pair, SideName } from "./records.js";
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
export function wordsOf(event: LadderEvent, seqs: ReadonlyMap<string, number>): (Node | string)[] {
  if (event.kind === "pair") return pairWords(event.record, seqs);
  const { judged } = event;
  const impact =
    judged.impact === undefined
      ? ""
      : ` (${judged.impact}${judged.byFrame === undefined ? "" : ` by #${judged.byFrame}`})`;
  return [
    h("b", {}, `${judged.verdict}${impact}`),
    ` ${judged.why}`,
    ...(judged.rule === undefined ? [] : [" ", h("code", {}, judged.rule)]),
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
