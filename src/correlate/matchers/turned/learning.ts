import { Flow } from "../../../packets/flows/flows.js";
import { NONE, tupleIn, isFromA } from "../../../packets/tuples.js";
import { isOpening } from "../../../protocols/tcp.js";
import { isAnyBehind } from "../behind.js";
import type { About } from "../contract.js";
import type { BothForms } from "./both-forms.js";
import { type Passed, type Turned, type Turns } from "./turns.js";

/** So many translations are remembered at the most that one pair speaks for. */
const MOST_HEARD = 256;
const NOTHING: Readonly<Passed> = { pairs: 0, openings: 0, refusals: 0 };

/** Learns which conversations are turned round, from packets that may be the two forms of one. */
export class Learning {
  readonly #about: About;
  readonly #turns: Turns;
  readonly #forms: BothForms;
  /** Translations that contradict known ones and that one pair speaks for, by their ways. */
  readonly #heard = new Set<string>();

  constructor(about: About, turns: Turns, forms: BothForms) {
    this.#about = about;
    this.#turns = turns;
    this.#forms = forms;
  }

  /** Forgets what single pairs spoke for: ways are about to get another meaning. */
  unlinked(): void {
    this.#heard.clear();
  }

  /**
   * Takes it that a conversation is turned round, if two forms say so, with those behind them, either way; `afterOf`: what a later packet became, or
   * NONE. Returns whether they do.
   */
  learn(before: number, after: number, afterOf: (later: number) => number): boolean {
    const t = this.#about.timeline;
    const [way, afterWay] = [t.way(before), t.way(after)];
    const isNextBelieved =
      (from: number, to: number) =>
      (later: number): boolean => {
        if (t.way(later) !== from) return false;
        const next = afterOf(later);
        return next !== NONE && t.way(next) === to && this.#isBelieved(later, next);
      };
    const isBelieved =
      this.#isBelieved(before, after) ||
      isAnyBehind(t, before, isNextBelieved(way, afterWay)) ||
      isAnyBehind(t, after, isNextBelieved(afterWay ^ 1, way ^ 1));
    if (!isBelieved) return false;
    this.#open(before, after);
    return true;
  }

  #isBelieved(before: number, after: number): boolean {
    const t = this.#about.timeline;
    // what both directions say of a translation adds up where its two conversations have one order
    const isInOrder = t.tuple(before) < t.tuple(after);
    const [one, other] = isInOrder ? [before, after] : [after, before];
    return this.#about.translations.isSupported(one, other) && this.#isHeard(before, after);
  }

  /**
   * Whether enough pairs speak for a translation: one, or two where that contradicts a known one, unless it opens a connection. A bit that is
   * flipped on its way makes one packet look like another conversation's.
   */
  #isHeard(before: number, after: number): boolean {
    const t = this.#about.timeline;
    const isContradicting = this.#forms.isBefore(before) || this.#forms.isAfter(after);
    if (!isContradicting || isOpening(t.tcpFlags(before))) return true;
    const key = `${t.way(before)} ${t.way(after)}`;
    if (this.#heard.has(key)) return true;
    if (this.#heard.size >= MOST_HEARD) this.#heard.clear();
    this.#heard.add(key);
    return false;
  }

  #open(before: number, after: number): void {
    const t = this.#about.timeline;
    const [way, afterWay] = [t.way(before), t.way(after)];
    this.#about.link([tupleIn(way), tupleIn(afterWay)], (id) => {
      const turned: Turned = {
        kind: "turned",
        side: t.sideOf(before),
        there: this.#flow(id, way, afterWay),
        back: this.#flow(id, afterWay ^ 1, way ^ 1),
        firstFrames: [t.frame(before), t.frame(after)],
        passed: { there: { ...NOTHING }, back: { ...NOTHING } },
        bytes: 0,
        firstNs: t.timeNs(before),
        lastNs: t.timeNs(before),
        latencies: this.#about.translations.accounts.latencies.digests.make(),
      };
      this.#turns.add(way, afterWay, [this.#forms.captureOf(before), this.#forms.captureOf(after)], turned);
      return turned;
    });
  }

  /** The flow as packets have it that go one way before the rewrite and another one after it. */
  #flow(id: number, way: number, afterWay: number): Flow {
    const rewrite = this.#about.kernel.rewrite(way, afterWay);
    const back = this.#about.kernel.rewrite(way ^ 1, afterWay ^ 1);
    const isForward = isFromA(way);
    const isFlipped = ((way ^ afterWay) & 1) === 1;
    const [forward, backward] = isForward ? [rewrite, back] : [back, rewrite];
    return new Flow(id, NONE, tupleIn(way), tupleIn(afterWay), isFlipped, isForward, forward, backward);
  }
}
