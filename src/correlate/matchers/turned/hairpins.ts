import { isSameLink } from "../../../protocols/addresses.js";
import { HAS_IP_ID, IS_FRAGMENT } from "../../../packets/packets.js";
import { EVIDENCE_LENGTH } from "../../../packets/results/evidence.js";
import { otherSide } from "../../../packets/sides.js";
import { Sweep } from "../../../packets/memory/sweep.js";
import { WAITING } from "../../../packets/fates.js";
import { NONE, tupleIn } from "../../../packets/tuples.js";
import { destinationOf, haveSameSource, sourceOf } from "../../../packets/ways.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { undecidedBehind } from "../behind.js";
import type { Datagrams } from "../pieces/datagrams.js";
import { JITTER_NS } from "../../kernel/relations.js";
import { WANTS_TWIN } from "../../kernel/wants.js";
import type { About, Matcher, OneForm } from "../contract.js";
import { Arrivals } from "./arrivals.js";
import { BothForms } from "./both-forms.js";
import { Learning } from "./learning.js";
import { type Forms, mayHaveComeOut, turnedSegment } from "./turned-segments.js";
import { countPair, Turns } from "./turns.js";
import { leaveUndecided, type Undecided } from "../undecided.js";

/** Packets with one key that are looked through for the two forms of one; of more, nothing tells which came of which. */
const MOST_LIKE = 64;
/** Pairs that it takes to know how long packets take … */
const ESTABLISHED_PAIRS = 8;
/** … and while there are fewer, they may take so many times as long. */
const EARLY_FACTOR = 16;
/** What is noted of single packets is cleared when it reaches this size. */
const CROWDED = 256;

/**
 * Pairs packets that the host turns round on one side, as a service's address stands for a container on the sender's own link, or as they go from one
 * interface of the side to another one: a hairpin. The captures of that side have each packet twice, before the rewrite and after it, with other
 * addresses and all else the same.
 *
 * Two forms have one key, and no packet of the other side does. That a capture shows a packet again as it was is no hairpin: a rewrite
 * has to show. What one capture shows and then another one, with a lower TTL, need not be rewritten.
 */
export class Hairpins implements Matcher {
  readonly wants = WANTS_TWIN;
  readonly #about: About;
  readonly #datagrams: Datagrams;
  readonly #turns = new Turns();
  /** Which packets may be the two forms of one. */
  readonly #forms: BothForms;
  readonly #learning: Learning;
  /** What of their connections arrived. */
  readonly #arrivals: Arrivals;
  /** Of packets that may be one of two forms, though too little speaks for it: the frame of the other one. */
  readonly #maybe = new Map<number, number>();
  readonly #sweep = new Sweep(CROWDED);
  #pairs = 0;
  #slowestNs = 0;
  /** Whether packets between neighbours were turned round: br_netfilter has a bridge rewrite those, too. */
  #areNeighboursTurned = false;

  constructor(about: About, datagrams: Datagrams) {
    this.#about = about;
    this.#datagrams = datagrams;
    this.#forms = new BothForms(about, this.#turns);
    this.#learning = new Learning(about, this.#turns, this.#forms);
    this.#arrivals = new Arrivals(about.timeline);
  }

  /** Takes a packet that was just filed: pairs it with the form it had before, where its conversation is known and only one can be meant. */
  admit(row: number): void {
    if (this.#turns.size === 0 || !this.#isOneSided(row) || this.#count(row) > MOST_LIKE) return;
    const [before, ...others] = this.#beforesOf(row);
    if (before !== undefined && others.length === 0) this.#pair([before], [row]);
  }

  /** Whether a packet has others with its key on its side alone, or is a segment that may have been cut; of fragments, `Datagrams` says so. */
  mayPair(row: number): boolean {
    const t = this.#about.timeline;
    return this.#isOneSided(row) || (t.proto(row) === TCP && t.payloadLength(row) > 0 && this.#forms.isBefore(row));
  }

  /** Whether others of its side wait under its key, and none of the other side. */
  #isOneSided(row: number): boolean {
    const t = this.#about.timeline;
    const bucket = t.bucket(row);
    if (bucket < 0) return false;
    const side = t.sideOf(row);
    return this.#count(row) > 1 && this.#about.buckets.count(bucket, otherSide(side)) === 0;
  }

