import { addTo, type Lists, takeOut } from "../../../packets/memory/lists.js";
import type { Judgement } from "../../../packets/results/results.js";
import { frameKey, INSIDE, type Side } from "../../../packets/sides.js";
import { NONE, tupleIn } from "../../../packets/tuples.js";
import type { Base } from "../../kernel/base.js";
import type { QuotedNames } from "../claims/quoted-names.js";
import { traitsOf } from "../traits.js";
import { isUnique, type Late, mayBeAbout, mayBeHeldUp, type Naming, type Watched } from "../impacts/drop.js";

/** Names, and keys, under which packets are remembered at the most, the newest. */
const MOST_NAMES = 4096;
/** Of a name, so many: there must be as many errors as packets that they may be about, and of more packets nobody counts them. */
const MOST_OF_A_NAME = 16;
/** Of a key, so many: more than one of it tells nothing. */
const MOST_OF_A_KEY = 2;

/** A packet of which nothing tells what became of it, or of which that may turn out to be something else. */
export interface Unknown extends Watched {
  /** How an ICMP error names it that is about it: see `Refusals`. */
  readonly quotedAs: string;
  /** Whether its translation is known, by which it entered where it was seen. */
  readonly isExplained: boolean;
}

/** What a packet may turn out to be. */
interface Prospects {
  /** Sent on by a proxy, or sent by one. */
  readonly isSighted: boolean;
  /** Of a conversation that crosses, though it did not. */
  readonly mayCross: boolean;
}

/** The packets of which an ICMP error, or their like, may tell later what became of them, or where others of their destination go. */
export class OpenUnknowns {
  /** By how errors name them, and by what their twins would have, the newest last. */
  readonly #byName: Lists<string, Unknown> = new Map();
  readonly #byKey: Lists<string, Unknown> = new Map();

  /** Of these, and of others that were judged, those that a proxy may have sent on, or sent itself, by where they are: see `Relays`. */
  readonly #sighted: Lists<number, Unknown> = new Map();

  /** Those that were said to have passed before the other capture began, the newest last … */
  #early: Unknown[] = [];
  /** … and those that passed before its first frame, of which nothing proved yet that it had not begun. */
  #unproved: Unknown[] = [];

  /** Packets that were said to stay between neighbours, before the outside capture began, or to take another interface, by their conversation. */
  readonly #uncrossed: Lists<number, Unknown> = new Map();
  /** Those that were, whose conversation turned out to cross. */
  readonly #crossing: Unknown[] = [];

