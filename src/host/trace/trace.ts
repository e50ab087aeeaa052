import { type Finding, findingOf } from "../../packets/results/findings.js";
import type { Arrival, Stop, Traces } from "../../packets/results/traces.js";
import { isTraceChatter, type TraceLine } from "./trace-lines.js";
import { parseNftTraceLine } from "./nft-trace.js";
import { parseXtablesTraceLine } from "./xtables-trace.js";

/** So many packets are told apart: of what comes after them, nothing is said. */
const MOST_PACKETS = 262_144;
/** So many packets are on their way through the host at once: a trace that has more lost the end of some. */
const MOST_UNDER_WAY = 4096;

/** All traced packets that look alike. */
interface Alike {
  /** How many of them no frame was told to be yet. */
  left: number;
  /** How many were stopped. */
  stops: number;
  count: number;
  /** What stopped them, as long as that is one rule. */
  stop: Stop | undefined;
  isMixed: boolean;
}

/** A packet on its way through the host. */
interface UnderWay {
  arrival: Arrival;
  readonly alike: Alike;
}

/**
 * What a trace of the firewall's says, by what packets look like as they come to the host. It has no time of day, and shows neither a TCP segment's
 * number nor what a packet carries: where packets look alike, it tells of each only what holds for all of them.
 */
export class Trace implements Traces {
  /** Lines that could not be read, and the number of the first of them. */
  #unread = 0;
  #firstUnread = 0;
  /** How many packets there was no room for. */
  #untaken = 0;
  readonly #alike = new Map<string, Alike>();
  readonly #underWay = new Map<string, UnderWay>();
  #packets = 0;
  #lines = 0;

  /** Takes a line of `nft monitor trace`, or of `xtables-monitor --trace`. */
  read(line: string): void {
    this.#lines++;
    const said = parseNftTraceLine(line) ?? parseXtablesTraceLine(line);
    if (said) this.#note(said);
    else if (!isTraceChatter(line) && this.#unread++ === 0) this.#firstUnread = this.#lines;
  }

  stopOf(arrival: Arrival): Stop | undefined {
    const alike = this.#alike.get(keyOf(arrival));
    if (alike === undefined || alike.left === 0) return undefined;
    alike.left--;
    return alike.isMixed || alike.stops < alike.count ? undefined : alike.stop;
  }

  /** What there is to say of it; call it once, at the end. */
  end(): Finding[] {
    const said = [
      ...(this.#unread > 0
        ? [`${this.#unread} lines of the trace could not be read, the first is line ${this.#firstUnread}`]
        : []),
      ...(this.#packets === 0 ? ["the trace has no packet"] : []),
      ...(this.#untaken > 0 ? [`there was no room for the last ${this.#untaken} packets of the trace`] : []),
    ];
    return said.length === 0 ? [] : [findingOf("trace-unread", this.#unread + this.#untaken, said.join("; "))];
  }

  #note({ id, arrival, stop }: TraceLine): void {
    const known = this.#underWay.get(id);
    if (arrival !== undefined) {
      if (known !== undefined && mayBeOne(known.arrival, arrival)) known.arrival = arrival;
      else this.#begin(id, arrival);
    } else if (stop !== undefined && known !== undefined) {
      this.#underWay.delete(id);
      const { alike } = known;
      alike.stops++;
      alike.isMixed ||= alike.stop !== undefined && alike.stop.rule !== stop.rule;
      alike.stop ??= stop;
    }
  }

  #begin(id: string, arrival: Arrival): void {
    this.#underWay.delete(id);
    if (this.#packets === MOST_PACKETS) {
      this.#untaken++;
      return;
    }
    this.#packets++;
    const key = keyOf(arrival);
    const alike = this.#alike.get(key) ?? { left: 0, stops: 0, count: 0, stop: undefined, isMixed: false };
    this.#alike.set(key, alike);
    alike.count++;
    alike.left++;
    this.#underWay.set(id, { arrival, alike });
    if (this.#underWay.size > MOST_UNDER_WAY)
      for (const [first] of this.#underWay) {
        this.#underWay.delete(first);
        break;
      }
  }
}

/** Whether two descriptions under one id may be of one packet, at first and further on: addresses and ports are rewritten on its way. */
function mayBeOne(before: Arrival, now: Arrival): boolean {
  return before.ipId === now.ipId && before.length === now.length && now.ttl <= before.ttl;
}

function keyOf({ ends: { src, srcPort, dst, dstPort }, ttl, length, ipId }: Arrival): string {
  return [src, srcPort, dst, dstPort, ttl, length, ipId].join(" ");
}
