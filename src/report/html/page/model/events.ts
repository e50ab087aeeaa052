import { type Impact, PROBLEMS } from "../../../../packets/results/verdicts.js";
import { nsOf } from "../format.js";
import type { Direction, Ends, Flow, Judged, Pair, SideName, Unmatched } from "./records.js";

/** What a drop came to where nothing was lost in the end. */
const MADE_UP_FOR: ReadonlySet<Impact> = new Set(["resent", "covered"]);

/** A packet without a twin, with what is known of it in the end. */
export interface Alone {
  readonly kind: "alone";
  readonly timeNs: number;
  readonly record: Unmatched;
  readonly judged: Judged;
}

/** What happens in a ladder: a pair, or a packet without a twin. */
export type LadderEvent = { readonly kind: "pair"; readonly timeNs: number; readonly record: Pair } | Alone;

/** What happened, by a packet's record, on the inside's clock. `offsetNs`: the outside's clock minus the inside's. */
export function pairEvent(record: Pair, offsetNs: number): LadderEvent {
  const side = record.direction === "outbound" ? "inside" : "outside";
  return { kind: "pair", timeNs: insideNs(side, record[side].time, offsetNs), record };
}

export function aloneEvent(record: Unmatched, offsetNs: number): Alone {
  return { kind: "alone", timeNs: insideNs(record.side, record.time, offsetNs), record, judged: record };
}

function insideNs(side: SideName, time: string, offsetNs: number): number {
  return nsOf(time) - (side === "outside" ? offsetNs : 0);
}

/** Whether a frame of a side's capture is of what happened. */
export function isOfFrame(event: LadderEvent, side: SideName, frame: number, capture = 0): boolean {
  return framesOf(event, side, capture).includes(frame);
}

/** The frames of a side's capture that what happened is of. */
export function framesOf(event: LadderEvent, side: SideName, capture: number): readonly number[] {
  if (event.kind === "alone") {
    const { record } = event;
    return record.side === side && (record.capture ?? 0) === capture ? [record.frame] : [];
  }
  const { record } = event;
  const forms =
    record.side === undefined ? [record[side]] : record.side === side ? [record.inside, record.outside] : [];
  return forms.flatMap((form) => form.frames.filter((_, at) => (form.framesIn?.[at] ?? form.capture ?? 0) === capture));
}

export function isProblem(event: LadderEvent): event is Alone {
  return event.kind === "alone" && PROBLEMS.has(event.judged.verdict);
}

/** Whether a problem is known to be for good: a drop of which no later copy got through, or a refusal. */
export function isLost({ judged: { verdict, impact } }: Alone): boolean {
  return verdict === "refused" || impact === "lost";
}

export function isMadeUpFor({ judged: { impact } }: Alone): boolean {
  return impact !== undefined && MADE_UP_FOR.has(impact);
}

/** Where a packet without a twin was seen, and which way it goes there. */
export function placeOf({ record }: Alone, flow: Flow | undefined): { lane: SideName; direction: Direction } {
  const { side } = record;
  if (flow === undefined || flow.seenOn !== undefined)
    return { lane: side, direction: side === "inside" ? "outbound" : "inbound" };
  // both forms of what was turned round were seen on one side
  const lane = flow.side === undefined ? side : isOf(record, flow.outside) ? "outside" : "inside";
  const isFromInitiator = isFrom(record, flow[lane]);
  return { lane, direction: isFromInitiator === isCalledFromOutside(flow) ? "inbound" : "outbound" };
}

/** Whether who calls is drawn at the right: a proxy's own connection goes on from there to the left. */
export function isCalledFromOutside({ initiator, nat, side }: Flow): boolean {
  return side === undefined ? initiator === "outside" : nat === "proxy";
}

function isFrom({ src, srcPort }: Ends, form: Ends): boolean {
  return form.src === src && (form.srcPort === srcPort || form.dst !== src);
}

/** Whether a packet has a form's ends, whichever way it goes. */
function isOf(record: Ends, form: Ends): boolean {
  return isFrom(record, form) ? record.dst === form.dst : record.src === form.dst && record.dst === form.src;
}
