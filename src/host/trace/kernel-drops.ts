import type { KernelDrop, KernelDropsTold } from "../../packets/results/traces.js";

/** So many of the newest drops are held: a packet is asked about once its window is over. */
const MOST_HELD = 65_536;
/** So long after a capture saw it, at the most, the kernel drops a packet that it forwards: it goes its way at once, but for what waits in a queue. */
const WITHIN_US = 1000;
/** So much earlier may a drop seem by two clocks that are brought together in JavaScript. */
const EARLIER_US = 100;

/** `… 12345.678901: kfree_skb: skbaddr=… protocol=2048 location=nf_hook_slow+0xd0/0x110 reason: NETFILTER_DROP`, as trace_pipe prints it. */
const EVENT = /\s(\d+\.\d+): kfree_skb: .*\blocation=(\w*)\S* reason: (\w+)\s*$/;
const NO_REASON = "NOT_SPECIFIED";
/**
 * Reasons of a socket that a packet came to (include/net/dropreason-core.h: NO_SOCKET, SOCKET_RCVBUFF, TCP_OLD_DATA, UDP_CSUM and others): a packet that the
 * host forwards meets none.
 */
const OF_SOCKETS = /^(?:NO_SOCKET|PROTO_MEM|(?:SOCKET|TCP|UDP|UNIX)_\w+)$/;
/** `CPU:1 [LOST 12 EVENTS]` */
const LOST = /\[LOST (\d+) EVENTS\]/;

/** What the kernel said of all that it let go of. */
export interface DropCounts {
  /** By reason. */
  readonly counts: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly failure?: string | undefined;
}

/**
 * What packets the kernel let go of, and why, as it tells by tracefs. It tells neither whose they are nor what is in them: a packet of the captures has a reason only where
 * no other drop is as near to it in time. What sockets dropped is counted alone.
 */
export class KernelDrops implements KernelDropsTold {
  readonly counts = new Map<string, number>();
  lost = 0;
  failure: string | undefined;
  #held: KernelDrop[] = [];
  /** Up to then, some may not have been told of. */
  #completeFromUs = 0;
  #isLosing = false;
  readonly #aheadUs: () => number;

  /** `aheadUs`: what the captures' clock is ahead of that of the drops, microseconds. */
  constructor(aheadUs: () => number = () => 0) {
    this.#aheadUs = aheadUs;
  }

  /** Takes a line of trace_pipe. */
  read(line: string): void {
    const [, events] = LOST.exec(line) ?? [];
    if (events !== undefined) {
      this.lost += Number(events);
      this.#isLosing = true;
    }
    const [, seconds, place, named] = EVENT.exec(line) ?? [];
    if (named === undefined) return;
    const reason = named === NO_REASON ? `${named} in ${place}` : named;
    const timeUs = Math.round(Number(seconds) * 1e6);
    if (this.#isLosing) this.#completeFromUs = timeUs;
    this.#isLosing = false;
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    if (!mayBeForwarded(named)) return;
    this.#held.push({ timeUs, reason, packets: 0 });
    if (this.#held.length >= 2 * MOST_HELD) this.#held = this.#held.slice(-MOST_HELD);
  }

  mayBeForwarded = mayBeForwarded;

  fitting(timeNs: bigint): KernelDrop | undefined {
    const seenUs = Number(timeNs / 1000n) - this.#aheadUs();
    const fromUs = seenUs - EARLIER_US;
    if (fromUs <= this.#completeFromUs || this.#isLosing) return undefined;
    const at = this.#firstFrom(fromUs);
    const near = this.#held.slice(at, at + 2).filter(({ timeUs }) => timeUs <= seenUs + WITHIN_US);
    return near.length === 1 ? near[0] : undefined;
  }

  /** The index of the first that is not earlier. */
  #firstFrom(timeUs: number): number {
    let [from, to] = [0, this.#held.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#held[middle].timeUs < timeUs) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** Whether packets that the host forwards may be dropped for a reason. */
export function mayBeForwarded(reason: string): boolean {
  return !OF_SOCKETS.test(reason);
}
