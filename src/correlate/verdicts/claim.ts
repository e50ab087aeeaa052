import type { Reason } from "../../packets/results/reasons.js";
import type { Judgement } from "../../packets/results/results.js";
import type { Verdict } from "../../packets/results/verdicts.js";
import type { Side } from "../../packets/sides.js";

/** What the other capture lacks of a packet: that it came out there, that it came in, one of both, or anything at all if it crosses. */
type Lack = "exit" | "entry" | "crossing" | "anything";

/** A judgement as far as the packet itself goes: whether the other capture can be believed where it lacks something is still to be asked. */
export interface Claim extends Judgement {
  readonly lacks?: Lack;
  /** Whether it is not so if the other capture has lost something, though nothing that it has to have. */
  readonly isByAbsence?: true;
  /** The side whose capture lacks it; the other one's if not given. */
  readonly on?: Side;
  /** Of a packet that takes an interface which is not captured, as it seems: the way to its conversation's far end. */
  readonly elsewhereWay?: number;
}

/** A claim that says of a packet only why nothing is known of it. */
export function unknown(reason: Reason, why: string, lacks?: Lack): Claim {
  return lacks === undefined ? { verdict: "unknown", reason, why } : { verdict: "unknown", reason, why, lacks };
}

/** A judgement that does not hold if some capture turns out to have lost frames about then. */
export interface Decision extends Judgement {
  readonly mayBeLostBy?: Side;
  /** A way to an address that packets are now known to take an interface to which is not captured. */
  readonly elsewhereWay?: number;
  /** Whether it is the first of its conversation of which that is proved. */
  readonly isProof?: boolean;
  /** Whether nothing else speaks against it that it was dropped, but that the other capture may be of one direction alone. */
  readonly isDroppedElse?: true;
  /** A side whose capture may have run before its first frame, as it is now known to miss packets. */
  readonly mayHaveRun?: Side;
}

const LACKED: ReadonlySet<Verdict> = new Set(["dropped", "capture-loss", "no-overlap", "unknown"]);

/** Whether something is said of a packet by what captures lack, not by what they show. */
export function isByLack({ verdict }: Judgement): boolean {
  return LACKED.has(verdict);
}

const UNCOVERED: ReadonlySet<Reason> = new Set(["no-frames", "not-begun", "ended", "silence"]);

/** Whether the other capture does not cover the time of a packet, as far as it shows: nothing follows from what it lacks then. */
export function isUncovered({ reason }: Judgement): boolean {
  return UNCOVERED.has(reason);
}

/** What tells of packets that they did not come out, whatever else became of them. */
const STAYED: ReadonlySet<Reason> = new Set([
  "may-be-copy",
  "may-be-refused",
  "may-be-rejected",
  "no-answer",
  "not-yet-translated",
  "proxy-keeps",
  "translation-gone",
]);

/** Whether a packet without a twin may have come out unseen, as nothing tells what became of it, or the other capture may have missed that. */
export function mayHaveCrossed({ verdict, reason }: Judgement): boolean {
  return (verdict === "unknown" || verdict === "no-overlap" || verdict === "capture-loss") && !STAYED.has(reason);
}
