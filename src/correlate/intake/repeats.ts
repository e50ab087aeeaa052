import { keepNewest } from "../../packets/memory/keep-newest.js";

/** So many frames are noted, the newest. Far fewer wait for their twins at once. */
const MOST_NOTED = 131_072;

/**
 * Packets that come twice within the time of a copy, in a capture of which nothing shows that it makes no copies: each may be the other one's, or was
 * sent by itself.
 */
export class Repeats {
  readonly #likes = new Map<number, number>();

  /** Notes two frames that are like each other. */
  note(frame: number, like: number): void {
    this.#set(like, frame);
    this.#set(frame, like);
  }

  /** The frame that another one may be a copy of, or have as one; undefined where there is none. */
  of(frame: number): number | undefined {
    return this.#likes.get(frame);
  }

  #set(frame: number, like: number): void {
    this.#likes.set(frame, like);
    keepNewest(this.#likes, MOST_NOTED);
  }
}
