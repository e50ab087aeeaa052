import { type Judgement, type Sink, type Update, wantsUpdate } from "../../../packets/results/results.js";
import { INSIDE, OUTSIDE, otherSide, type Side } from "../../../packets/sides.js";
import type { Clashes } from "../flows/clashes.js";
import type { Cover } from "../captures/cover.js";
import type { Findings } from "../findings.js";
import { type Revised, Revisions } from "./revisions.js";
import type { SideTally } from "../side-tally.js";
import type { Updates } from "./updates.js";
import { whyLost } from "../words.js";

/** Who has to know of it. */
export interface Concerned {
  readonly cover: readonly [Cover, Cover];
  readonly clashes: Clashes;
  readonly findings: Findings;
  readonly tallies: readonly [SideTally, SideTally];
  readonly sink: Sink;
}

/** What captures tell of their losses once the packets that these affect were judged: that is told again, as far as it does not hold. */
export class LateLosses {
  readonly #of: Concerned;
  /** By side: what was said of packets that its capture lacks. */
  readonly #revisions = [new Revisions(), new Revisions()] as const;

  constructor(of: Concerned) {
    this.#of = of;
  }

  /** Takes a packet that does not hold as it was judged if the capture of side `on` turns out to have lost frames when it passed. */
  note(on: Side, packet: Omit<Revised, "before">, timeNs: number, judgement: Judgement): void {
    this.#revisions[on].note(packet, timeNs, judgement);
  }

  /** Takes what became known of a drop that passed at this time, and tells of it. */
  update(update: Update, timeNs: number): void {
    this.#revisions[otherSide(update.side)].update(update, timeNs);
    this.#tell(update);
  }

  /** When a capture tells of a loss next, on the timeline; Infinity where neither is known to. */
  get nextNs(): number {
    const { cover } = this.#of;
    return Math.min(cover[INSIDE].gaps.nextNs, cover[OUTSIDE].gaps.nextNs);
  }

  /** Takes the loss that a capture tells of next, and returns its side. `updates` has nothing more to tell of what that affects. */
  learn(updates: Updates): Side {
    const { cover, clashes, findings, tallies, sink } = this.#of;
    const side = cover[INSIDE].gaps.nextNs <= cover[OUTSIDE].gaps.nextNs ? INSIDE : OUTSIDE;
    const { fromNs, toNs } = cover[side].gaps.learn();
    updates.withdraw(otherSide(side), fromNs, toNs);
    if (side === OUTSIDE) clashes.withdraw(fromNs, toNs);
    findings.lost(side, fromNs, toNs);
    const now = { verdict: "capture-loss", reason: "frames-lost", why: whyLost(side) } as const;
    for (const revised of this.#revisions[side].takeOut(fromNs, toNs)) this.#tell({ ...revised, ...now });
    for (const counted of this.#revisions[side].takeOutCounted(fromNs, toNs)) {
      const moved = { ...counted, verdict: now.verdict };
      tallies[moved.side].updated(moved, moved.count);
      findings.moved(moved);
      sink.moved?.(moved);
    }
    return side;
  }

  /** Counts what became known of a packet, and tells of it. */
  #tell(update: Update): void {
    const { tallies, findings, sink } = this.#of;
    tallies[update.side].updated(update);
    findings.update(update);
    if (wantsUpdate(sink, update)) sink.update(update);
  }
}
