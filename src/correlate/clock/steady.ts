import { contentHash, mixed } from "../../packets/content.js";
import { IS_IPV6 } from "../../packets/packets.js";
import { INSIDE, OUTSIDE, type Side } from "../../packets/sides.js";
import { type Bounds, middleOf } from "./bounds.js";
import { gapOf, isIrregular, LEAST_SHARE } from "./estimate.js";
import type { Rows } from "./lookahead.js";
import { directionOf, type Ends, endsOf, isAnswer } from "./ends.js";

/** Of what a side says more often than so, it is not asked which is the twin of which. */
const MOST_EQUAL = 16;
/** So many of the first ones tell: later ones drift away from them; and so many share a gap at the least. */
const EARLY_PACKETS = 64;
const LEAST_PACKETS = 8;
/** Gaps are compared from this width on, nanoseconds, doubling it up to a share of the window. */
const LEAST_WIDTH_NS = 16_000;
const WINDOW_SHARE = 1 / 4;
/** No other gap may be shared by more than this part of the packets that share one: senders in step keep their distance as well … */
const MOST_OTHERS = 3 / 4;
/** … nor by more than this one, where packets come at regular times: what is said twice is as far from the other one's twin as both are apart. */
const MOST_SAID_TWICE = 1 / 2;

/** What equal packets of one direction keep between them: from the least to the greatest gap of nearly all of them. */
interface Gap {
  readonly fromNs: number;
  readonly toNs: number;
  readonly twins: readonly Likeness[];
  /** Whether no other gap comes near it, however regularly they come. */
  readonly isOnly: boolean;
}

/** Two packets of both sides that are equal, by their stamps; and which of its side each is, of those that have any such. */
interface Likeness {
  readonly direction: number;
  readonly insideNs: number;
  readonly outsideNs: number;
  readonly places: readonly [number, number];
}

/** What gaps that nearly all equal packets keep say of the clocks. */
export interface Steady extends Bounds {
  /** What is between those that it lies, or at the only one, and how far from there gaps are. */
  readonly middleNs: number;
  readonly spreadNs: number;
  /** Whether they come at times that strangers would not keep … */
  readonly isProof: boolean;
  /** … and whether at no other offset nearly as many would be twins: then it is this one, if they are no strangers. */
  readonly isOnly: boolean;
}

/**
 * Between what the offset (outside minus inside stamp) lies by the first packets of both sides, whatever several of them say alike: hosts that are clones of
 * each other leave no packet that is like no other. One gap makes twins of nearly all of a direction, and no other gap does; each of both directions
 * bounds the offset from its side. Null where none does.
 */
export function steadyOffset(looked: readonly [readonly Rows[], readonly Rows[]], windowNs: number): Steady | null {
  const likenesses = likenessesOf(looked);
  const [inbound, outbound] = [-1, 1].map((direction) => sharedBy(earliestOf(likenesses, direction), windowNs));
  if (inbound === null && outbound === null) return null;
  const twins = [...(inbound?.twins ?? []), ...(outbound?.twins ?? [])];
  const bounds = {
    atLeastNs: inbound?.fromNs ?? Number.NEGATIVE_INFINITY,
    atMostNs: outbound?.toNs ?? Number.POSITIVE_INFINITY,
  };
  const middleNs = middleOf(bounds) ?? 0;
  const spreadNs = Math.max(...twins.map((twin) => Math.abs(gapOf(twin) - middleNs)));
  const isOnly = [inbound, outbound].every((gap) => gap?.isOnly === true);
  return { ...bounds, middleNs, spreadNs, isProof: isIrregular(twins), isOnly };
}

/** What is equal on both sides. */
function likenessesOf(looked: readonly [readonly Rows[], readonly Rows[]]): Likeness[] {
  // what becomes a packet of another IP version keeps no IP ID (RFC 7915)
  const hasIds = [true, false].some((isIpv6) => looked.every((rows) => hasVersion(rows, isIpv6)));
  const [inside, outside] = [saidOn(looked[INSIDE], hasIds), saidOn(looked[OUTSIDE], hasIds)];
  const found: Likeness[] = [];
  for (const [said, own] of inside) {
    const others = outside.get(said);
    if (others === undefined || own.length > MOST_EQUAL || others.length > MOST_EQUAL) continue;
    for (const i of own)
      for (const o of others) {
        if (isAnswer(i.ends, o.ends)) continue;
        const direction = directionOf(i.ends, o.ends, false);
        found.push({ direction, insideNs: i.stampNs, outsideNs: o.stampNs, places: [i.place, o.place] });
      }
  }
  return found;
}

