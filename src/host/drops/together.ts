import type { Dropped } from "../../packets/results/drops.js";
import type { DroppingRule } from "./filter-book.js";
import { packetsIn } from "./ground.js";

/** A rule that may have dropped some packets, and counted fewer than these are. */
export interface Sharing {
  readonly dropping: DroppingRule;
  readonly kinds: readonly Dropped[];
  readonly count: number;
}

/** Several such rules, and how many packets they counted together: as many as all of these are, or more. */
export interface Shared {
  readonly rules: readonly Sharing[];
  readonly count: number;
}

/** Groups rules by the packets that they may have shared. Of those that counted too few together, nothing is said: something else dropped some. */
export function together(all: readonly Sharing[]): Shared[] {
  let groups: (readonly Sharing[])[] = [];
  for (const rule of all) {
    const known = new Set(rule.kinds);
    const isNear = (group: readonly Sharing[]): boolean =>
      group.some(({ kinds }) => kinds.some((kind) => known.has(kind)));
    const near = groups.filter(isNear);
    groups = [...groups.filter((group) => !near.includes(group)), [...near.flat(), rule]];
  }
  return groups.flatMap((rules) => {
    const count = rules.reduce((sum, each) => sum + each.count, 0);
    const packets = packetsIn([...new Set(rules.flatMap(({ kinds }) => kinds))]);
    return rules.length > 1 && count >= packets ? [{ rules, count }] : [];
  });
}