  /** Decides about a packet whose window is over, the oldest of its key. */
  settle(row: number): Undecided | null {
    if (!this.#isOneSided(row)) {
      this.#settleCut(row);
      return null;
    }
    const t = this.#about.timeline;
    const like = this.#like(row);
    let afters = this.#aftersOf(row, like);
    // the translation that is known of its conversation may be one of several, or may have ended
    if (afters.length === 0 && this.#learn(row)) afters = this.#aftersOf(row, like);
    if (afters.length === 0) {
      for (const other of like) {
        if (!t.isBefore(row, other)) continue;
        if (this.#forms.mayBe(row, other) || this.#forms.mayBeKept(row, other)) this.#noteMaybe([row], [other]);
        // where stamps are in disorder
        if (this.#forms.mayBe(other, row)) this.#noteMaybe([other], [row]);
      }
      return null;
    }
    if (like.length <= MOST_LIKE) {
      const befores = afters.map((after) => this.#beforesOf(after));
      const certain = befores.findIndex((rows) => rows.length === 1 && rows[0] === row);
      if (certain >= 0) this.#pair([row], [afters[certain]]);
      // one that came out late, and is no other's, may have been held up
      const late = befores.findIndex((rows) => rows.length === 0);
      if (late >= 0) this.#noteMaybe([row], [afters[late]]);
      if (!befores.some((rows) => rows.includes(row)) || certain >= 0) return null;
    }
    const ways = new Set([row, ...afters].map((each) => t.way(each)));
    const undecided = like.filter((each) => ways.has(t.way(each)));
    return leaveUndecided(
      t,
      undecided,
      "identical packets that are turned round, and nothing tells which came of which",
    );
  }

  oneForm(row: number): OneForm | undefined {
    const like = this.#maybe.get(row);
    const isBefore = this.#forms.isBefore(row);
    if (like === undefined && !isBefore && !this.#forms.isAfter(row)) return undefined;
    const { timeline: t } = this.#about;
    return {
      like,
      isBefore,
      hasArrived: () => this.#arrivals.isArrived(row),
      goesStraight: () => !this.#areNeighboursTurned && this.#isBetweenNeighbours(row),
      mayHaveComeOut: () => this.#turns.of(t.way(row)).some(({ afterWay }) => mayHaveComeOut(t, row, afterWay)),
      isAlive: () => this.#isAlive(row),
    };
  }

  #isBetweenNeighbours(before: number): boolean {
    const { timeline: t, tuples } = this.#about;
    const way = t.way(before);
    const [src, dst] = [sourceOf(tuples, way), destinationOf(tuples, way)];
    return (
      isSameLink(tuples.isIpv6(tupleIn(way)), tuples.words, src, tuples.words, dst) &&
      this.#turns.of(way).every(({ afterWay }) => haveSameSource(tuples, way ^ 1, afterWay ^ 1))
    );
  }

  #isAlive(row: number): boolean {
    const t = this.#about.timeline;
    const present = this.#turns.present(t.way(row)).map(({ turned }) => turned);
    if (present.some(({ lastNs }) => lastNs > t.timeNs(row))) return true;
    const goesBy = (later: number): boolean =>
      this.#turns.of(t.way(later)).some(({ turned }) => present.includes(turned)) &&
      this.#isOneSided(later) &&
      this.#aftersOf(later, this.#like(later)).length > 0;
    const found = undecidedBehind(t, row, goesBy);
    return found !== NONE && found !== t.end;
  }

  unlinked(tuple: number): void {
    this.#turns.forget(tuple);
    this.#learning.unlinked();
    this.#arrivals.forget(tuple);
  }

  /** Pairs a packet that was cut differently in its two forms, if it is one of those. */
  #settleCut(row: number): void {
    const t = this.#about.timeline;
    if ((t.flags(row) & IS_FRAGMENT) !== 0 || t.proto(row) !== TCP) {
      const forms = this.#datagramOf(row);
      if (forms !== undefined && this.#isTurn(forms)) this.#pair(...forms);
      else if (forms !== undefined) this.#noteMaybe(...forms);
      return;
    }
    if (t.payloadLength(row) === 0) return;
    const found = this.#turns
      .of(t.way(row))
      .map(({ afterWay }) => turnedSegment(t, row, afterWay, this.#limitNs))
      .filter((forms) => forms !== null);
    if (found.length === 1) this.#pair(...found[0]);
  }

  /** The two forms of a datagram, one of which is in fragments, as far as they and their TTL tell. */
  #datagramOf(row: number): Forms | undefined {
    const forms = this.#datagrams.likeOf(row);
    return forms !== undefined && this.#forms.isForwarded(forms[0][0], forms[1][0]) ? forms : undefined;
  }

  /** Whether two forms are of a conversation that is turned round, as is known, or learnt by these and what comes behind them. */
  #isTurn([[before], [after]]: Forms): boolean {
    const t = this.#about.timeline;
    if (this.#turns.between(t.way(before), t.way(after)) !== undefined) return true;
    if (this.#forms.isBefore(before) || !this.#forms.isPossible(before, after)) return false;
    return this.#learning.learn(before, after, (later) => {
      const [[next], [nextAfter]] = this.#datagramOf(later) ?? [[NONE], [NONE]];
      return next === later && this.#forms.isPossible(next, nextAfter) ? nextAfter : NONE;
    });
  }

  #noteMaybe(befores: readonly number[], afters: readonly number[]): void {
    const t = this.#about.timeline;
    this.#sweep.run(this.#maybe, (row) => t.isHeld(row));
    for (const row of befores) this.#maybe.set(row, t.frame(afters[0]));
    for (const row of afters) this.#maybe.set(row, t.frame(befores[0]));
  }

  #count(row: number): number {
    return this.#about.buckets.count(this.#about.timeline.bucket(row), this.#about.timeline.sideOf(row));
  }

  /** All that wait under a packet's key on its side, the oldest first. */
  #like(row: number): number[] {
    const t = this.#about.timeline;
    const rows: number[] = [];
    const first = this.#about.buckets.oldest(t.bucket(row), t.sideOf(row));
    for (let each = first; each !== NONE; each = t.next(each)) if (t.state(each) === WAITING) rows.push(each);
    return rows;
  }

