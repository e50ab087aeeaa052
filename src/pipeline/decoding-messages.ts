import type { HeapPart } from "../packets/memory/heap.js";
import type { Mark } from "../packets/batches/frame-marks.js";
import type { Tally } from "../packets/batches/source.js";
import type { Side } from "../packets/sides.js";
import type { RingPlace, SourceState } from "./batch-ring.js";
import type { Captures } from "./captures.js";
import type { FrameFilter } from "./frame-filter.js";

/** What the decoding thread is told first. */
export interface Task {
  readonly from: Captures;
  /** For all that it needs, its batches among it. */
  readonly part: HeapPart;
  /** What marks packets, if anything does. */
  readonly filter?: FrameFilter | undefined;
}

/** What a source says of itself in the end. */
export interface LastState extends SourceState {
  readonly hasCounters: boolean;
  readonly tally: SourceState["tally"] & Pick<Tally, "reasons">;
}

/** What the decoding thread says. First whether the captures can be used; then, beside what its rings tell, how it goes on. */
export type FromThread =
  | {
      readonly kind: "opened";
      readonly names: readonly [string, string];
      readonly epochsNs: readonly [bigint, bigint];
      readonly resolutionsNs: readonly [number, number];
      readonly haveCounters: readonly [boolean, boolean];
      readonly interfaces: readonly [string, string];
      readonly rings: readonly [RingPlace, RingPlace];
    }
  | { readonly kind: "unusable"; readonly message: string }
  /** A side's ring has a batch again. */
  | { readonly kind: "filled"; readonly side: Side }
  /** What stands between the frames of a side's next batch that has such marks. */
  | { readonly kind: "marks"; readonly side: Side; readonly marks: readonly Mark[] }
  /** Why frames of a side were undecodable, as of the next batch that has more of them than the one before. */
  | { readonly kind: "reasons"; readonly side: Side; readonly reasons: Tally["reasons"] }
  /** A side has no more batches than its ring has. */
  | { readonly kind: "ended"; readonly side: Side; readonly state: LastState }
  | { readonly kind: "warning"; readonly text: string; readonly isDamage: boolean }
  | { readonly kind: "bytes"; readonly capture: number; readonly read: number; readonly total: number | undefined };

/** What it is told later: the side whose ring has room again. */
export type ToThread = Side;
