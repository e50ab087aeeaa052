/** A frame that is like another one beside it, and when it came. */
interface Repeat {
  readonly like: number;
  readonly stampNs: number;
}

/**
 * Packets that come twice within the time of a copy, in a capture of which nothing shows that it makes no copies: each may be the other one's, or was
 * sent by itself.
 */
export class Repeats {
  readonly #byFrame = new Map<number, Repeat>();

  /** Notes two frames that are like each other, and about when they came, by the capture's own clock. */
  note(frame: number, like: number, stampNs: number): void {
    this.#byFrame.set(like, { like: frame, stampNs });
    this.#byFrame.set(frame, { like, stampNs });
  }

  /** The frame that another one may be a copy of, or have as one; undefined where there is none. */
  of(frame: number): number | undefined {
    return this.#byFrame.get(frame)?.like;
  }

  /** Forgets those that came before: they have been decided about. */
  forget(stampNs: number): void {
    for (const [frame, repeat] of this.#byFrame) {
      if (repeat.stampNs >= stampNs) return;
      this.#byFrame.delete(frame);
    }
  }
}
