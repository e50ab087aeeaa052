import { WAITING } from "../../packets/fates.js";
import type { Timeline } from "../../packets/timeline.js";
import type { Kernel } from "../kernel/kernel.js";
import { Altered } from "./altered/altered.js";
import { Completeness } from "./order/completeness.js";
import type { About, Admits, Notes, Settles } from "./contract.js";
import { CutFrames } from "./cut-frames.js";
import { Datagrams } from "./pieces/datagrams.js";
import { Hairpins } from "./turned/hairpins.js";
import { Likes } from "./equals/likes.js";
import { Equals } from "./equals/equals.js";
import { Proxies } from "./proxied/proxies.js";
import { Relays } from "./proxied/relays.js";
import { Segments } from "./pieces/segments.js";
import { ShiftedSegments } from "./shifts.js";
import { SuperDatagrams } from "./pieces/super-datagrams.js";
import type { Undecided } from "./undecided.js";

/** All matchers: what the loop leaves to them, they take one after the other, until one of them has decided about it. */
export class Matchers {
  readonly completeness: Completeness;
  readonly likes: Likes;
  readonly cutFrames: CutFrames;
  readonly altered: Altered;
  readonly segments: Segments;
  readonly shifted: ShiftedSegments;
  readonly datagrams: Datagrams;
  readonly hairpins: Hairpins;
  readonly proxies: Proxies;
  readonly relays: Relays;
  readonly supers: SuperDatagrams;
  /** Packets with equal keys. */
  readonly equals: Equals;
  readonly notes: readonly Notes[];
  /** In the order in which they see a packet that comes. */
  readonly #admit: readonly Admits[];
  /** In the order in which they decide about one whose window is over. */
  readonly #settle: readonly Settles[];
  readonly #timeline: Timeline;
  readonly #kernel: Kernel;

  constructor(about: About) {
    const { timeline, kernel } = about;
    this.#timeline = timeline;
    this.#kernel = kernel;
    this.completeness = new Completeness(about);
    this.altered = new Altered(about, this.completeness);
    this.likes = new Likes(about);
    this.cutFrames = new CutFrames(about);
    this.segments = new Segments(about);
    this.equals = new Equals(about, this);
    this.datagrams = new Datagrams(about);
    this.hairpins = new Hairpins(about, this.datagrams);
    this.proxies = new Proxies(about);
    this.relays = new Relays(about, this.altered);
    this.supers = new SuperDatagrams(about);
    this.shifted = new ShiftedSegments(about);
    const { equals, datagrams, hairpins, cutFrames, proxies, segments, supers, shifted, altered, likes } = this;
    this.#admit = [equals, hairpins, cutFrames, datagrams, proxies, shifted, segments];
    this.#settle = [datagrams, hairpins, equals, segments, supers, shifted, cutFrames, altered];
    this.notes = [datagrams, supers, likes];
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
    if (!this.areKeysTelling) return true;
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
}
