import type { FramePlaces } from "../../packets/frame-places.js";
import type { Sink, Summary, Update } from "../../packets/results/results.js";
import type { Journey } from "./journey.js";
import type { PathClock } from "./path-clock.js";
import type { PathFlow } from "./path-flows.js";

/** A capture point, and what its frames are called. */
export interface PathPoint {
  readonly name: string;
  readonly places: FramePlaces;
  /** Of each of its captures, whether it says that it counts the frames that it loses. */
  readonly haveCounters: readonly boolean[];
}

/** What a path came to. */
export interface PathTotals {
  readonly hops: readonly Summary[];
  readonly journeys: number;
  readonly flows: number;
  /** By point, how many frames are in journeys. */
  readonly frames: readonly number[];
  readonly clock: PathClock;
}

/** Turns what becomes of packets along a path into text. */
export interface PathReporter {
  /** Takes the results of a hop; `onLine` is to be given what it says of them before the end. */
  hopReport(hop: number, onLine: (text: string) => void): Sink;
  /** `epochNs`: what times count from. */
  begin(points: readonly PathPoint[], epochNs: bigint): void;
  /** `flow`: its conversation, where one is known. */
  journey(journey: Journey, flow: number | undefined): void;
  /** What became known of a frame after its journey. */
  update(hop: number, update: Update): void;
  line(text: string): void;
  flow(flow: PathFlow): void;
  end(totals: PathTotals): void;
  flush(): void;
}
