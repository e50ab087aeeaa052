import { frameKey, type Side } from "../sides.js";

/** What is said of a frame, for whoever reads the capture that it is in. */
export interface FrameNote {
  /** One line. Frames that it names stand in it by `markOf`. */
  readonly text: string;
  /** By how much the clock of the frame's capture was ahead of the inside's then, nanoseconds; NaN where that is not known. */
  readonly leadNs: number;
}

/** Where notes are kept, by a frame's number on its side. A later one of a frame takes the place of that before. */
export interface FrameNotes {
  /**
   * The same text may be that of many frames, and is the cheaper for it: what differs stands in it as `TWIN` and `LATENCY`.
   *
   * @param text as of a `FrameNote`.
   * @param leadNs as of a `FrameNote`.
   * @param twin the frame of the other side that `TWIN` stands for; 0 where the text has none.
   * @param latencyNs what `LATENCY` stands for.
   */
  put(side: Side, frame: number, text: string, leadNs: number, twin?: number, latencyNs?: number): void;
  get(side: Side, frame: number): FrameNote | undefined;
}

/** What surrounds a frame that a note names, and what stands for others: text from a capture has none of these, see `printable`. */
export const BEGIN = 1;
export const END = 2;
export const TWIN_MARK = 3;
export const LATENCY_MARK = 4;

/** In a note, the number of the frame that is the twin. */
export const TWIN = String.fromCharCode(TWIN_MARK);
/** In a note, how long the packet took: `latencyText`. */
export const LATENCY = String.fromCharCode(LATENCY_MARK);

/** A frame, in a note: what it is called is not known before all frames have their places. */
export function markOf(side: Side, frame: number): string {
  return `${String.fromCharCode(BEGIN)}${frameKey(side, frame)}${String.fromCharCode(END)}`;
}
