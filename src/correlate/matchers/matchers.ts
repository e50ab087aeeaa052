import type { Heap } from "../../packets/heap.js";
import { type Timeline, WAITING } from "../../packets/timeline.js";
import type { TupleTable } from "../../packets/tuples.js";
import type { Clock } from "../clock/clock.js";
import type { Buckets } from "../kernel/buckets.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Translations } from "../kernel/translations.js";
import { Altered } from "./altered/altered.js";
import type { Admits, Notes, Pairing, Settles } from "./contract.js";
import { CutFrames } from "./cut-frames.js";
import { Datagrams } from "./datagrams.js";
import { Hairpins } from "./hairpins.js";
import { Likes } from "./likes.js";
import type { Link } from "./links.js";
import { Matcher } from "./matcher.js";
import { Proxies } from "./proxies.js";
import { Relays } from "./relays.js";
import { Segments } from "./segments.js";
import { ShiftedSegments } from "./shifts.js";
import { SuperDatagrams } from "./super-datagrams.js";
import type { Undecided } from "./undecided.js";

/** What matchers work on, and who takes what they find. */
export interface About {
  readonly heap: Heap;
  readonly timeline: Timeline;
  readonly tuples: TupleTable;
  readonly buckets: Buckets;
  readonly translations: Translations;
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly windowNs: number;
  readonly pairing: Pairing;
  /** Whether what keys and records leave out speaks against two packets, one as it entered and one as it left: who sent an ICMP error. */
  readonly mayBecome: (entered: number, left: number) => boolean;
  /** Whether an outside address is known to be the NAT's own. */
  readonly isNat: (address: string) => boolean;
  readonly link: Link;
}

/** All matchers: what the loop leaves to them, they take one after the other, until one of them has decided about it. */
export class Matchers {
  readonly likes: Likes;
  readonly cutFrames: CutFrames;
  readonly altered: Altered;
  readonly segments: Segments;
  readonly datagrams: Datagrams;
  readonly hairpins: Hairpins;
  readonly proxies: Proxies;
  readonly relays: Relays;
  /** Packets with equal keys. */
  readonly equals: Matcher;
  readonly notes: readonly Notes[];
  /** In the order in which they see a packet that comes. */
  readonly #admit: readonly Admits[];
  /** In the order in which they decide about one whose window is over. */
  readonly #settle: readonly Settles[];
  readonly #timeline: Timeline;
  readonly #kernel: Kernel;

  constructor(about: About) {
    const { heap, timeline, tuples, buckets, translations, kernel, clock, windowNs, pairing, mayBecome, isNat, link } =
      about;
    this.#timeline = timeline;
    this.#kernel = kernel;
    this.altered = new Altered(heap, timeline, tuples, translations, kernel, windowNs, pairing);
    this.likes = new Likes(timeline, buckets, translations, kernel, clock);
    this.cutFrames = new CutFrames(timeline, translations, kernel, pairing, windowNs);
    this.segments = new Segments(timeline, translations, pairing);
    this.equals = new Matcher(
      timeline,
      buckets,
      translations,
      kernel,
      this.altered,
      this.likes,
      this.cutFrames,
      this.segments,
      mayBecome,
      pairing,
    );
    this.datagrams = new Datagrams(timeline, tuples, translations, pairing);
    const { datagrams } = this;
    this.hairpins = new Hairpins({
      timeline,
      tuples,
      buckets,
      translations,
      kernel,
      link,
      datagrams,
      pairing,
    });
    this.proxies = new Proxies(timeline, tuples, isNat, link);
    this.relays = new Relays(heap, timeline, tuples, windowNs, link);
    const supers = new SuperDatagrams(heap, timeline, translations, kernel, windowNs, pairing);
    const shifted = new ShiftedSegments(timeline, translations, pairing);
    const { equals, hairpins, cutFrames, proxies, segments, altered, likes } = this;
    this.#admit = [equals, hairpins, cutFrames, datagrams, proxies, shifted, segments];
    this.#settle = [datagrams, hairpins, equals, segments, supers, shifted, cutFrames, altered];
    this.notes = [datagrams, likes];
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

  /** Whether keys tell packets apart: else the loop must not go by them. */
  get areKeysTelling(): boolean {
    return !this.altered.isRenumbering;
  }

  /** Whether any matcher may find the twin of a WAITING packet whose window is over. It may be asked in the middle of a stretch. */
  mayPair(row: number): boolean {
    return !this.areKeysTelling || this.#settle.some((matcher) => matcher.mayPair(row));
  }

  /** Decides about a WAITING packet whose window is over by `nowNs`: see `Settles`. Where it still waits, it has no twin. */
  settle(row: number, nowNs: number): Undecided | null {
    for (const matcher of this.#settle) {
      const undecided = matcher.settle(row, nowNs);
      if (undecided !== null || this.#timeline.state(row) !== WAITING) return undecided;
    }
    return null;
  }
}
