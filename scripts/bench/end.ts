import type { Rng } from "./rng.js";

/** One end of a connected socket: its IP IDs and TCP numbers, as Linux makes them. */
export class End {
  /** TCP sequence number of the next byte. */
  seq: number;
  readonly #isIdZero: boolean;
  #ipId: number;
  readonly #tsStart: number;

  /** @param isIdZero whether it leaves the IP ID 0, as RFC 6864 allows where DF is set and some systems do. */
  constructor(rng: Rng, isIdZero: boolean) {
    this.seq = rng.word();
    this.#isIdZero = isIdZero;
    this.#ipId = rng.below(0x10000);
    this.#tsStart = rng.word() >>> 1;
  }

  /**
   * A counter per socket with a random start: inet_id in net/ipv4/ip_output.c.
   *
   * @param count of IDs to take, as of a segment that is to be cut into so many; they follow the one returned.
   */
  nextIpId(count = 1): number {
    if (this.#isIdZero) return 0;
    const id = (this.#ipId + 1) & 0xffff;
    this.#ipId = (this.#ipId + count) & 0xffff;
    return id;
  }

  advance(bytes: number): void {
    this.seq = (this.seq + bytes) >>> 0;
  }

  /** TCP timestamp value: a millisecond clock with a random start. */
  timestamp(nowNs: number): number {
    return (this.#tsStart + Math.floor(nowNs / 1e6)) >>> 0;
  }
}
