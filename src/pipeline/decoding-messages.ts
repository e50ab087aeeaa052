import type { HeapPart } from "../packets/memory/heap.js";
import type { Mark } from "../packets/batches/frame-marks.js";
import type { PacketSource, Tally } from "../packets/batches/source.js";
import type { SideNames } from "../packets/sides.js";
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
  /** Whether it is to tell what DNS answers said. */
  readonly listens: boolean;
}

/** What a source says of itself in the end. */
export interface LastState extends SourceState {
  readonly hasCounters: boolean;
  readonly tally: SourceState["tally"] & Pick<Tally, "reasons">;
}

/** What a source says of itself before its first packet, and where its batches are. */
export interface SourceFacts
  extends Pick<
    PacketSource,
    "name" | "captures" | "epochNs" | "resolutionNs" | "stampsWithinNs" | "hasCounters" | "isUnfiltered"
  > {
  readonly ring: RingPlace;
}

/** What the decoding thread says. `source`: its place among all, those of the inside first. First whether the captures can be used; then, beside what its rings tell, how it goes on. */
export type FromThread =
  | {
      readonly kind: "opened";
      readonly sources: readonly SourceFacts[];
      readonly interfaces: SideNames;
    }
  | { readonly kind: "unusable"; readonly message: string }
  /** A source's ring has a batch again. */
  | { readonly kind: "filled"; readonly source: number }
  /** What stands between the frames of a source's next batch that has such marks. */
  | { readonly kind: "marks"; readonly source: number; readonly marks: readonly Mark[] }
  /** What DNS answers said, one behind the other, that came with a source's next batch that has any. */
  | { readonly kind: "answers"; readonly source: number; readonly heard: readonly Uint8Array[] }
  /** Why frames of a source were undecodable, as of the next batch that has more of them than the one before. */
  | { readonly kind: "reasons"; readonly source: number; readonly reasons: Tally["reasons"] }
  /** A source has no more batches than its ring has. */
  | { readonly kind: "ended"; readonly source: number; readonly state: LastState }
  | { readonly kind: "warning"; readonly text: string; readonly isDamage: boolean }
  | { readonly kind: "bytes"; readonly capture: number; readonly read: number; readonly total: number | undefined };

/** What it is told later: the source whose ring has room again. */
export type ToThread = number;
