import { firstNotBefore } from "../../packets/memory/sorted.js";
import type { Crossing, Crossings } from "./crossings.js";

/** Where a packet is in the order of the outside, and what others took less than that contradict it, nanoseconds. */
export interface Contradictable {
  readonly place: number;
  readonly lessNs: number;
}

/** Where the nearest ones are that contradict a packet, infinite where there are none; and the least that any between them took, Infinity where there is none. */
export interface Nearest {
  readonly before: number;
  readonly behind: number;
  readonly leastNs: number;
}

/** Where a witness is, and what it took. */
interface Took {
  readonly place: number;
  readonly tookNs: number;
}

/**
 * The witnesses around each of some packets, which are in the order of the outside, up to those that contradict it. All of them are looked at once, however
 * many packets there are. `tookNs`: what a witness took.
 */
export function nearestTo(
  packets: readonly Contradictable[],
  witnesses: readonly Crossings[],
  tookNs: (one: Crossing) => number,
): Nearest[] {
  if (packets.length === 0) return [];
  const before = nearestOn(-1, packets, witnesses, tookNs);
  const behind = nearestOn(1, packets.toReversed(), witnesses, tookNs).reverse();
  return packets.map((_, at) => ({
    before: before[at].place,
    behind: behind[at].place,
    leastNs: Math.min(before[at].leastNs, behind[at].leastNs),
  }));
}

/** Those before some packets (`way` -1), which are in the order of the outside, or those behind some (1), the last of which comes first. */
function nearestOn(
  way: 1 | -1,
  packets: readonly Contradictable[],
  witnesses: readonly Crossings[],
  tookNs: (one: Crossing) => number,
): { readonly place: number; readonly leastNs: number }[] {
  const isPassed = (one: { readonly place: number }, by: Contradictable): boolean =>
    way < 0 ? one.place <= by.place : one.place > by.place;
  const coming = witnesses.flatMap((each) => tellingOf(each, way, packets, isPassed, tookNs));
  coming.sort((a, b) => way * (b.place - a.place));
  // of those passed, each that took less than all behind it: what took more contradicts nothing that a nearer one does not
  const quickest: Took[] = [];
  let next = 0;
  return packets.map((packet) => {
    for (; next < coming.length && isPassed(coming[next], packet); next++) {
      const one = coming[next];
      while (quickest.length > 0 && quickest[quickest.length - 1].tookNs >= one.tookNs) quickest.pop();
      // two that are at one place are none between
      if (quickest[quickest.length - 1]?.place !== one.place) quickest.push(one);
    }
    const against = firstNotBefore(0, quickest.length, (at) => quickest[at].tookNs < packet.lessNs);
    return {
      place: quickest[against - 1]?.place ?? way * Number.POSITIVE_INFINITY,
      leastNs: quickest[against]?.tookNs ?? Number.POSITIVE_INFINITY,
    };
  });
}

/** Those of the witnesses that tell: beyond the packets, each that took less than all that are nearer, up to the first that contradicts all packets. */
function tellingOf(
  witnesses: Crossings,
  way: 1 | -1,
  packets: readonly Contradictable[],
  isPassed: (one: Crossing, by: Contradictable) => boolean,
  tookNs: (one: Crossing) => number,
): Took[] {
  const found: Took[] = [];
  const lessNs = packets.reduce((least, packet) => Math.min(least, packet.lessNs), Number.POSITIVE_INFINITY);
  let leastNs = Number.POSITIVE_INFINITY;
  witnesses.lookFrom(packets[packets.length - 1].place, way, (one) => {
    const took = { place: one.place, tookNs: tookNs(one) };
    if (!isPassed(one, packets[0])) found.push(took);
    else if (took.tookNs < leastNs) {
      found.push(took);
      leastNs = took.tookNs;
    }
    return leastNs >= lessNs;
  });
  return found;
}
