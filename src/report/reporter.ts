import type { Sink, Summary } from "../packets/results/results.js";

/** A sink that turns results into text, and may hold some of it back for larger writes. */
export interface Reporter extends Sink {
  /** Hands on what is held back. */
  flush(): void;
  /** What never arrived so far, a line each; where it is for people. */
  problems?(summary: Summary): string;
}

/** Takes text as it is made. */
export type Write = (text: string) => void;

/**
 * Takes text as it is made, as UTF-8, and may keep it: the bytes stay as they are. `onTaken` is there to be called once these and
 * all that came before are not needed any more: their memory is then used again.
 */
export type WriteBytes = (utf8: Uint8Array, onTaken?: () => void) => void;
