import type { Look, Sink } from "../packets/results/results.js";

/** A sink that turns results into text, and may hold some of it back for larger writes. */
export interface Reporter extends Sink {
  /** Hands on what is held back. */
  flush(): void;
  /** What stands on a terminal while the run goes on; where it is for people. */
  standing?(look: Look, screen: Screen): string;
}

/** How much a terminal shows. */
export interface Screen {
  readonly rows: number;
  readonly columns: number;
}

/** Takes text as it is made. */
export type Write = (text: string) => void;

/**
 * Takes text as it is made, as UTF-8, and may keep it: the bytes stay as they are. `onTaken` is there to be called once these and
 * all that came before are not needed any more: their memory is then used again.
 */
export type WriteBytes = (utf8: Uint8Array, onTaken?: () => void) => void;