/** Those of a direction that the first packets of the inside have. */
function earliestOf(likenesses: readonly Likeness[], direction: number): Likeness[] {
  const own = likenesses.filter((each) => each.direction === direction).sort((a, b) => a.insideNs - b.insideNs);
  const packets = new Set<number>();
  const end = own.findIndex(({ places }) => packets.add(places[INSIDE]).size > EARLY_PACKETS);
  return end < 0 ? own : own.slice(0, end);
}

/** A packet, and which of its side it is. */
interface Said {
  readonly stampNs: number;
  readonly ends: Ends;
  readonly place: number;
}

/** The packets of a side by what they say, their IP IDs included where these are to tell. */
function saidOn(looked: readonly Rows[], hasIds: boolean): Map<number, Said[]> {
  const saids = new Map<number, Said[]>();
  let place = 0;
  for (const { batch, from, to } of looked)
    for (let row = from; row < to; row++, place++) {
      const said = mixed(contentHash(batch, row), hasIds ? batch.ipId(row) : 0);
      const own = saids.get(said);
      const one = { stampNs: batch.stampNs(row), ends: endsOf(batch, row), place };
      if (own === undefined) saids.set(said, [one]);
      else own.push(one);
    }
  return saids;
}

/** Whether some packets of a side are of an IP version. */
function hasVersion(looked: readonly Rows[], isIpv6: boolean): boolean {
  return looked.some(({ batch, from, to }) => {
    let row = from;
    while (row < to && ((batch.flags(row) & IS_IPV6) !== 0) !== isIpv6) row++;
    return row < to;
  });
}

/** The gap that nearly all packets of a direction keep to one that they are equal to, and no other; null where there is none. */
function sharedBy(likenesses: readonly Likeness[], windowNs: number): Gap | null {
  const byGap = likenesses.toSorted((a, b) => gapOf(a) - gapOf(b));
  const most = Math.min(...[INSIDE, OUTSIDE].map((side) => new Set(byGap.map(({ places }) => places[side])).size));
  if (most < LEAST_PACKETS) return null;
  for (let widthNs = LEAST_WIDTH_NS; widthNs <= windowNs * WINDOW_SHARE; widthNs *= 2) {
    const [from, to, count] = fullest(byGap, widthNs);
    if (count < LEAST_SHARE * most || count < LEAST_PACKETS) continue;
    const others = [byGap.slice(0, from), byGap.slice(to)].map((rest) => fullest(rest, widthNs)[2]);
    const mostOthers = Math.max(...others);
    if (mostOthers > MOST_OTHERS * count) return null;
    const twins = byGap.slice(from, to);
    const [fromNs, toNs] = [gapOf(twins[0]), gapOf(twins[twins.length - 1])];
    return { fromNs, toNs, twins, isOnly: mostOthers <= MOST_SAID_TWICE * count };
  }
  return null;
}

/** The run of some likenesses, sorted by gap, within a width, that has the most packets of the side that has fewer; from where to where, and how many. */
function fullest(byGap: readonly Likeness[], widthNs: number): readonly [from: number, to: number, count: number] {
  let best: [number, number, number] = [0, 0, 0];
  const packets = [new Tally(INSIDE), new Tally(OUTSIDE)];
  let from = 0;
  for (const [at, likeness] of byGap.entries()) {
    for (const each of packets) each.add(likeness);
    for (; gapOf(likeness) - gapOf(byGap[from]) > widthNs; from++) for (const each of packets) each.remove(byGap[from]);
    const count = Math.min(...packets.map(({ size }) => size));
    if (count > best[2]) best = [from, at + 1, count];
  }
  return best;
}

/** How many packets of a side some likenesses have. */
class Tally {
  readonly #side: Side;
  readonly #counts = new Map<number, number>();

  constructor(side: Side) {
    this.#side = side;
  }

  get size(): number {
    return this.#counts.size;
  }

  add({ places }: Likeness): void {
    const place = places[this.#side];
    this.#counts.set(place, (this.#counts.get(place) ?? 0) + 1);
  }

  remove({ places }: Likeness): void {
    const place = places[this.#side];
    const left = (this.#counts.get(place) ?? 0) - 1;
    if (left > 0) this.#counts.set(place, left);
    else this.#counts.delete(place);
  }
}
