import { Few } from "../../packets/few.js";
import { type Finding, findingOf } from "../../packets/findings.js";
import { INSIDE, OUTSIDE, SIDE_NAMES } from "../../packets/sides.js";
import type { Tunnel } from "../../packets/tunnels.js";

/** So many are counted by themselves: each direction is one, and each VNI and key, of which a node may have one for each container. */
const MOST_COUNTED = 10_000;
/** So many findings there are: a host has tunnels to each other node. */
const MOST_TOLD = 10;

/** What came in a tunnel, in one direction, or in all between two ends. */
class Counted {
  readonly frames = new Few<number>();
  readonly tunnel: Tunnel;
  /** Packets of inside came in it. */
  isOpen = false;
  /** It passes inside as well: nobody has to be told of it. */
  isClosed = false;

  constructor(tunnel: Tunnel) {
    this.tunnel = tunnel;
  }
}

/** Counts what came in tunnels, and says at the end in which. */
export class TunnelFindings {
  readonly #counted = new Map<Tunnel, Counted>();
  /** Frames that came in others. */
  #others = 0;

  /** Takes a packet for what came in a tunnel … */
  note(tunnel: Tunnel, frame: number): void {
    const counted = this.#of(tunnel);
    if (counted === undefined) this.#others++;
    else counted.frames.add(frame);
  }

  /** … and takes that back. */
  takeBack(tunnel: Tunnel, frame: number): void {
    const counted = this.#of(tunnel);
    if (counted === undefined) this.#others--;
    else counted.frames.remove(frame);
  }

  open(tunnel: Tunnel): void {
    const counted = this.#of(tunnel);
    if (counted !== undefined) counted.isOpen = true;
  }

  close(tunnel: Tunnel): void {
    const counted = this.#of(tunnel);
    if (counted !== undefined) counted.isClosed = true;
  }

  #of(tunnel: Tunnel): Counted | undefined {
    const known = this.#counted.get(tunnel);
    if (known !== undefined || this.#counted.size === MOST_COUNTED) return known;
    const counted = new Counted(tunnel);
    this.#counted.set(tunnel, counted);
    return counted;
  }

  findings(): Finding[] {
    const between = new Map<string, Counted[]>();
    for (const each of this.#counted.values()) {
      if (each.isClosed || each.frames.count === 0) continue;
      const { type, src, dst } = each.tunnel;
      const ends = `${type} ${[src, dst].sort().join(" ")}`;
      const others = between.get(ends);
      if (others === undefined) between.set(ends, [each]);
      else others.push(each);
    }
    const told = [...between.values()].sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || sum(b) - sum(a));
    const found = told.slice(0, MOST_TOLD).map((all) => findingAbout(all));
    const rest = told.slice(MOST_TOLD);
    const more = this.#others + sum(rest.flat());
    if (more === 0) return found;
    const others = `${this.#others === 0 ? "" : "more than "}${rest.length} other pairs of ends`;
    return [...found, findingOf("tunnel", more, `${SIDE_NAMES[OUTSIDE]} has tunnels between ${others}`)];
  }
}

function isOpen(all: readonly Counted[]): boolean {
  return all.some((each) => each.isOpen);
}

function sum(all: readonly Counted[]): number {
  return all.reduce((frames, each) => frames + each.frames.count, 0);
}

/** What is to be told of the tunnels of a type between two ends. */
function findingAbout(all: readonly Counted[]): Finding {
  const { type, src, dst } = all[0].tunnel;
  const ids = new Few<number>();
  for (const id of new Set(all.flatMap(({ tunnel }) => tunnel.id ?? []))) ids.add(id);
  const frames = new Few<number>();
  for (const frame of all.flatMap((each) => each.frames.listed).sort((a, b) => a - b)) frames.add(frame);
  frames.count = sum(all);
  const inside = SIDE_NAMES[INSIDE];
  const what = isOpen(all)
    ? `carries packets of ${inside}, and what it carries is paired`
    : `carries nothing that ${inside} has`;
  const text = `${type}${ids.count === 0 ? "" : ` ${ids.text}`} between ${src} and ${dst} ${what}`;
  return findingOf("tunnel", frames.count, text, { frames: [new Few<number>(), frames] });
}
