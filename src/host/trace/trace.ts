import { keepNewest } from "../../packets/memory/keep-newest.js";
import { type Finding, findingOf } from "../../packets/results/findings.js";
import type { Arrival, Stop, Traces } from "../../packets/results/traces.js";
import type { RuleHistory } from "../rules/times/rule-history.js";
import { isTraceChatter, type TracedStop, type TraceLine } from "./trace-lines.js";
import { parseNftTraceLine } from "./nft-trace.js";
import { parseXtablesTraceLine } from "./xtables-trace.js";

/** So many packets of a recording are told apart: of what comes after them, nothing is said. */
const MOST_PACKETS = 262_144;
/** So many kinds of packets that look alike are held as the kernel traces them, the newest: each is asked of once its window is over. */
const MOST_ALIKE = 16_384;
/** So many packets are on their way through the host at once: a trace that has more lost the end of some. */
const MOST_UNDER_WAY = 4096;

/** What a trace did not tell. */
export interface TraceGaps {
  /** Lines that could not be read, and the number of the first of them. */
  readonly unread: number;
  readonly firstUnread: number;
  /** How many packets there was no room for. */
  readonly untaken: number;
  /** Who tells it ended, and not as it was asked to. */
  readonly isCutOff: boolean;
}

/** A trace, and what there is to say of it at the end. */
export interface TraceSaid extends Traces {
  end(): Finding[];
}

/** All traced packets that look alike. */
interface Alike {
  /** How many of them no frame was told to be yet. */
  left: number;
  /** How many were stopped. */
  stops: number;
  count: number;
  /** What stopped them, as long as that is one rule. */
  stop: TracedStop | undefined;
  isMixed: boolean;
  /** How many were not seen to be routed so far, nor stopped. */
  entering: number;
}

/** What to look at where nobody tells it any more. */
const ENDED = "did somebody, or the kernel for want of memory, end it (journalctl -k)? Run natcorr once more";

const NONE_ALIKE: Readonly<Alike> = { left: 0, stops: 0, count: 0, stop: undefined, isMixed: false, entering: 0 };

/** A packet on its way through the host. */
interface UnderWay {
  readonly arrival: Arrival;
  readonly alike: Alike;
  isEntering: boolean;
}

/**
 * What a trace of the firewall's says, by what packets look like as they come to the host. It has no time of day, and shows neither a TCP segment's
 * number nor what a packet carries: where packets look alike, it tells of each only what holds for all of them.
 */
export class Trace implements TraceSaid {
  /** Lines that could not be read, and the number of the first of them. */
  #unread = 0;
  #firstUnread = 0;
  /** How many packets there was no room for. */
  #untaken = 0;
  readonly #alike = new Map<string, Alike>();
  readonly #underWay = new Map<string, UnderWay>();
  readonly #isLive: boolean;
  readonly #rules: RuleHistory | undefined;
  #packets = 0;
  #lines = 0;
  #isCutOff = false;

  /** `isLive`: its packets are traced while they are captured. `rules`: what the host's rules were meanwhile, where they are read. */
  constructor({ isLive = false, rules }: { readonly isLive?: boolean; readonly rules?: RuleHistory | undefined } = {}) {
    this.#isLive = isLive;
    this.#rules = rules;
  }

  /** Takes a line of `nft monitor trace`, or of `xtables-monitor --trace`. */
  read(line: string): void {
    this.#lines++;
    const said = parseNftTraceLine(line) ?? parseXtablesTraceLine(line);
    if (said) this.#note(said);
    else if (!isTraceChatter(line) && this.#unread++ === 0) this.#firstUnread = this.#lines;
  }

  /** Takes it that who tells it ended, and not as it was asked to. */
  cutOff(): void {
    this.#isCutOff = true;
  }

  stopOf(arrival: Arrival): Stop | undefined {
    const alike = this.#alike.get(keyOf(arrival));
    if (alike === undefined || alike.left === 0) return undefined;
    alike.left--;
    return alike.isMixed || alike.stops < alike.count ? undefined : alike.stop && this.#named(alike.stop);
  }

  /** What a rule says of which the trace has but the handle, once it was read. */
  #named({ place, ...stop }: TracedStop): Stop {
    const text = place && this.#rules?.ruleWithHandle(place.table, place.chain, place.handle);
    if (text === undefined) return stop;
    return { rule: `${place?.table} ${text}`, isRefusal: /\breject\b|-j REJECT\b/.test(text) };
  }