  /** Looks after a packet that was judged: the host may have refused it, as nothing is known by which it left there, or it may have come out late. */
  add(unknown: Unknown, { isSighted, mayCross }: Prospects): void {
    const { verdict, quotedAs, traits, way } = unknown;
    if (isSighted) addTo(this.#sighted, keyOf(unknown), unknown, 1, MOST_NAMES);
    if (verdict !== "local" && verdict !== "elsewhere") {
      addTo(this.#byName, quotedAs, unknown, MOST_OF_A_NAME, MOST_NAMES);
      addTo(this.#byKey, traits.key, unknown, MOST_OF_A_KEY, MOST_NAMES);
    }
    if (mayCross) addTo(this.#uncrossed, tupleIn(way), unknown, MOST_OF_A_NAME, MOST_NAMES);
  }

  /** Looks after a packet that passed before the other capture's first frame: that may turn out to have run before, or not to have begun. */
  addEarly(unknown: Unknown): void {
    const early = unknown.verdict === "no-overlap" ? this.#early : this.#unproved;
    if (early.length < MOST_NAMES) early.push(unknown);
  }

  /** Gives those of which nothing proved yet that the other capture had not begun, once. */
  takeUnproved(): readonly Unknown[] {
    return this.#unproved.splice(0);
  }

  /** Forgets which ways those go: they are about to get another meaning. */
  forgetWays(): void {
    this.#unproved = [];
  }

  /** Gives those of a side, once. */
  takeEarly(side: Side): readonly Unknown[] {
    const taken = this.#early.filter((unknown) => unknown.side === side && unknown.verdict === "no-overlap");
    this.#early = this.#early.filter((unknown) => unknown.side !== side);
    return taken;
  }

  /** Takes it that a conversation crosses … */
  noteCrossing(tuple: number): void {
    if (this.#uncrossed.size === 0) return;
    this.#crossing.push(...(this.#uncrossed.get(tuple) ?? []));
    this.#uncrossed.delete(tuple);
  }

  /** … and gives those of such ones that were taken for what does not, once. */
  takeCrossing(): readonly Unknown[] {
    return this.#crossing.splice(0);
  }

  /** Gives the packet at a place that a proxy may turn out to have sent on, or to have sent, and has nothing more to tell of it. */
  takeSighted(side: Side, frame: number): Unknown | undefined {
    const [unknown] = this.#sighted.get(frameKey(side, frame)) ?? [];
    if (unknown === undefined) return undefined;
    const isIt = (each: Unknown): boolean => each === unknown;
    takeOut(this.#sighted, keyOf(unknown), isIt);
    takeOut(this.#byName, unknown.quotedAs, isIt);
    takeOut(this.#byKey, unknown.traits.key, isIt);
    return unknown;
  }

  /** The oldest that may be a packet that came out late: no other one may be. Undefined where there is none. */
  takeLike(late: Late): Unknown | undefined {
    const { key } = late.traits;
    const like = this.#byKey.get(key)?.find((unknown) => mayBeHeldUp(unknown, late));
    if (like !== undefined) takeOut(this.#byKey, key, (each) => each === like);
    return like;
  }

  /** Those that passed inside before the outside capture began, as was said of them. */
  *beforeBegun(): Iterable<Unknown> {
    for (const unknowns of this.#byName.values())
      for (const unknown of unknowns) if (unknown.side === INSIDE && unknown.verdict === "no-overlap") yield unknown;
  }

  /** Those of a conversation. */
  *of(tuple: number): Iterable<Unknown> {
    for (const unknowns of this.#byName.values())
      for (const unknown of unknowns) if (tupleIn(unknown.way) === tuple) yield unknown;
  }

  /** Those that ICMP errors may be about which name their packets so. */
  named(quotedAs: string, errors: Naming): readonly Unknown[] {
    return (this.#byName.get(quotedAs) ?? []).filter((unknown) => mayBeAbout(unknown, errors));
  }

  /** Whether errors may be about more packets than are remembered under their name. */
  isCrowded(quotedAs: string, { timeNs, withinNs }: Naming): boolean {
    const unknowns = this.#byName.get(quotedAs);
    return unknowns?.length === MOST_OF_A_NAME && timeNs - unknowns[0].timeNs <= withinNs;
  }

  /** Has nothing more to tell of those of which that is so: something else is said of them now. */
  withdraw(isSo: (packet: Watched) => boolean): void {
    for (const unknowns of [this.#byName, this.#byKey]) takeAllOut(unknowns, isSo);
    for (const unknowns of [this.#sighted, this.#uncrossed]) takeAllOut(unknowns, isSo);
    this.#early = this.#early.filter((each) => !isSo(each));
    this.#unproved = this.#unproved.filter((each) => !isSo(each));
  }

  /** Takes it that an ICMP error is about it: no other one is. */
  close(unknown: Unknown): void {
    takeOut(this.#byName, unknown.quotedAs, (each) => each === unknown);
  }
}

/** A packet as it was judged. `flow`: the id of its flow; undefined where that is not known. */
export function unknownOf(
  { timeline: t, translations, quotedNames }: Base & { readonly quotedNames: QuotedNames },
  row: number,
  { verdict, reason }: Judgement,
  flow: number | undefined,
): Unknown {
  return {
    side: t.sideOf(row),
    frame: t.frame(row),
    way: t.way(row),
    timeNs: t.timeNs(row),
    proto: t.proto(row),
    flow,
    isSelected: t.isSelected(row),
    isIpv6: t.isIpv6(row),
    isUnique: isUnique(t, row),
    quotedAs: quotedNames.of(row),
    head: t.head(row),
    traits: traitsOf(t, row),
    verdict,
    reason,
    impact: "unknown",
    isExplained: translations.slotOf(row) !== NONE,
  };
}

function takeAllOut<K>(unknowns: Lists<K, Unknown>, isSo: (packet: Watched) => boolean): void {
  for (const key of unknowns.keys()) takeOut(unknowns, key, isSo);
}

function keyOf({ side, frame }: Unknown): number {
  return frameKey(side, frame);
}
