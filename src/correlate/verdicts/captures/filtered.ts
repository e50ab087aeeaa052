import { INSIDE, otherSide, SIDE_NAMES, type Side } from "../../../packets/sides.js";
import { ENDS, NONE, isFromA } from "../../../packets/tuples.js";
import { hasPorts, protocolName, TCP, UDP } from "../../../protocols/ip-protocols.js";
import { IPV4, IPV6, isControl, NOT_IP, otherKindOf, TCP_CONTROL, TCP_PLAIN, versionOf } from "../../intake/kinds.js";
import type { Carried } from "./carried.js";
import type { Common } from "./common.js";
import type { Cover } from "./cover.js";
import type { Known } from "../known.js";

/**
 * Whether a filter may have made a capture, as far as a packet goes that it lacks: by all that it has, which would have let that one pass no more
 * than others of its kind.
 */
export class Filtered {
  readonly #known: Known;
  readonly #common: readonly [Common, Common];
  readonly #carried: Carried;

  constructor(known: Known, common: readonly [Common, Common], carried: Carried) {
    this.#known = known;
    this.#common = common;
    this.#carried = carried;
  }

  /**
   * The same of a filter that an option is known to have made: it lets a conversation pass of which a packet did, or of whose service and address others
   * did.
   */
  byOption(row: number, other: Side): string | undefined {
    const { cover, timeline, translations } = this.#known;
    if (!cover[other].isFiltered || translations.slotOf(row) !== NONE) return undefined;
    const tuple = timeline.tuple(row);
    const isOfOthers = this.#carried.hasService(tuple) && ENDS.some((isA) => this.#carried.reaches(tuple, isA));
    return isOfOthers ? undefined : `all is what --${SIDE_NAMES[other]}-filter selects`;
  }

  /**
   * What all that a side's capture has is, and a packet of the other side is not, in words; undefined where there is no such thing. `nearWay`: which way
   * its conversation goes from who is behind the NAT.
   */
  of(row: number, other: Side, nearWay = this.#known.timeline.way(row)): string | undefined {
    const byOption = this.byOption(row, other);
    if (byOption !== undefined) return byOption;
    const suspects = this.#known.cover[other].of(row).filter((each) => this.#mayBeFiltered(each, row));
    if (suspects.length === 0) return undefined;
    const { isTelling } = this.#common[other];
    const kinds = suspects.map((each) => this.#byKind(row, other, each, isTelling));
    return kinds.find((why) => why !== undefined) ?? (isTelling ? this.#ofOthers(row, other, nearWay) : undefined);
  }

  /** Whether a filter may have made a capture: it has nothing that is of no conversation, as ARP is. */
  #mayBeFiltered(cover: Cover, row: number): boolean {
    return !cover.isUnfiltered && !this.#has(NOT_IP, row, cover);
  }

  /** Of which kind all frames of a capture are, and a packet is not. `isTelling`: whether many conversations are known there. */
  #byKind(row: number, other: Side, cover: Cover, isTelling: boolean): string | undefined {
    const { timeline: t, translations } = this.#known;
    const has = (kind: number): boolean => this.#has(kind, row, cover);
    const [version, name] = versionOf(t.flags(row)) === IPV6 ? [IPV4, "IPv4"] : [IPV6, "IPv6"];
    // where its own side has none of that other version, the router is what changes it
    const isOnOwn = this.#known.cover[otherSide(other)].captures.some((own) => this.#has(version, row, own));
    const isOneVersion = !has(versionOf(t.flags(row))) && has(version) && isOnOwn;
    if (isOneVersion && translations.slotOf(row) === NONE) return `all is ${name}`;
    const proto = t.proto(row);
    const isKindThere = proto === TCP ? isControl(proto, t.tcpFlags(row)) : has(otherKindOf(proto));
    if (has(TCP_CONTROL) && !has(TCP_PLAIN) && !isKindThere) return "all segments open or end connections";
    // an error is not of the protocol of its conversation
    return isTelling && !isKindThere && proto !== TCP && proto !== UDP ? "all is TCP or UDP" : undefined;
  }

  /** By which protocol, with whom, and on which port all conversations are: all that stays as it is of what is behind the NAT. */
  #ofOthers(row: number, other: Side, nearWay: number): string | undefined {
    const { timeline: t, tuples, translations } = this.#known;
    // what is known to cross passes any such filter
    if (translations.slotOf(row) !== NONE) return undefined;
    const { addresses, ports, proto } = this.#common[other];
    if (proto !== NONE && proto !== t.proto(row)) return `all is ${protocolName(proto)}`;
    if (other === INSIDE) return undefined;
    const tuple = t.tuple(row);
    const ends = new Set(ENDS.map((isA) => tuples.addressText(tuple, isA)));
    if (addresses.length > 0 && !addresses.some((address) => ends.has(address))) return `all is with ${addresses[0]}`;
    const isOfPort = hasPorts(tuples.proto(tuple)) && ports.includes(tuples.port(tuple, !isFromA(nearWay)));
    return ports.length === 0 || isOfPort ? undefined : `all has port ${ports[0]}`;
  }

  /** Whether a capture had frames of a kind by the time that a packet's window is over: however far it was read by then. */
  #has(kind: number, row: number, cover: Cover): boolean {
    const { timeline, windowNs } = this.#known;
    const stampNs = cover.kinds.sinceNs[kind];
    return stampNs < Number.POSITIVE_INFINITY && cover.placed(stampNs) <= timeline.timeNs(row) + windowNs;
  }
}
