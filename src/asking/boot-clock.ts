import { hrtime } from "node:process";

/** For so long, two clocks are taken to stay as far apart as they were: longer, and one that is being set right is another by more than counts here. */
const STEADY_NS = 1_000_000_000n;
/** Two looks at the clocks that are this close tell how far apart they are well enough. */
const CLOSE_NS = 20_000n;
/** So many milliseconds it is tried for. */
const MOST_TICKS = 20;

/** What the clock of the captures is ahead of the one that counts from the kernel's start (CLOCK_MONOTONIC). */
export class BootClock {
  #aheadUs = 0;
  #lookedNs = -STEADY_NS;

  /** Microseconds. */
  aheadUs(): number {
    if (hrtime.bigint() - this.#lookedNs >= STEADY_NS) this.#look();
    return this.#aheadUs;
  }

  /** `Date` tells whole milliseconds: when the next one begins, both are known. */
  #look(): void {
    let [ms, ns] = [Date.now(), hrtime.bigint()];
    for (let ticks = 0; ticks < MOST_TICKS; ) {
      const [nowMs, nowNs] = [Date.now(), hrtime.bigint()];
      if (nowMs !== ms) {
        this.#aheadUs = 1000 * nowMs - Number(nowNs / 1000n);
        ticks = nowNs - ns < CLOSE_NS ? MOST_TICKS : ticks + 1;
      }
      [ms, ns] = [nowMs, nowNs];
    }
    this.#lookedNs = ns;
  }
}
