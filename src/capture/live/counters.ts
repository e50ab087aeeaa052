import type { Libpcap, Pointer } from "./libpcap.js";
import type { LiveStatistics } from "./live-source.js";

/** libpcap's counters of a handle, which are 32 bits wide and wrap, added up. */
export class Counters {
  latest: Required<LiveStatistics> = { received: 0, dropped: 0, droppedByInterface: 0 };
  readonly #pcap: Libpcap;
  readonly #handle: Pointer;
  /** struct pcap_stat: ps_recv, ps_drop, ps_ifdrop. */
  #stat = new Uint32Array(3);

  constructor(pcap: Libpcap, handle: Pointer) {
    this.#pcap = pcap;
    this.#handle = handle;
  }

  /** Precondition: the handle is open. Where libpcap cannot tell any more, `latest` stays. */
  read(): void {
    const before = this.#stat;
    const stat = new Uint32Array(3);
    if (this.#pcap.stats(this.#handle, stat) !== 0) return;
    const { received, dropped, droppedByInterface } = this.latest;
    this.latest = {
      received: received + ((stat[0] - before[0]) >>> 0),
      dropped: dropped + ((stat[1] - before[1]) >>> 0),
      droppedByInterface: droppedByInterface + ((stat[2] - before[2]) >>> 0),
    };
    this.#stat = stat;
  }
}
