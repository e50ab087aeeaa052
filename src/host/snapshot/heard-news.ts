import type { Arrival, KernelDrop, Stop } from "../../packets/results/traces.js";
import { canonicalAddress } from "../address.js";
import { CONNTRACK_EVENTS, type ConntrackHeard } from "../conntrack-table.js";
import type { DropCounts } from "../trace/kernel-drops.js";
import type { TraceGaps } from "../trace/trace.js";
import { at, membersAt, numberAt, textAt, textsAt } from "./json.js";

/** What was heard of conntrack, or of a trace, while packets were captured, as it was kept. */
export type KnownHeard =
  | { readonly kind: "conntrack"; readonly heard: readonly ConntrackHeard[] }
  | ({ readonly timeNs: bigint } & KnownTrace);

/** What a trace, or the kernel, said of a packet, or of all of them. */
type KnownTrace =
  | { readonly kind: "stopped"; readonly arrival: Arrival; readonly stop: Stop }
  | { readonly kind: "let-go"; readonly drop: Pick<KernelDrop, "timeUs" | "reason"> }
  | { readonly kind: "trace"; readonly gaps: TraceGaps }
  | { readonly kind: "drops"; readonly drops: DropCounts };

/** Reads such from a change, as JSON has it; undefined where it is none, or not whole. `timeNs`: the change's time. */
export function heardIn(change: unknown, timeNs: bigint): KnownHeard | undefined {
  if (at(change, "conntrack") !== undefined) {
    const event = CONNTRACK_EVENTS.find((each) => each === at(change, "conntrack", "event"));
    const lines = textsAt(change, "conntrack", "lines");
    return { kind: "conntrack", heard: event === undefined ? lines : [...lines, { event, timeNs }] };
  }
  const said = stoppedIn(change) ?? letGoIn(change) ?? gapsIn(change) ?? countsIn(change);
  return said && { timeNs, ...said };
}

function stoppedIn(change: unknown): KnownTrace | undefined {
  const of = (name: string): number | undefined => numberAt(change, "stopped", name);
  const endOf = (name: string): string | null => canonicalAddress(textAt(change, "stopped", "ends", name) ?? "");
  const [src, dst, rule] = [endOf("src"), endOf("dst"), textAt(change, "stopped", "rule")];
  const [ttl, length, ipId] = [of("ttl"), of("length"), of("ipId")];
  if (src === null || dst === null || rule === undefined) return undefined;
  if (ttl === undefined || length === undefined || ipId === undefined) return undefined;
  const [srcPort, dstPort] = ["srcPort", "dstPort"].map((name) => numberAt(change, "stopped", "ends", name));
  const ends = { src, dst, ...(srcPort !== undefined && dstPort !== undefined && { srcPort, dstPort }) };
  const isRefusal = at(change, "stopped", "isRefusal") === true;
  return { kind: "stopped", arrival: { ends, ttl, length, ipId }, stop: { rule, isRefusal } };
}

function letGoIn(change: unknown): KnownTrace | undefined {
  const [timeUs, reason] = [numberAt(change, "letGo", "timeUs"), textAt(change, "letGo", "reason")];
  return timeUs === undefined || reason === undefined ? undefined : { kind: "let-go", drop: { timeUs, reason } };
}

function gapsIn(change: unknown): KnownTrace | undefined {
  if (at(change, "trace") === undefined) return undefined;
  const [unread = 0, firstUnread = 0, untaken = 0] = ["unread", "firstUnread", "untaken"].map((name) =>
    numberAt(change, "trace", name),
  );
  return { kind: "trace", gaps: { unread, firstUnread, untaken, isCutOff: at(change, "trace", "isCutOff") === true } };
}

function countsIn(change: unknown): KnownTrace | undefined {
  if (at(change, "drops") === undefined) return undefined;
  const counts = membersAt(change, "drops", "counts").filter(
    (member): member is [string, number] => typeof member[1] === "number",
  );
  const lost = numberAt(change, "drops", "lost") ?? 0;
  const drops = { counts: Object.fromEntries(counts), lost, failure: textAt(change, "drops", "failure") };
  return { kind: "drops", drops };
}
