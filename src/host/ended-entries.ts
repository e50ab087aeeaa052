import { type Finding, ofNamed } from "../packets/results/findings.js";
import { Named } from "../packets/results/gathered.js";
import { FINDINGS } from "../packets/results/finding-codes.js";
import type { FlowSummary } from "../packets/results/results.js";
import { rangeText, type Sentence } from "../packets/results/sentence.js";
import type { Side } from "../packets/sides.js";
import type { Protocol } from "../protocols/ip-protocols.js";
import type { Ending } from "./conntrack.js";

/** The host's setting of this name, as sysctl(8) writes it, where it was the same whenever the host was asked; else undefined. */
export type Setting = (name: string) => string | undefined;

/** Packets of a conversation that the host took for its own, and refused. */
export interface Refused {
  /** When the first and the last of them passed, epoch nanoseconds. */
  readonly firstNs: bigint;
  lastNs: bigint;
  /** The first of them, and when each passed: its frame, and that of what the host answered. */
  readonly listed: { readonly side: Side; readonly frames: readonly number[]; readonly timeNs: bigint }[];
}

const WENT_ON = "while the conversation went on";

/** How long conntrack keeps an entry that no packet renews, by the settings of each protocol (nf_conntrack-sysctl.rst); of TCP, that of a connection that is established. */
const TIMEOUTS: Readonly<Partial<Record<Protocol, readonly string[]>>> = {
  icmp: ["nf_conntrack_icmp_timeout"],
  icmpv6: ["nf_conntrack_icmpv6_timeout"],
  tcp: ["nf_conntrack_tcp_timeout_established"],
  udp: ["nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"],
};

/** Flows that went on when conntrack's entry of theirs had ended, by why it did. */
export class EndedEntries {
  readonly #flows = { program: new Named(), kernel: new Named(), timeout: new Named() };
  /** The protocols of those whose entry timed out. */
  readonly #protocols = new Set<Protocol>();
  /** The shortest and the longest time that nothing of these had crossed when they went on, nanoseconds; undefined where one is not known. */
  #silentNs: readonly [number, number] | undefined = [Number.POSITIVE_INFINITY, 0];

  /**
   * Takes a flow that went on when its entry had ended, and what it is in words. `silentNs`: how long nothing had crossed by then, where that is known. `refused`: those of
   * its packets that the host refused since.
   */
  add(
    ending: Ending | undefined,
    flow: FlowSummary,
    name: () => Sentence,
    silentNs: bigint | undefined,
    refused: Refused["listed"],
  ): void {
    if (ending === undefined || ending === "over") return;
    const gathered = this.#flows[ending];
    gathered.addFlow(flow);
    gathered.named.addMade(name);
    for (const { side, frames } of refused) for (const frame of frames) gathered.frames[side].add(frame);
    if (ending !== "timeout") return;
    this.#protocols.add(flow.proto);
    const silent = Number(silentNs);
    const known = silentNs === undefined ? undefined : this.#silentNs;
    this.#silentNs = known && [Math.min(known[0], silent), Math.max(known[1], silent)];
  }

  findings(setting: Setting): Finding[] {
    const { program, kernel, timeout } = this.#flows;
    return [
      ...ofNamed("conntrack-deleted", program, `a program deleted conntrack's entry ${WENT_ON}`),
      ...ofNamed(
        "conntrack-evicted",
        kernel,
        `the kernel ended conntrack's entry before its time ${WENT_ON}`,
        evictedHint(setting),
      ),
      ...this.#timedOut(timeout, setting),
    ];
  }

  #timedOut(flows: Named, setting: Setting): Finding[] {
    const silent =
      this.#silentNs === undefined
        ? ""
        : `, of which nothing had crossed for ${rangeText(this.#silentNs, secondsText)}`;
    return ofNamed(
      "conntrack-timed-out",
      flows,
      `conntrack's entry timed out ${WENT_ON}${silent}`,
      this.#hint(setting),
    );
  }

  /** What to set, and what it was, as far as the host says so: a setting of more than the silence was another one then. */
  #hint(setting: Setting): string {
    const names = [...this.#protocols].flatMap((proto) => TIMEOUTS[proto] ?? []);
    if (names.length === 0) return FINDINGS["conntrack-timed-out"].hint;
    const longest = this.#silentNs === undefined ? Number.POSITIVE_INFINITY : this.#silentNs[1] / 1e9;
    const told = names.map((name) => {
      const value = setting(`net.netfilter.${name}`);
      return value === undefined || Number(value) > longest
        ? `net.netfilter.${name}`
        : `net.netfilter.${name} (${value} s)`;
    });
    return `it was silent for longer than ${told.join(" or ")}: let it send something sooner, or raise that (sysctl -w)`;
  }
}

/** What to do where the table was full, with what the host has set, as far as it says so. */
function evictedHint(setting: Setting): string {
  const [most, buckets, kept] = ["max", "buckets", "tcp_timeout_established"].map((name) =>
    setting(`net.netfilter.nf_conntrack_${name}`),
  );
  if (most === undefined) return FINDINGS["conntrack-evicted"].hint;
  const there = buckets === undefined ? most : `${most}, in ${buckets} buckets (nf_conntrack_buckets)`;
  const sooner =
    kept === undefined
      ? ""
      : `; or let silent connections go sooner: nf_conntrack_tcp_timeout_established is ${kept} s`;
  return `does early_drop of conntrack -S count on? Then the table is full: net.netfilter.nf_conntrack_max is ${there}: sysctl -w a higher one${sooner}. Else, did an address or an interface go (ip monitor)?`;
}

/** `3.5 s`. */
function secondsText(ns: number): string {
  return `${+(ns / 1e9).toPrecision(3)} s`;
}
