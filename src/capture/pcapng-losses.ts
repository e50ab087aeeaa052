import { LossPlaces } from "./loss-places.js";
import * as block from "./pcapng-blocks.js";
import type { TickClock } from "./ticks.js";

/** What a pcapng capture says that its interfaces lost: in statistics blocks, and in those of packets. */
export class PcapngLosses {
  readonly places = new LossPlaces();
  /** Whether it has said so far how many were lost, were it none. */
  areCounted = false;
  /** By interface: what its latest statistics block says it lost, and what its packet blocks add up to. */
  readonly #inStatistics: number[] = [];
  readonly #betweenFrames: number[] = [];
  /** By interface: how many frames it has, and up to when its statistics say that it was captured; -Infinity where they do not. */
  readonly #frames: number[] = [];
  readonly #endedNs: number[] = [];

  /** Up to when the statistics of all interfaces say that they were captured, nanoseconds since the epoch; -Infinity where they do not. */
  get endedNs(): number {
    return this.#endedNs.length === 0 ? Number.NEGATIVE_INFINITY : Math.min(...this.#endedNs);
  }

  /** Statistics count from the start of the capture, packet blocks since the packet before: the same frames, not more. */
  on(iface: number): number {
    return Math.max(this.#inStatistics[iface], this.#betweenFrames[iface]);
  }

  /** One interface more is described. */
  describe(): void {
    this.places.describe();
    for (const each of [this.#inStatistics, this.#betweenFrames, this.#frames]) each.push(0);
    this.#endedNs.push(Number.NEGATIVE_INFINITY);
  }

  /** Takes a frame. */
  frame(iface: number, timeNs: number): void {
    this.#frames[iface]++;
    this.places.frame(iface, timeNs);
  }

  /** Takes what a frame's own block says of those before it. */
  beforeFrame(iface: number, dropped: number): void {
    const before = this.on(iface);
    this.areCounted = true;
    this.#betweenFrames[iface] += dropped;
    this.places.beforeFrame(iface, this.on(iface) - before);
  }

  /**
   * Takes a statistics block, which lies at `at` … `end`, section 4.6: lost by the interface and by the operating system, since the start of the
   * capture; and when that ended. `clock`: the interface's; undefined before the first frame of all, when the epoch is not known.
   */
  statistics(
    iface: number,
    view: DataView,
    little: boolean,
    at: number,
    end: number,
    clock: TickClock | undefined,
    epochNs: bigint,
  ): void {
    const find = (code: number): number => block.optionIn(view, little, at + 20, end, code, 8);
    const countOf = (code: number): number | undefined => {
      const option = find(code);
      return option < 0 ? undefined : Number(view.getBigUint64(option, little));
    };
    const stampAt = (place: number): [number, number] => [
      view.getUint32(place, little),
      view.getUint32(place + 4, little),
    ];
    const [byInterface, bySystem] = [countOf(block.ISB_IFDROP), countOf(block.ISB_OSDROP)];
    if (byInterface !== undefined || bySystem !== undefined) {
      const toldNs = clock?.timeNs(...stampAt(at + 12)) ?? Number.NEGATIVE_INFINITY;
      this.#state(iface, (byInterface ?? 0) + (bySystem ?? 0), toldNs);
    }
    // what a program cut out of a capture keeps its statistics: those are only believed where all frames are there that they count
    const count = countOf(block.ISB_USRDELIV) ?? countOf(block.ISB_FILTERACCEPT) ?? countOf(block.ISB_IFRECV);
    const time = find(block.ISB_ENDTIME);
    if (clock === undefined || count === undefined || time < 0) return;
    if (count > this.#frames[iface] + this.on(iface)) return;
    const [high, low] = stampAt(time);
    // whatever unit stamps have, some writers tell it in microseconds
    const inMicrosecondsNs = Number(((BigInt(high) << 32n) | BigInt(low)) * 1000n - epochNs);
    const told = [clock.timeNs(high, low), inMicrosecondsNs];
    this.#endedNs[iface] = told.find((ns) => this.places.isNear(ns)) ?? Number.NEGATIVE_INFINITY;
  }

  /** Takes what an interface said at `toldNs`: it has lost so many frames since the start. */
  #state(iface: number, dropped: number, toldNs: number): void {
    const before = this.on(iface);
    this.areCounted = true;
    this.#inStatistics[iface] = Math.max(this.#inStatistics[iface], dropped);
    this.places.statement(iface, toldNs, this.on(iface) - before);
  }
}
