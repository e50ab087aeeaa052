import { areAlike, HAS_IP_ID, IS_FRAGMENT } from "../../../packets/packets.js";
import {
  BY_FRAGMENTS,
  EVIDENCE_FLOW,
  EVIDENCE_IP_ID,
  EVIDENCE_LENGTH,
  EVIDENCE_PAYLOAD,
} from "../../../packets/results/evidence.js";
import { otherSide, SIDE_NAMES } from "../../../packets/sides.js";
import { DECIDED } from "../../../packets/fates.js";
import { NONE } from "../../../packets/tuples.js";
import { WANTS_FRAGMENT } from "../../kernel/wants.js";
import { firstBehind } from "../behind.js";
import type { About, Doubt, Matcher } from "../contract.js";
import type { Undecided } from "../undecided.js";
import { areOfTwoVersions, areSameAcross, type Datagram, datagramOf, haveSameContent } from "./datagram.js";
import { GivenUp, identityOf } from "./given-up.js";
import { arePiecesAlike, arePlausible, Nearby } from "./nearby.js";
import { bytesOf, Reassembly } from "./reassembly.js";
import { Shelf } from "./shelf.js";
import { CONFLICT, IMPOSSIBLE, KNOWN, POSSIBLE } from "../../kernel/relations.js";

/** Of each side. */
type Shelves = readonly [Shelf<Datagram>, Shelf<Datagram>];

/**
 * Pairs datagrams that are cut into other fragments on the other side, or not at all there: by protocol, identification, size, and
 * above all by content. Where a capture did not keep that, an identification and the beginning of it do; without these, two are twins
 * only if they are the only ones of the window that can be. In another IP version a datagram has another header, and it is its content that tells, where
 * the translation is known. A datagram of which a fragment is missing is not paired: part of it proves
 * nothing.
 */
export class Datagrams implements Matcher {
  readonly wants = WANTS_FRAGMENT;
  readonly #about: About;
  readonly #reassembly: Reassembly;
  readonly #nearby: Nearby;
  /** Whether the last IPv6 datagram that was in fragments on both sides had one identification there: then this host does not make it anew. */
  #isIdentityKept = false;
  /** Complete datagrams of each side that are not paired, by content and size … */
  readonly #byContent: Shelves;
  /** … and by identification, size and protocol. */
  readonly #byHeader: Shelves;
  /** … and by what is left of them in another IP version: content, size and protocol. */
  readonly #byRest: Shelves;
  /** The same by each row of theirs. */
  readonly #byRow = new Map<number, Datagram>();
  readonly #givenUp: GivenUp;

