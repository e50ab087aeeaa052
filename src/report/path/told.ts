import type { Ends, Update } from "../../packets/results/results.js";
import type { Reason } from "../../packets/results/reasons.js";
import type { Impact, Verdict } from "../../packets/results/verdicts.js";
import type { Side } from "../../packets/sides.js";

/** What a hop tells of a packet at one of its points: a frame, or several that it takes together. */
export interface Sighting {
  /** The point's place on the path: 0 is the innermost. Of hop `n`, point `n` is the inside and `n + 1` the outside. */
  readonly point: number;
  /** Their numbers at that point; the rest is said of the first, but for the length, which is that of all together. */
  readonly frames: readonly number[];
  /** When it passed, nanoseconds since the path's epoch, by that point's clock. */
  readonly atNs: number;
  readonly ends: Ends;
  readonly ipId: number;
  readonly ttl: number;
  readonly length: number;
}

/** What no NAT changes of a packet. */
export interface Facts {
  readonly proto: string;
  /** In words, as lines have it. */
  readonly text: string;
  readonly tcp?: { readonly seq: number; readonly ack: number; readonly flags: string; readonly payload: number };
  readonly icmp?: { readonly type: number; readonly code: number; readonly seq?: number };
}

/** A pair that a hop found. */
export interface Crossing {
  readonly hop: number;
  readonly flow: number;
  readonly isOutbound: boolean;
  readonly latencyNs: number;
  /** What was rewritten, in the direction of travel. */
  readonly rewrite: readonly string[];
  readonly by: string;
  /** The point that shows both forms of a packet that was turned round there; undefined where each side has one. */
  readonly turnedAt?: number;
  /** Bytes that were lost on their way of a segment that was cut. */
  readonly missingBytes?: number;
}

/** What a hop says of a frame that it has no twin for. */
export interface Fate {
  readonly hop: number;
  readonly side: Side;
  readonly frame: number;
  readonly verdict: Verdict | "ambiguous";
  readonly why: string;
  readonly reason?: Reason | undefined;
  readonly impact?: Impact | undefined;
  readonly byFrame?: number | undefined;
  readonly leavesBy?: string | undefined;
  readonly rule?: string | undefined;
  /** Its flow there, where the translation is known. */
  readonly flow: number | undefined;
}

/** A pair, or one packet without a twin. */
export interface ToldPacket {
  readonly kind: "packet";
  /** One, or the inside's and the outside's. */
  readonly seen: readonly Sighting[];
  readonly facts: Facts;
  readonly crossing?: Crossing;
  readonly fate?: Fate;
  /** The next point's clock minus this one's, nanoseconds, where the packet tells. */
  readonly offsetNs?: number;
}

/** What became known of a frame that was told of before. */
interface ToldUpdate {
  readonly kind: "update";
  readonly update: Update;
}

/** A line that a hop's own report adds. */
interface ToldLine {
  readonly kind: "line";
  readonly text: string;
}

/** A flow that goes on no more. */
interface ToldFlow {
  readonly kind: "flow";
  readonly flow: number;
}

/** What a hop tells, in its order, and when that stands: nanoseconds since the path's epoch on the clock of the hop's inside. */
export type Told = { readonly atNs: number } & (ToldPacket | ToldUpdate | ToldLine | ToldFlow);
