import type { Sink } from "../packets/results.js";

/** A sink that turns results into text, and may hold some of it back for larger writes. */
export interface Reporter extends Sink {
  /** Hands on what is held back. */
  flush(): void;
}

/** Takes text as it is made. */
export type Write = (text: string) => void;
