import { INSIDE, type Side } from "../../packets/sides.js";
import { NONE } from "../../packets/tuples.js";
import { hasPorts, protocolName, TCP, UDP } from "../../protocols/ip-protocols.js";
import { kindOf, LONG_BYTES, NOT_IP, OTHER_IP, TCP_CONTROL, TCP_PLAIN, UDP_DATAGRAM } from "../intake/kinds.js";
import type { Common } from "./common.js";
import type { Cover } from "./cover.js";
import type { Known } from "./known.js";

const ENDS = [true, false] as const;

/**
 * Whether a filter may have made a capture, as far as a packet goes that it lacks: by all that it has, which would have let that one pass no more
 * than others of its kind.
 */
export class Filtered {
  readonly #known: Known;
  readonly #common: readonly [Common, Common];

  constructor(known: Known, common: readonly [Common, Common]) {
    this.#known = known;
    this.#common = common;
  }

  /** What all that a side's capture has is, and a packet of the other side is not, in words; undefined where there is no such thing. */
  of(row: number, other: Side): string | undefined {
    const cover = this.#known.cover[other];
    if (cover.isUnfiltered) return undefined;
    return this.#longer(row, cover) ?? this.#inBetween(row, cover) ?? this.ofConversation(row, other);
  }

  /** The same of the conversation that a packet belongs to, of which the capture has nothing at all. */
  ofConversation(row: number, other: Side): string | undefined {
    const cover = this.#known.cover[other];
    if (cover.isUnfiltered) return undefined;
    return this.#ofOtherProtocol(row, cover) ?? this.#ofOthers(row, other, cover);
  }

  #longer(row: number, cover: Cover): string | undefined {
    const t = this.#known.timeline;
    const longest = cover.kinds.longest((stampNs) => this.#isThere(stampNs, row, cover));
    return Math.min(t.length(row), LONG_BYTES) > longest ? `no packet is longer than ${longest} bytes` : undefined;
  }

  #inBetween(row: number, cover: Cover): string | undefined {
    const t = this.#known.timeline;
    const isPlain = kindOf(t.proto(row), t.tcpFlags(row)) === TCP_PLAIN;
    const isOther = isPlain && this.#has(TCP_CONTROL, row, cover) && !this.#has(TCP_PLAIN, row, cover);
    return isOther && !this.#has(NOT_IP, row, cover) ? "all segments open or end connections" : undefined;
  }

  #ofOtherProtocol(row: number, cover: Cover): string | undefined {
    const proto = this.#known.timeline.proto(row);
    const has = (kind: number) => this.#has(kind, row, cover);
    if (has(NOT_IP)) return undefined;
    const [hasTcp, hasUdp] = [has(TCP_CONTROL) || has(TCP_PLAIN), has(UDP_DATAGRAM)];
    if (proto === TCP || proto === UDP)
      return (proto === TCP ? hasTcp : hasUdp) ? undefined : `nothing is ${protocolName(proto)}`;
    // that nothing is of a protocol that few use shows nothing by itself
    return has(OTHER_IP) || hasTcp === hasUdp ? undefined : `all is ${hasUdp ? "udp" : "tcp"}`;
  }

  /** By whom what it belongs to is with, and on which port: of what goes out, both stay as they are. */
  #ofOthers(row: number, other: Side, cover: Cover): string | undefined {
    const { timeline: t, tuples, translations } = this.#known;
    // what is known to cross passes any such filter
    if (other === INSIDE || translations.slotOf(row) !== NONE) return undefined;
    const tuple = t.tuple(row);
    const { addresses, ports } = this.#common[other];
    const ends = new Set(ENDS.map((isA) => tuples.addressText(tuple, isA)));
    const hasNotIp = this.#has(NOT_IP, row, cover);
    // a filter by an address lets ARP about that pass, which is asked for beside the host alone
    const told = hasNotIp ? addresses.filter(({ isPrivate }) => isPrivate) : addresses;
    if (told.length > 0 && !addresses.some(({ text }) => ends.has(text))) return `all is with ${told[0].text}`;
    if (ports.length === 0 || hasNotIp) return undefined;
    const isOfPort = hasPorts(tuples.proto(tuple)) && ENDS.some((isA) => ports.includes(tuples.port(tuple, isA)));
    return isOfPort ? undefined : `all has port ${ports[0]}`;
  }

  /** Whether a capture had a frame of some kind by then. */
  #has(kind: number, row: number, cover: Cover): boolean {
    return this.#isThere(cover.kinds.sinceNs[kind], row, cover);
  }

  /** Whether a capture had come to a stamp by the time that a packet's window is over: however far it was read by then. */
  #isThere(stampNs: number, row: number, cover: Cover): boolean {
    const { timeline, windowNs } = this.#known;
    return stampNs < Number.POSITIVE_INFINITY && cover.placed(stampNs) <= timeline.timeNs(row) + windowNs;
  }
}
