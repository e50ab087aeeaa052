import type { Dropped, StopReason } from "../../packets/results/drops.js";
import type { Cause } from "../../packets/results/findings.js";
import type { FindingCode } from "../../packets/results/finding-codes.js";
import type { Between } from "./between.js";

/** What could have dropped some packets, by what the host's tables and counters say. */
export interface Ground {
  readonly code: FindingCode;
  readonly kinds: readonly Dropped[];
  /** Whether the host's tables leave no other way; else, no more than that these packets may be among what it counted. */
  readonly isCertain: boolean;
  readonly text: string;
  /** What to look at next; undefined where that is as usual. */
  readonly hint?: string;
  readonly cause: Cause;
  /** What a verdict rests on that says so; undefined where others may have been stopped instead. */
  readonly stops?: StopReason;
}

export function isDropped({ fate }: Dropped): boolean {
  return fate === "dropped";
}

/** Whether they are known not to have been passed on. */
export function isStopped({ fate }: Dropped): boolean {
  return fate === "dropped" || fate === "refused";
}

/** How many packets there are of some kinds. */
export function packetsIn(kinds: readonly Dropped[]): number {
  return kinds.reduce((sum, { gathered }) => sum + gathered.count, 0);
}

/** The reason of a verdict, and how many other packets were refused, which the same counter has, too. */
interface Stops {
  readonly reason: StopReason;
  readonly refused: number;
}

/** Packets that could have been dropped by one thing, by what is said of it. */
export type Reasons = ReadonlyMap<string, readonly Dropped[]>;

/**
 * The grounds that the host's tables show for some packets; none where the counter that goes with them moved by less than all of these.
 *
 * @param counter undefined where the kernel has none.
 * @param stops what is said of those that certainly were: the counter has all of them, or it has none, and what stops them was there all the time.
 */
export function countedGrounds(
  code: FindingCode,
  reasons: Reasons,
  counter: string | undefined,
  between: Between,
  isCertain = true,
  stops?: Stops,
): Ground[] {
  const counted = counter === undefined ? undefined : between.moved(counter);
  const packets = packetsIn([...reasons.values()].flat());
  if (counted !== undefined && counted < packets) return [];
  const isCounted = counter !== undefined && counted !== undefined;
  const others = isCounted && counted > packets ? `, ${counted - packets} of them others` : "";
  const said = isCounted ? `; ${counter} counted ${counted}${others}` : "";
  const cause = isCounted ? { counter, counted } : {};
  const isCertainOf = (kinds: readonly Dropped[]): boolean =>
    counted === undefined
      ? kinds.every(({ firstNs }) => between.isSteadySince(firstNs))
      : counted >= packets + (stops?.refused ?? 0);
  return Array.from(reasons, ([text, kinds]) => ({
    code,
    kinds,
    isCertain,
    text: `${text}${said}`,
    cause,
    ...(stops !== undefined && isCertainOf(kinds) && { stops: stops.reason }),
  }));
}

/** Packets by what is said of them; those of which nothing is are left out. */
export function reasonsFor(kinds: readonly Dropped[], whyOf: (kind: Dropped) => string | undefined): Reasons {
  const reasons = new Map<string, Dropped[]>();
  for (const kind of kinds) {
    const why = whyOf(kind);
    if (why !== undefined) reasons.set(why, [...(reasons.get(why) ?? []), kind]);
  }
  return reasons;
}
