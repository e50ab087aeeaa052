import type { Sink } from "../../../packets/results/results.js";
import { INSIDE, OUTSIDE, type Side } from "../../../packets/sides.js";
import type { Findings } from "../findings.js";
import type { Watched } from "../impacts/drop.js";
import type { Clashes } from "../flows/clashes.js";
import type { SideTally } from "../side-tally.js";
import { whyLost } from "../words.js";
import type { Revisions } from "./revisions.js";
import type { Told } from "./told.js";

interface AboutLosses extends Told {
  readonly clashes: Clashes;
  readonly findings: Findings;
  readonly tallies: readonly [SideTally, SideTally];
  readonly sink: Sink;
  readonly revisions: readonly [Revisions, Revisions];
}

/** What captures tell of their losses once the packets that these affect were judged: that is told again, as far as it does not hold. */
export class LateLosses {
  readonly #about: AboutLosses;

  constructor(about: AboutLosses) {
    this.#about = about;
  }

  /** When a capture tells of a loss next, on the timeline; Infinity where neither is known to. */
  get nextNs(): number {
    const { cover } = this.#about;
    return Math.min(cover[INSIDE].nextLossNs, cover[OUTSIDE].nextLossNs);
  }

  /** Takes the loss that a capture tells of next, and returns its side. Of what that affects, nothing else is told any more. */
  learn(): Side {
    const { cover, clashes, findings, tallies, sink, impacts, unknowns, revisions, teller } = this.#about;
    const side = cover[INSIDE].nextLossNs <= cover[OUTSIDE].nextLossNs ? INSIDE : OUTSIDE;
    const loser = cover[side].nextLoser;
    const { fromNs, toNs } = loser.gaps.learn();
    const isAffected = ({ side: on, way, timeNs }: Pick<Watched, "side" | "way" | "timeNs">): boolean =>
      on !== side && timeNs >= fromNs && timeNs <= toNs && cover[side].ofWay(way, timeNs).includes(loser);
    for (const each of [teller, impacts.open, unknowns]) each.withdraw(isAffected);
    if (side === OUTSIDE) clashes.withdraw(fromNs, toNs);
    findings.lost(side, fromNs, toNs);
    const now = { verdict: "capture-loss", reason: "frames-lost", why: whyLost(loser.name) } as const;
    const revisable = revisions[side].takeOut(fromNs, toNs, cover[side].mask([loser]));
    for (const revised of revisable) teller.update({ ...revised, ...now });
    for (const counted of revisions[side].takeOutCounted(fromNs, toNs)) {
      const moved = { ...counted, verdict: now.verdict };
      tallies[moved.side].updated(moved, moved.count);
      findings.moved(moved);
      sink.moved?.(moved);
    }
    return side;
  }
}