  constructor(about: About) {
    const { timeline, tuples } = about;
    this.#about = about;
    this.#reassembly = new Reassembly(timeline, tuples);
    this.#nearby = new Nearby(about, (row, twin) => this.#hasOtherTwin(row, twin));
    this.#givenUp = new GivenUp(timeline);
    const shelf = () => new Shelf<Datagram>((datagram) => this.#isWaiting(datagram));
    this.#byContent = [shelf(), shelf()];
    this.#byHeader = [shelf(), shelf()];
    this.#byRest = [shelf(), shelf()];
  }

  /** Takes a fragment, or a packet that might be fragmented on the other side. */
  admit(row: number): void {
    const t = this.#about.timeline;
    if ((t.flags(row) & IS_FRAGMENT) === 0) {
      this.#take([row], bytesOf(t, row), false);
      return;
    }
    this.#nearby.note(row);
    const whole = this.#reassembly.add(row);
    if (whole) this.#take(whole.rows, whole.bytes, whole.isMixed);
  }

  mayPair(row: number): boolean {
    const datagram = this.#byRow.get(row);
    return datagram !== undefined && this.#isWaiting(datagram);
  }

  wholeOf(row: number): readonly number[] | undefined {
    return this.#byRow.get(row)?.rows;
  }

  /** Tries once more to pair the datagram of a packet whose window is over, with what has been learnt meanwhile. */
  settle(row: number): Undecided | null {
    const datagram = this.#byRow.get(row);
    if (datagram === undefined || !this.#isWaiting(datagram)) return null;
    if (!this.#pairSurely(datagram, true)) this.#pairOnly(datagram);
    return null;
  }

  /**
   * The datagram of a packet whose window is over, and the only other one of its side that is its like, is addressed otherwise, was not there
   * before it, and has no other like it; undefined where there is none, or both are in one frame.
   */
  likeOf(row: number): readonly [rows: readonly number[], likeRows: readonly number[]] | undefined {
    const datagram = this.#byRow.get(row);
    if (datagram === undefined || !this.#isWaiting(datagram)) return undefined;
    const t = this.#about.timeline;
    const { side, content } = datagram;
    const likes = (content === 0 ? this.#byHeader : this.#byContent)[side]
      .of(content === 0 ? datagram.headerKey : datagram.contentKey)
      .filter((each) => this.#isWaiting(each) && each.content === content && each.head === datagram.head);
    const others = likes.filter((each) => t.tuple(each.rows[0]) !== t.tuple(datagram.rows[0]));
    const isTold = content !== 0 || (datagram.head !== 0 && !likes.some(({ isMixed }) => isMixed));
    const [like] = others;
    if (likes.length !== 2 || others.length !== 1 || !isTold || datagram.rows.length + like.rows.length === 2)
      return undefined;
    return t.isBefore(datagram.rows[0], like.rows[0]) ? [datagram.rows, like.rows] : undefined;
  }

  giveUp(row: number): boolean {
    const isWhole = this.#byRow.has(row);
    if (isWhole || (this.#about.timeline.flags(row) & IS_FRAGMENT) !== 0) this.#givenUp.note(row, isWhole);
    return false;
  }

  partly(row: number, isLeaving: boolean): Doubt | undefined {
    const { timeline: t, windowNs } = this.#about;
    if ((t.flags(row) & IS_FRAGMENT) === 0) return undefined;
    // a complete one that was given up shortly before may be what it is of: nothing told that from others
    const mayBeOfIt = isLeaving && this.#givenUp.before(row, windowNs)?.isWhole === true;
    if (this.mayPair(row) && !mayBeOfIt) return undefined;
    return { reason: "fragment", why: "a fragment, of a datagram that is not all there on both sides" };
  }

  doubtLoss(row: number): Doubt | undefined {
    if (!this.#mayBeInFragments(row)) return undefined;
    const other = SIDE_NAMES[otherSide(this.#about.timeline.sideOf(row))];
    const why = `${other} has fragments that may be of it: some are missing, too little of them was captured, or no known translation explains them`;
    return { reason: "may-be-fragments", why };
  }

  /**
   * Whether fragments wait behind a packet on the other side, or were left undecided, that may be of it: some may be missing, or too little of
   * them was kept to compare them.
   */
  #mayBeInFragments(row: number): boolean {
    const { timeline: t, kernel, windowNs } = this.#about;
    const datagram = this.#byRow.get(row);
    // what cannot be cut is not filed
    if (datagram === undefined) return false;
    const first = datagram.rows.reduce((first, each) => (t.isBefore(each, first) ? each : first));
    // as stamps have it, its twin may come out before it
    if (this.#givenUp.before(first, Math.min(kernel.time.slackNs, windowNs)) !== undefined) return true;
    const identity = identityOf(t, row);
    // where the router gives IP IDs of its own, these tell nothing of that
    const isRenumbering = this.#about.survivors.isRenumberingAny;
    const isSame = (other: number): boolean => (isRenumbering ? (other ^ identity) >>> 16 === 0 : other === identity);
    const isFragment = (next: number): boolean =>
      t.side(next) !== t.side(row) && (t.flags(next) & IS_FRAGMENT) !== 0 && isSame(identityOf(t, next));
    return firstBehind(t, first, DECIDED, isFragment) !== NONE;
  }

  forget(row: number): void {
    this.#reassembly.forget(row);
    this.#nearby.forget(row);
    const datagram = this.#byRow.get(row);
    if (datagram === undefined) return;
    this.#byRow.delete(row);
    this.#takeOff(datagram);
  }

  /** Takes a complete datagram. */
  #take(rows: readonly number[], bytes: number, isMixed: boolean): void {
    const t = this.#about.timeline;
    const datagram = datagramOf(t, rows, bytes, isMixed);
    const { content, contentKey, acrossKey } = datagram;
    if (!this.#isWaiting(datagram) || this.#pairSurely(datagram, false)) return;
    if (content !== 0) {
      this.#byContent[datagram.side].put(contentKey, datagram);
      this.#byRest[datagram.side].put(acrossKey, datagram);
    }
    this.#byHeader[datagram.side].put(datagram.headerKey, datagram);
    for (const row of rows) {
      this.#byRow.set(row, datagram);
      t.note(row);
    }
    if (rows.length === 1) this.#nearby.note(rows[0]);
  }

  #takeOff(datagram: Datagram): void {
    const { side } = datagram;
    if (datagram.content !== 0) {
      this.#byContent[side].takeOff(datagram.contentKey, datagram);
      this.#byRest[side].takeOff(datagram.acrossKey, datagram);
    }
    this.#byHeader[side].takeOff(datagram.headerKey, datagram);
  }

  /**
   * Pairs a datagram with the one whose content says that it can be its twin, if there is but one, it has no other claimant as
   * good, and it is certain. `isFinal`: whatever belongs to it must have come by now.
   */
  #pairSurely(datagram: Datagram, isFinal: boolean): boolean {
    if (datagram.content !== 0) {
      if (this.#pairBest(datagram, this.#byRest, datagram.acrossKey, isFinal, areSameAcross, KNOWN)) return true;
      const key = datagram.contentKey;
      const shelves = this.#byContent;
      const isAlone = !isContested(shelves, key) && this.#twinsOf(datagram, shelves, key).length === 0;
      // what all of it says against a known translation adds up, as that of any packet
      if (!isAlone) return this.#pairBest(datagram, shelves, key, isFinal, haveSameContent, CONFLICT);
    }
    const areNumberedAlike = (a: Datagram, b: Datagram) => this.#areNumberedAlike(a, b);
    return this.#pairBest(datagram, this.#byHeader, datagram.headerKey, isFinal, areNumberedAlike, POSSIBLE);
  }

  /** `mayBeTwins`: what two must be beside what all twins are; `least`: how they stand to each other at least. */
  #pairBest(
    datagram: Datagram,
    shelves: Shelves,
    key: number,
    isFinal: boolean,
    mayBeTwins: (a: Datagram, b: Datagram) => boolean,
    least: number,
  ): boolean {
    if (isContested(shelves, key)) return false;
    const candidates = this.#twinsOf(datagram, shelves, key).filter((other) => mayBeTwins(datagram, other));
    const best = Math.max(least, ...candidates.map((other) => this.#relation(datagram, other)));
    const asGood = candidates.filter((other) => this.#relation(datagram, other) >= best);
    const twins = asGood.length > 1 ? asGood.filter((other) => this.#isQuick(datagram, other)) : asGood;
    if (twins.length !== 1) return false;
    const [twin] = twins;
    const rivals = this.#twinsOf(twin, shelves, key).filter(
      (other) => other !== datagram && mayBeTwins(other, twin) && this.#relation(other, twin) >= best,
    );
    if (rivals.length > 0 && (!this.#isQuick(datagram, twin) || rivals.some((rival) => this.#isQuick(rival, twin)))) {
      if (isFinal) contest(shelves, key);
      return false;
    }
    return this.#pair(datagram, twin, isFinal);
  }

  /**
   * Pairs a datagram whose window is over with the only one that can be its twin, where one of the two was not kept whole. Without
   * an identification that is the same on both sides, its latency must be usual.
   */
  #pairOnly(datagram: Datagram): boolean {
    const key = datagram.headerKey;
    if (isContested(this.#byHeader, key)) return false;
    const candidates = this.#twinsOf(datagram, this.#byHeader, key);
    if (candidates.length === 0) return false;
    const [twin] = candidates;
    if (candidates.length > 1 || this.#twinsOf(twin, this.#byHeader, key).length > 1) {
      contest(this.#byHeader, key);
      return false;
    }
    if (datagram.isMixed || twin.isMixed || this.#relation(datagram, twin) < POSSIBLE) return false;
    if (datagram.id === 0 && !this.#isQuick(datagram, twin)) return false;
    return this.#pair(datagram, twin, true);
  }

  /** Whether a packet is of a datagram that has a twin by its content, beside another datagram. */
  #hasOtherTwin(row: number, twin: Datagram): boolean {
    const whose = this.#byRow.get(row);
    return whose !== undefined && this.#twinsOf(whose, this.#byContent, whose.contentKey).some((one) => one !== twin);
  }

  /** Those filed under a key that may be a datagram's twins. */
  #twinsOf(datagram: Datagram, shelves: Shelves, key: number): readonly Datagram[] {
    return shelves[otherSide(datagram.side)].of(key).filter((other) => this.#mayBeTwins(datagram, other));
  }

  /** Two datagrams that came whole on both sides are not this file's business. */
  #mayBeTwins(a: Datagram, b: Datagram): boolean {
    if (a.rows.length + b.rows.length === 2) return false;
    if (!areAlike(a.content, b.content) || !areAlike(a.head, b.head)) return false;
    const haveOneKey = areOfTwoVersions(a, b) ? a.acrossKey === b.acrossKey : a.headerKey === b.headerKey;
    if (!haveOneKey || !this.#isWaiting(a) || !this.#isWaiting(b) || !arePiecesAlike(this.#about.timeline, a, b))
      return false;
    if (this.#isIdentityKept && this.#areIdentified(a, b) && !this.#isSameIdentity(a, b)) return false;
    return this.#relation(a, b) !== IMPOSSIBLE;
  }

  /** Whether two that may be twins have numbers and the beginning of their content in common. */
  #areNumberedAlike(a: Datagram, b: Datagram): boolean {
    return a.head !== 0 && b.head !== 0 && !a.isMixed && !b.isMixed && a.id !== 0;
  }

  /** How two datagrams stand to each other; an IPv6 identification says nothing, so there their latency must. */
  #relation(a: Datagram, b: Datagram): number {
    const t = this.#about.timeline;
    const [i, o] = t.insideFirst(a.rows[0], b.rows[0]);
    const { translations } = this.#about;
    if ((a.isIpv6 || b.isIpv6) && !arePlausible(this.#about, i, o)) return IMPOSSIBLE;
    return translations.relation(i, o);
  }

  /** Whether two datagrams came as close together as twins do, the way their TTL says. */
  #isQuick(a: Datagram, b: Datagram): boolean {
    const t = this.#about.timeline;
    const [i, o] = t.insideFirst(a.rows[0], b.rows[0]);
    return this.#about.translations.isQuick(t.ttl(i) > t.ttl(o), t.timeNs(o) - t.timeNs(i));
  }

  #pair(a: Datagram, b: Datagram, isFinal: boolean): boolean {
    if (!this.#nearby.areTheirOwn(a, b, this.#isIdentityKept, isFinal)) return false;
    const t = this.#about.timeline;
    const [i, o] = t.insideFirst(a.rows[0], b.rows[0]);
    const relation = this.#about.translations.relation(i, o);
    const slot = relation === KNOWN ? this.#about.translations.slotOf(i) : this.#about.translations.support(i, o);
    if (slot === NONE) return false;
    let evidence = EVIDENCE_LENGTH | (relation === KNOWN ? EVIDENCE_FLOW : 0);
    const hasId = (t.flags(i) & t.flags(o) & HAS_IP_ID) !== 0 && !areOfTwoVersions(a, b);
    if (hasId && this.#isSameIdentity(a, b)) evidence |= EVIDENCE_IP_ID;
    if (this.#areIdentified(a, b)) this.#isIdentityKept = this.#isSameIdentity(a, b);
    if (a.content !== 0 && b.content !== 0) evidence |= EVIDENCE_PAYLOAD;
    this.#about.pairing.pairGroup(a.rows, b.rows, slot, BY_FRAGMENTS, evidence);
    return true;
  }

  /** Whether two datagrams are of IPv6 and in fragments: no others of IPv6 have an identification. */
  #areIdentified(a: Datagram, b: Datagram): boolean {
    return [a, b].every(({ rows, isIpv6 }) => rows.length > 1 && isIpv6);
  }

  #isSameIdentity(a: Datagram, b: Datagram): boolean {
    return this.#about.timeline.ipId(a.rows[0]) === this.#about.timeline.ipId(b.rows[0]);
  }

  #isWaiting(datagram: Datagram): boolean {
    const t = this.#about.timeline;
    return datagram.rows.every((row) => t.isWaiting(row));
  }
}

function isContested([inside, outside]: Shelves, key: number): boolean {
  return inside.isContested(key) || outside.isContested(key);
}

/** Notes that nothing tells which of those filed under a key is whose twin. */
function contest(shelves: Shelves, key: number): void {
  for (const shelf of shelves) shelf.contest(key);
}
