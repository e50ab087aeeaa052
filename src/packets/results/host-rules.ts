import type { Side } from "../sides.js";
import type { Ends, Translation } from "./results.js";

/** What the host's NAT rules say of a packet that opens a conversation. */
export interface Ruling {
  /** Undefined where that cannot be told. */
  readonly answer: boolean | undefined;
  /** The rules that make it so, or may; of what they do not translate, those that keep others from it; empty where there is none. */
  readonly rules: string;
  /** Why it cannot be told, in words; empty where it can. */
  readonly doubt: string;
  /** The rules that keep others from it, if they were there then by a moment that is not told. */
  readonly mayExempt?: string | undefined;
  /** The rules that certainly make it so at other times, where they do not then, or that is not told. */
  readonly atOtherTimes?: string | undefined;
}

/** As what a conversation passed the host, by its first packet. */
export interface Passed {
  readonly ends: Ends;
  /** The address of who got it, as tables have it. */
  readonly dst: Uint32Array;
}

/**
 * What the host's NAT rules say, for those who judge packets. They were read at another time than the captures were taken: they are
 * believed as long as they explain the translations that were seen.
 */
export interface HostRules {
  /** Whether it has to know of each flow. */
  readonly wantsFlows: boolean;
  /** Takes a flow that was just learnt; it is valid during the call only. */
  learn(flow: Translation): void;
  /** Of a packet that comes from outside to an address of the host's own: whether they send it to somebody whose packets cross. */
  arriving(proto: number, ends: Ends): Ruling;
  /** Of a packet that goes from inside to outside: whether they rewrite its source. By those that were in force at a time, epoch nanoseconds, where one is given. */
  leaving(proto: number, ends: Ends, atNs?: bigint): Ruling;
  /** Of a packet that comes in on a side, to somebody else than the host: whether they give it to the host itself. */
  taking(side: Side, proto: number, ends: Ends): Ruling;
  /** As what conntrack says that a conversation passed the host at a time, epoch nanoseconds, by its first packet; undefined where it says nothing of it. */
  passedAs(proto: number, ends: Ends, atNs: bigint): Passed | undefined;
}

const UNTOLD: Ruling = {
  answer: undefined,
  rules: "",
  doubt: "the host's rules would tell (--rules), and conntrack -S what it drops",
};

/** Where nobody gave any. */
export const NO_RULES: HostRules = {
  wantsFlows: false,
  learn: () => {},
  arriving: () => UNTOLD,
  leaving: () => UNTOLD,
  taking: () => UNTOLD,
  passedAs: () => undefined,
};
