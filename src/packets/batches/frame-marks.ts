/** What a capture says of itself between two of its frames: it goes with the frames, and does not depend on how these are cut into batches. */
export interface Mark {
  /** The number of the frame before it; 0 where it stands before all. */
  readonly frame: number;
  /** Every frame stamped before this stands before the mark, nanoseconds since the source's epoch; left out where only frames tell. */
  readonly reachedNs?: number;
  /** Whether the next of several captures begins here: see `FrameSource.captures`. */
  readonly begins?: true;
  /** What was lost of the frames up to here. */
  readonly loss?: Loss;
}

/** That a capture lost frames: when exactly, its counters do not tell. */
export interface Loss {
  /** They were lost after this, by the stamps of frames; -Infinity where it may have been at any time before. */
  readonly sinceNs: number;
  /** How far the capture had come when it said so, as far as frames do not tell; else -Infinity. */
  readonly toldNs: number;
  /** How many. */
  readonly count: number;
}
