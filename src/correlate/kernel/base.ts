import type { FlowAccounts } from "../../packets/flows/flow-accounts.js";
import type { Heap } from "../../packets/memory/heap.js";
import type { Timeline } from "../../packets/timeline.js";
import type { TupleTable } from "../../packets/tuples.js";
import type { Clock } from "../clock/clock.js";
import type { Buckets } from "./buckets.js";
import type { Kernel } from "./kernel.js";
import type { Translations } from "./translations.js";

/** What whoever decides about packets works on. */
export interface Base {
  readonly heap: Heap;
  readonly timeline: Timeline;
  readonly tuples: TupleTable;
  readonly buckets: Buckets;
  readonly accounts: FlowAccounts;
  readonly kernel: Kernel;
  readonly translations: Translations;
  readonly clock: Clock;
  readonly windowNs: number;
}
