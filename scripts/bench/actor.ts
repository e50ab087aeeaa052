/** One conversation (or other source of frames): it takes its turn, then says when it wants the next. */
export interface Actor {
  /** Sends a packet or a few. @returns the time of its next turn, ns, later than `nowNs`; -1 where it is over. */
  step(nowNs: number): number;
}