  /** Those that a packet may have become, by its known conversation. */
  #aftersOf(row: number, like: readonly number[]): number[] {
    return like.filter((after) => this.#forms.isTurnedInto(row, after));
  }

  /**
   * Those that a packet may have come of, by its known conversation: what came before it on the way that leads to its own. What took
   * longer than packets do is meant only where nothing else is.
   */
  #beforesOf(after: number): number[] {
    const t = this.#about.timeline;
    const rows = this.#like(after).filter(
      (row) => this.#forms.isTurnedInto(row, after) && this.#forms.isForwarded(row, after),
    );
    const limitNs = this.#limitNs;
    const usual = rows.filter((row) => t.timeNs(after) - t.timeNs(row) <= limitNs);
    // what may be sent again byte for byte is never meant so late
    return usual.length > 0 || (t.flags(after) & HAS_IP_ID) === 0 ? usual : rows;
  }

  /** What packets take at the most that are turned round, nanoseconds. */
  get #limitNs(): number {
    const factor = this.#pairs < ESTABLISHED_PAIRS ? EARLY_FACTOR : 1;
    return this.#pairs === 0 ? Number.POSITIVE_INFINITY : factor * (2 * this.#slowestNs + JITTER_NS);
  }

  /**
   * Looks for what a packet became, and with too little evidence for that, at what came behind it on its way. Returns whether it is
   * known now that the conversation is turned round.
   */
  #learn(row: number): boolean {
    const after = this.#candidateOf(row);
    if (after === NONE) return false;
    return this.#learning.learn(row, after, (later) => (this.#isOneSided(later) ? this.#candidateOf(later) : NONE));
  }

  /** The only packet with its key that a packet may have become, on a way of its own, with a TTL that is one lower; or NONE. */
  #candidateOf(before: number): number {
    if (this.#count(before) !== 2) return NONE;
    const [first, after] = this.#like(before);
    if (first !== before || after === undefined || !this.#forms.mayBe(before, after)) return NONE;
    return this.#forms.isPossible(before, after) ? after : NONE;
  }

  #pair(befores: readonly number[], afters: readonly number[]): void {
    const t = this.#about.timeline;
    const [before] = befores;
    const turn = this.#turns.between(t.way(before), t.way(afters[0]));
    if (turn === undefined) return;
    for (const row of befores) this.#arrivals.note(row, afters[0]);
    const evidence = this.#about.kernel.evidenceOf(t.proto(before), t.flags(before));
    const isCutAlike = befores.length === afters.length;
    const bytes = befores.reduce((sum, row) => sum + t.length(row), 0);
    const latencyNs = this.#about.pairing.turned(
      befores,
      afters,
      turn.flow,
      isCutAlike ? evidence : evidence & ~EVIDENCE_LENGTH,
    );
    this.#areNeighboursTurned ||= this.#isBetweenNeighbours(before);
    this.#pairs++;
    this.#slowestNs = Math.max(this.#slowestNs, latencyNs);
    countPair(t, turn, before, bytes, latencyNs);
  }
}
