import { Few } from "../../packets/results/few.js";
import type { Tunnel } from "../../packets/tunnels.js";

/** So many are counted by themselves: each direction is one, and each VNI and key, of which a node may have one for each container. */
const MOST_COUNTED = 10_000;
/** What came in a tunnel, in one direction, or in all between two ends. */
export class TunnelCount {
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

/** Counts what came in tunnels. */
export class TunnelTally {
  readonly #counted = new Map<Tunnel, TunnelCount>();
  #others = 0;

  /** What is counted … */
  get counted(): Iterable<TunnelCount> {
    return this.#counted.values();
  }

  /** … and how many frames came in others. */
  get others(): number {
    return this.#others;
  }

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

  /** Packets of inside came in it, or it passes inside as well. */
  decide(tunnel: Tunnel, isOpen: boolean): void {
    const counted = this.#of(tunnel);
    if (counted !== undefined) counted[isOpen ? "isOpen" : "isClosed"] = true;
  }

  #of(tunnel: Tunnel): TunnelCount | undefined {
    const known = this.#counted.get(tunnel);
    if (known !== undefined || this.#counted.size === MOST_COUNTED) return known;
    const counted = new TunnelCount(tunnel);
    this.#counted.set(tunnel, counted);
    return counted;
  }
}
