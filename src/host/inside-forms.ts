import type { OtherForm } from "../packets/results/containers.js";
import type { Ends } from "../packets/results/results.js";
import type { Protocol } from "../protocols/ip-protocols.js";
import { type ConntrackEntry, type ConntrackTable, isTranslated } from "./conntrack-table.js";
import type { Setting } from "./ended-entries.js";
import { entryAt } from "./entries-of.js";
import { Listing } from "./listing.js";
import type { HostFacts } from "./snapshot/host-facts.js";
import { endsIn, reversedText, tupleText } from "./tuples.js";

/** What lists conntrack's entries at a moment. */
type Listed = Pick<HostFacts, "conntrack" | "timeNs">;

/** What is gone by of a host. */
interface Known {
  /** What it has said by now, and said first. */
  readonly facts: Listed | undefined;
  readonly first: Listed | undefined;
  readonly setting: Setting;
}

/**
 * How long conntrack keeps an entry behind its last packet, seconds, by which setting, and what that is without one (net/netfilter/nf_conntrack_proto_….c): what a
 * list has was the same that long before. Of TCP, that of a connection that is over; after a reset, it is shorter.
 */
const KEPT = new Map<Protocol, { readonly setting: string; readonly seconds: number }>([
  ["icmp", { setting: "nf_conntrack_icmp_timeout", seconds: 30 }],
  ["icmpv6", { setting: "nf_conntrack_icmpv6_timeout", seconds: 30 }],
  ["tcp", { setting: "nf_conntrack_tcp_timeout_time_wait", seconds: 120 }],
  ["udp", { setting: "nf_conntrack_udp_timeout", seconds: 30 }],
]);

/**
 * What packets are inside that were seen outside alone, by conntrack's entries: those that were told of while they lived, and those that snapshots list, of what
 * came shortly before, or between two of them that have the same.
 */
export class InsideForms {
  readonly #known: Known;
  readonly #told: ConntrackTable | undefined;
  readonly #isByListing: boolean;
  readonly #last = new Listing();
  readonly #first = new Listing();

  /**
   * @param told what conntrack tells as it happens, where it does.
   * @param isByListing whether what snapshots list counts, too.
   */
  constructor(known: Known, told: ConntrackTable | undefined, isByListing: boolean) {
    this.#known = known;
    this.#told = told?.listedNs === undefined ? told : undefined;
    this.#isByListing = isByListing;
  }

  /** That of a packet which was seen at a time, epoch nanoseconds; undefined where no entry tells, or several tell otherwise. */
  of(proto: Protocol, ends: Ends, atNs: bigint): OtherForm | undefined {
    const text = tupleText(proto, ends);
    return (
      this.#formOf(proto, { text, isOutbound: false }, atNs) ??
      this.#formOf(proto, { text: reversedText(text), isOutbound: true }, atNs)
    );
  }

  /** `text`: what comes from outside, the packet itself, or its answers where that is outbound. */
  #formOf(
    proto: Protocol,
    { text, isOutbound }: { text: string; isOutbound: boolean },
    atNs: bigint,
  ): OtherForm | undefined {
    const entry = this.#toldOf(text, atNs) ?? this.#listedOf(proto, text, atNs);
    if (entry === undefined || !isTranslated(entry)) return undefined;
    // what one end sends comes out as the other tuple says, turned round
    const other = text === entry.originalText ? entry.replyText : entry.originalText;
    return { ends: endsIn(isOutbound ? other : reversedText(other)), isOutbound };
  }

  #toldOf(tuple: string, atNs: bigint): ConntrackEntry | undefined {
    // what was not heard of may have another one's place
    if (this.#told?.heardAllIn({ firstNs: atNs, lastNs: atNs }) !== true) return undefined;
    return entryAt(entriesOf(this.#told, tuple), atNs);
  }

  #listedOf(proto: Protocol, tuple: string, atNs: bigint): ConntrackEntry | undefined {
    if (!this.#isByListing) return undefined;
    const { facts, first } = this.#known;
    if (facts === undefined || atNs > facts.timeNs) return undefined;
    const last = alone(this.#last.of(facts.conntrack), tuple);
    if (last === undefined || facts.timeNs - atNs < this.#keptNs(proto)) return last;
    if (first === undefined || atNs < first.timeNs) return undefined;
    const before = alone(this.#first.of(first.conntrack), tuple);
    return before?.originalText === last.originalText && before.replyText === last.replyText ? last : undefined;
  }

  #keptNs(proto: Protocol): bigint {
    const kept = KEPT.get(proto);
    if (kept === undefined) return 0n;
    const seconds = Number(this.#known.setting(`net.netfilter.${kept.setting}`) ?? kept.seconds);
    return BigInt(Math.min(seconds, kept.seconds)) * 1_000_000_000n;
  }
}

/** The entry that a list has of a tuple, where that is one. */
function alone(listed: ConntrackTable, tuple: string): ConntrackEntry | undefined {
  const [entry, ...others] = entriesOf(listed, tuple);
  return others.length === 0 ? entry : undefined;
}

/** Those of zones may be others'. */
function entriesOf(table: ConntrackTable, tuple: string): readonly ConntrackEntry[] {
  return table.having(tuple).filter(({ isZoned }) => !isZoned);
}
