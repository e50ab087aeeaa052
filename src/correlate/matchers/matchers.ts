import { WAITING } from "../../packets/fates.js";
import type { Timeline } from "../../packets/timeline.js";
import type { Notes } from "../kernel/base.js";
import type { Kernel } from "../kernel/kernel.js";
import { Altered } from "./altered/altered.js";
import type { Survivors } from "./altered/survivors.js";
import type {
  About,
  Admits,
  Carried,
  CarriesOn,
  Doubt,
  Doubts,
  GivesUp,
  KeepsLinks,
  KeepsTuples,
  KeepsUntranslated,
  KeepsWays,
  Leaves,
  Settles,
} from "./contract.js";
import { CutFrames } from "./cut-frames.js";
import { Datagrams } from "./pieces/datagrams.js";
import { Hairpins } from "./turned/hairpins.js";
import { Equals } from "./equals/equals.js";
import { Proxies } from "./proxied/proxies.js";
import { Relays } from "./proxied/relays.js";
import { Segments } from "./pieces/segments.js";
import { ShiftedSegments } from "./shifts.js";
import { SuperDatagrams } from "./pieces/super-datagrams.js";
import type { Undecided } from "./undecided.js";

/** All matchers: what the loop leaves to them, they take one after the other, until one of them has decided about it. */
export class Matchers {
  readonly altered: Altered;
  readonly segments: Segments;
  readonly shifted: ShiftedSegments;
  readonly datagrams: Datagrams;
  readonly hairpins: Hairpins;
  readonly relays: Relays;
  /** Packets with equal keys. */
  readonly equals: Equals;
  readonly notes: readonly Notes[];
  /** In the order in which they see a packet that comes. */
  readonly #admit: readonly Admits[];
  /** In the order in which they decide about one whose window is over. */
  readonly #settle: readonly Settles[];
  readonly #leave: readonly Leaves[];
  readonly #giveUp: readonly GivesUp[];
  /** In the order in which they are asked, as are those behind them. */
  readonly #doubt: readonly Doubts[];
  readonly #carryOn: readonly CarriesOn[];
  readonly #keepTuples: readonly KeepsTuples[];
  readonly #keepUntranslated: readonly KeepsUntranslated[];
  readonly #keepLinks: readonly KeepsLinks[];
  readonly #keepWays: readonly KeepsWays[];
  readonly #timeline: Timeline;
  readonly #kernel: Kernel;
  readonly #survivors: Survivors;

  constructor(about: About) {
    const { timeline, kernel } = about;
    this.#timeline = timeline;
    this.#kernel = kernel;
    this.#survivors = about.survivors;
    this.altered = new Altered(about);
    this.segments = new Segments(about);
    const { altered, segments } = this;
    const cutFrames = new CutFrames(about);
    this.equals = new Equals(about, { segments, cutFrames });
    this.datagrams = new Datagrams(about);
    this.hairpins = new Hairpins(about, this.datagrams);
    this.relays = new Relays(about);
    this.shifted = new ShiftedSegments(about);
    const { equals, datagrams, hairpins, relays, shifted } = this;
    const supers = new SuperDatagrams(about);
    const proxies = new Proxies(about);
    this.#admit = [equals, hairpins, cutFrames, datagrams, proxies, shifted, segments];
    this.#settle = [datagrams, hairpins, equals, segments, supers, shifted, cutFrames, altered];
    this.notes = [datagrams, supers];
    this.#leave = [segments];
    this.#giveUp = [datagrams];
    this.#doubt = [cutFrames, datagrams, supers];
    this.#carryOn = [proxies, relays];
    this.#keepTuples = [proxies, relays];
    this.#keepUntranslated = [proxies];
    this.#keepLinks = [hairpins, relays];
    this.#keepWays = [altered];
  }

  /** Takes a WAITING packet that was just appended to the timeline. */
  admit(row: number): void {
    const t = this.#timeline;
    let wants = this.#kernel.wantsOf(row);
    for (const matcher of this.#admit) {
      if ((wants & matcher.wants) === 0) continue;
      matcher.admit(row);
      if (t.state(row) !== WAITING || this.equals.isPending(row)) return;
      // what was learnt by it counts for the others
      wants = this.#kernel.wantsOf(row);
    }
  }

  /** Takes a WAITING packet that the loop has appended and filed. `wants`: what is in it, as far as the loop has left it to matchers. */
  admitLater(row: number, wants: number): void {
    for (const matcher of this.#admit) if ((wants & matcher.wants) !== 0) matcher.admit(row);
  }

  /** Decides about a packet that waited for an equal one, which did not come. */
  ripen(row: number): void {
    this.equals.ripen(row);
    if (this.#timeline.state(row) === WAITING) this.admitLater(row, this.#kernel.wantsOf(row) & ~this.equals.wants);
  }

  /** Whether any matcher may find the twin of a WAITING packet whose window is over. It may be asked in the middle of a stretch. */
  mayPair(row: number): boolean {
    if (this.#survivors.isRenumberingAny) return true;
    for (const matcher of this.#settle) if (matcher.mayPair(row)) return true;
    return false;
  }

  /** Decides about a WAITING packet whose window is over by `nowNs`: see `Settles`. Where it still waits, it has no twin. */
  settle(row: number, nowNs: number): Undecided | null {
    for (const matcher of this.#settle) {
      const undecided = matcher.settle(row, nowNs);
      if (undecided !== null || this.#timeline.state(row) !== WAITING) return undecided;
    }
    return null;
  }

  /** Tells of packets that may be each other's twins, and that nothing told apart. */
  leave(rows: readonly number[]): void {
    for (const matcher of this.#leave) matcher.leave(rows);
  }

  /** Tells of a packet that has no twin. */
  giveUp(row: number): void {
    for (const matcher of this.#giveUp) matcher.giveUp(row);
  }

  /** What speaks against it that a packet was dropped which seems never to have come out; undefined where nothing does. */
  doubt(row: number): Doubt | undefined {
    for (const matcher of this.#doubt) {
      const doubt = matcher.doubt(row);
      if (doubt !== undefined) return doubt;
    }
    return undefined;
  }

  /** Where a proxy carries a packet on that has no translation; null where none is known to. */
  carriedOn(row: number): Carried | null {
    for (const matcher of this.#carryOn) {
      const carried = matcher.carriedOn(row);
      if (carried !== null) return carried;
    }
    return null;
  }

  /** Tells that a tuple is about to be released. */
  released(tuple: number): void {
    for (const matcher of this.#keepTuples) matcher.released(tuple);
  }

  /** Tells that a tuple's conversation has a translation. */
  translated(tuple: number): void {
    for (const matcher of this.#keepUntranslated) matcher.translated(tuple);
  }

  /** Tells that what was one conversation with a tuple's was told of for the last time. */
  unlinked(tuple: number): void {
    for (const matcher of this.#keepLinks) matcher.unlinked(tuple);
  }

  /** Tells that the numbers of ways are about to get another meaning. */
  forgetWays(): void {
    for (const matcher of this.#keepWays) matcher.forgetWays();
  }
}