  /** What there is to say of it; call it once, at the end. */
  end(): Finding[] {
    return traceUnread(this.gaps, this.#packets === 0 && !this.#isLive);
  }

  get gaps(): TraceGaps {
    const [unread, firstUnread, untaken] = [this.#unread, this.#firstUnread, this.#untaken];
    return { unread, firstUnread, untaken, isCutOff: this.#isCutOff };
  }

  #note({ id, arrival, isRouted = false, stop }: TraceLine): void {
    let known = this.#underWay.get(id);
    if (arrival !== undefined) {
      if (known === undefined || !mayBeOne(known.arrival, arrival)) known = this.#begin(id, arrival, isRouted);
      if (isRouted && known !== undefined) hasEntered(known);
    } else if (stop !== undefined && known !== undefined) {
      this.#underWay.delete(id);
      hasEntered(known);
      const { alike } = known;
      alike.stops++;
      alike.isMixed ||= alike.stop !== undefined && alike.stop.rule !== stop.rule;
      alike.stop ??= stop;
    }
  }

  /** Takes a packet by its first line. What comes from a bridge has another id once it is routed. */
  #begin(id: string, arrival: Arrival, isRouted: boolean): UnderWay | undefined {
    this.#underWay.delete(id);
    const entered = isRouted ? this.#alike.get(keyOf(arrival)) : undefined;
    if (entered !== undefined && entered.entering > 0) return this.#follow(id, arrival, entered);
    if (this.#packets === MOST_PACKETS && !this.#isLive) {
      this.#untaken++;
      return undefined;
    }
    this.#packets++;
    const key = keyOf(arrival);
    const alike = this.#alike.get(key) ?? { ...NONE_ALIKE };
    this.#alike.set(key, alike);
    if (this.#isLive) keepNewest(this.#alike, MOST_ALIKE);
    alike.count++;
    alike.left++;
    alike.entering++;
    return this.#follow(id, arrival, alike);
  }

  #follow(id: string, arrival: Arrival, alike: Alike): UnderWay {
    const underWay = { arrival, alike, isEntering: true };
    this.#underWay.set(id, underWay);
    keepNewest(this.#underWay, MOST_UNDER_WAY);
    return underWay;
  }
}

/** What there is to say of what a trace did not tell. */
export function traceUnread({ unread, firstUnread, untaken, isCutOff }: TraceGaps, isEmpty = false): Finding[] {
  const said = [
    ...(unread > 0 ? [`${unread} lines of the trace could not be read, the first is line ${firstUnread}`] : []),
    ...(isCutOff ? ["nft monitor trace ended before the run: what came behind that was not traced"] : []),
    ...(isEmpty ? ["the trace has no packet"] : []),
    ...(untaken > 0 ? [`there was no room for the last ${untaken} packets of the trace`] : []),
  ];
  if (said.length === 0) return [];
  return [findingOf("trace-unread", unread + untaken, said.join("; "), {}, isCutOff ? ENDED : undefined)];
}

function hasEntered(packet: UnderWay): void {
  if (packet.isEntering) packet.alike.entering--;
  packet.isEntering = false;
}

/** Whether two descriptions under one id may be of one packet, at first and further on: addresses and ports are rewritten on its way. */
function mayBeOne(before: Arrival, now: Arrival): boolean {
  return before.ipId === now.ipId && before.length === now.length && now.ttl <= before.ttl;
}

/** What a packet looks like, as one text. */
export function keyOf({ ends: { src, srcPort, dst, dstPort }, ttl, length, ipId }: Arrival): string {
  return [src, srcPort, dst, dstPort, ttl, length, ipId].join(" ");
}
