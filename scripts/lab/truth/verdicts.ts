import { type Address, parseAddress } from "./address.js";
import type { Frame } from "./capture.js";
import { type Entry, tupleKey, reversed } from "./conntrack.js";
import type { Packet, Tuple } from "./packet.js";
import type { Recording } from "./recording.js";
import type { Report, SideName, UnmatchedLine } from "./report.js";
import type { LogEntry } from "./rule-log.js";
import { Sightings } from "./sightings.js";

/** What is known of packets beside what both captures and conntrack tell. */
export interface HostFacts {
  readonly log: readonly LogEntry[];
  /** Frames of interfaces that natcorr did not see. */
  readonly elsewhere: readonly Frame[];
}

/** What became of a frame, by the kernel's own account; one that was sent by the host and refused by a rule has several. */
type Fate = "in" | "out" | "own" | "drop" | "reject" | "error" | "clash" | "elsewhere" | "same-link" | "link-scope";

/** A verdict that the facts do not bear out, or a packet without a verdict and what became of it. */
export interface Judged {
  readonly line: UnmatchedLine;
  readonly fates: readonly Fate[];
  /** What is wrong with the verdict; undefined where it is right, or says nothing. */
  readonly problem: string | undefined;
}

const HOST = new Set(
  ["10.0.2.15", "10.0.3.15", "172.17.0.1", "172.18.0.1", "fd00:2::15", "fd00:17::1"].map(parseAddress),
);
/** Published ports, and where docker-proxy takes what comes there. */
const PUBLISHED = new Set([88, 8080, 5353]);
const SERVED = new Set([80, 5300]);
/** How addresses of a bridge's network begin. */
const BRIDGES = ["ac11", "ac12", "fd000017"];

/** Holds every verdict, and every pair, against what the kernel did. */
export function judgeVerdicts(recording: Recording, report: Report, facts: HostFacts): Judged[] {
  const judge = new Judge(recording, facts);
  return report.unmatched.map((line) => judge.judge(line));
}

/** Pairs of packets that a rule dropped where they came in, by what makes them the only ones: IP ID, length and time. */
export function droppedPairs(recording: Recording, report: Report, { log }: HostFacts): string[] {
  const dropped = new Sightings(log.filter(({ as }) => as === "drop"));
  return report.pairs.flatMap(({ direction, side, inside, outside }) => {
    const entered = direction === "outbound" ? recording.inside : recording.outside;
    const frame = entered[(direction === "outbound" ? inside : outside).frames[0] - 1];
    if (side !== undefined || !frame || !hasPacket(frame) || frame.packet.ipId === 0 || frame.packet.fragment)
      return [];
    const { ipId, length } = frame.packet;
    const same = dropped.of(frame).filter(({ packet }) => packet.ipId === ipId && packet.length === length);
    return same.length === 0 ? [] : [`pair inside ${inside.frames.join("+")}: a rule dropped it`];
  });
}

class Judge {
  readonly #recording: Recording;
  readonly #log: Sightings<LogEntry>;
  readonly #elsewhere: Sightings<Frame & { readonly packet: Packet }>;
  readonly #errors: readonly LogEntry[];
  /** When the host sent resets, and when its own clients sent something, by tuples. */
  readonly #resets = new Map<string, bigint[]>();
  readonly #own = new Map<string, bigint[]>();
  /** Conversations of which the captures that natcorr saw have a packet, and others as well. */
  readonly #goesElsewhere: ReadonlySet<string>;

  constructor(recording: Recording, { log, elsewhere }: HostFacts) {
    this.#recording = recording;
    this.#log = new Sightings(log);
    this.#elsewhere = new Sightings(elsewhere.filter(hasPacket));
    this.#errors = log.filter(({ as, packet }) => as === "out" && packet.quote);
    for (const { as, packet, timeNs } of log) {
      if (as === "out" && ((packet.tcp?.flags ?? 0) & RST) !== 0) note(this.#resets, packet.tuple, timeNs);
      if (as === "own") note(this.#own, packet.tuple, timeNs);
    }
    const both = [...recording.inside, ...recording.outside].filter(hasPacket);
    const seen = both.filter((frame) => this.#elsewhere.of(frame).length > 0);
    this.#goesElsewhere = new Set(seen.map(({ packet }) => tupleKey(packet.tuple)));
  }

  judge(line: UnmatchedLine): Judged {
    const frame = this.#recording[line.side][line.frame - 1];
    if (!frame || !hasPacket(frame)) return { line, fates: [], problem: "no such packet" };
    const fates = this.#fatesOf(frame);
    const problem = this.#problemOf(line, frame, fates);
    return { line, fates, problem };
  }

  #fatesOf(frame: Frame & { readonly packet: Packet }): Fate[] {
    const fates = new Set<Fate>(this.#log.of(frame).map(({ as }) => as));
    if (this.#elsewhere.of(frame).length > 0) fates.add("elsewhere");
    if (this.#errors.some((error) => isAbout(error, frame))) fates.add("error");
    const { src, dst } = frame.packet.tuple;
    if (isLinkScope(src) || isLinkScope(dst)) fates.add("link-scope");
    if (BRIDGES.some((prefix) => src.startsWith(prefix) && dst.startsWith(prefix))) fates.add("same-link");
    if (fates.size === 0 && this.#hasClashed(frame)) fates.add("clash");
    return [...fates];
  }

  /**
   * Whether conntrack had no entry of its conversation then, and began one at that moment for another sender's, whose answers would have looked the same:
   * what comes second is lost (insert_failed), and no rule logs that.
   */
  #hasClashed({ timeNs, packet: { tuple } }: Frame & { readonly packet: Packet }): boolean {
    const { conntrack } = this.#recording;
    const isAlive = ({ bornNs, diedNs }: Entry): boolean =>
      bornNs <= timeNs + EVENT_WAIT_NS && (diedNs === undefined || diedNs > timeNs + EVENT_WAIT_NS);
    const isBorn = ({ bornNs }: Entry): boolean => bornNs >= timeNs - EVENT_WAIT_NS && bornNs <= timeNs + EVENT_WAIT_NS;
    const own = conntrack.some((entry) => tupleKey(entry.original) === tupleKey(tuple) && isAlive(entry));
    const asOwn = ({ original }: Entry): string => tupleKey({ ...original, src: tuple.src });
    return !own && conntrack.some((entry) => isBorn(entry) && asOwn(entry) === tupleKey(tuple));
  }

  #problemOf({ verdict, side, ...line }: UnmatchedLine, frame: Frame & { packet: Packet }, fates: readonly Fate[]) {
    const is = (...any: Fate[]) => any.some((fate) => fates.includes(fate));
    switch (verdict) {
      case "unknown":
        return undefined;
      case "dropped":
        // a reset in answer may pass the capture by: see the README
        return is("drop", "reject", "clash")
          ? this.#problemOfImpact({ verdict, side, ...line }, frame)
          : "nothing dropped it";
      case "refused":
        return is("reject", "error") || this.#isReset(frame) ? undefined : "the host did not refuse it";
      case "local":
        return is("in", "out", "own", "same-link", "link-scope") ? undefined : "the host has no part in it";
      case "proxied":
        return is("in", "out") && this.#isProxys(frame) ? undefined : "it is no proxy's";
      case "elsewhere":
        // it is said of a conversation: what is dropped of one has no frame to show where it would have gone
        return is("elsewhere") || this.#goesElsewhere.has(tupleKey(frame.packet.tuple))
          ? undefined
          : "none of its conversation was seen on another interface";
      case "no-overlap":
        // that a capture of an interface with little traffic is silent says nothing of whether it runs
        return line.reason !== "silence" && this.#isCovered(side, frame) ? "the other capture was running" : undefined;
      default:
        return `nothing is ${verdict} here`;
    }
  }

  /** Whether the host itself answered with a reset. */
  #isReset({ timeNs, packet: { tuple } }: Frame & { readonly packet: Packet }): boolean {
    const answers = this.#resets.get(tupleKey(reversed(tuple))) ?? [];
    return answers.some((atNs) => atNs >= timeNs - ERROR_LEAD_NS && atNs <= timeNs + ERROR_WAIT_NS);
  }

  #isProxys({ timeNs, packet: { tuple } }: Frame & { readonly packet: Packet }): boolean {
    const times = [tuple, reversed(tuple)].flatMap((each) => this.#own.get(tupleKey(each)) ?? []);
    // ports are used again
    const entry = this.#entryOf(tuple, timeNs);
    const isNear = (atNs: bigint): boolean => atNs >= timeNs - OWN_WAIT_NS && atNs <= timeNs + OWN_WAIT_NS;
    if (times.some((atNs) => isNear(atNs) && this.#entryOf(tuple, atNs) === entry)) return false;
    const { src, srcPort, dst, dstPort } = tuple;
    return isProxysEnd(src, srcPort, dst, dstPort) || isProxysEnd(dst, dstPort, src, srcPort);
  }

  /** The last entry of a conversation that had begun by then. */
  #entryOf(tuple: Tuple, timeNs: bigint): Entry | undefined {
    const keys = new Set([tupleKey(tuple), tupleKey(reversed(tuple))]);
    const isIts = ({ original, bornNs }: Entry): boolean =>
      keys.has(tupleKey(original)) && bornNs <= timeNs + EVENT_WAIT_NS;
    return this.#recording.conntrack.findLast(isIts);
  }

  #isCovered(side: SideName, { timeNs }: Frame): boolean {
    const other = this.#recording[side === "inside" ? "outside" : "inside"];
    return other.length > 0 && timeNs >= other[0].timeNs && timeNs <= other[other.length - 1].timeNs;
  }

  /** A copy that got through is one of the same conversation and the same bytes. */
  #problemOfImpact({ side, impact, byFrame }: UnmatchedLine, { packet }: { packet: Packet }): string | undefined {
    if (impact !== "resent") return undefined;
    const copy = this.#recording[side][(byFrame ?? 0) - 1]?.packet;
    if (copy === undefined) return "no frame is named that made up for it";
    if (tupleKey(copy.tuple) !== tupleKey(packet.tuple)) return `frame ${byFrame} is of another conversation`;
    const isCopy = packet.payloadLength === 0 || packet.tcp === undefined || covers(copy, packet);
    return isCopy ? undefined : `frame ${byFrame} has none of its bytes`;
  }
}

function note(times: Map<string, bigint[]>, tuple: Tuple, timeNs: bigint): void {
  const known = times.get(tupleKey(tuple));
  if (known) known.push(timeNs);
  else times.set(tupleKey(tuple), [timeNs]);
}

/** Whether docker-proxy has this end of a conversation: a published port, or what dials a container's. */
function isProxysEnd(address: Address, port: number, other: Address, otherPort: number): boolean {
  return HOST.has(address) && (PUBLISHED.has(port) || (SERVED.has(otherPort) && !HOST.has(other)));
}

function covers(copy: Packet, packet: Packet): boolean {
  const gap = ((packet.tcp?.seq ?? 0) - (copy.tcp?.seq ?? 0)) | 0;
  return gap > -packet.payloadLength && gap < copy.payloadLength;
}

function hasPacket(frame: Frame): frame is Frame & { readonly packet: Packet } {
  return frame.packet !== undefined;
}

const RST = 4;
/** How long the host may take to answer; and how much the stamp of the log may be ahead of the capture's. */
const ERROR_LEAD_NS = 5_000_000n;
const ERROR_WAIT_NS = 5_000_000_000n;
/** … and how long it waits for the other fragments of a datagram (net.ipv4.ipfrag_time, net.ipv6.ip6frag_time), with timers that are late. */
const FRAGMENTS_WAIT_NS = 68_000_000_000n;
/** How far the stamp of a conntrack event may be from that of its packet. */
const EVENT_WAIT_NS = 5_000_000n;
/** No client of the host's own is silent for so long. */
const OWN_WAIT_NS = 10_000_000_000n;

// What an error quotes is the packet as it came in, or as it was to go out: its addresses may be either form's.
function isAbout({ timeNs, packet: { quote } }: LogEntry, frame: Frame & { readonly packet: Packet }): boolean {
  const { packet } = frame;
  return (
    quote !== undefined &&
    timeNs >= frame.timeNs - ERROR_LEAD_NS &&
    timeNs <= frame.timeNs + (packet.fragment ? FRAGMENTS_WAIT_NS : ERROR_WAIT_NS) &&
    quote.tuple.proto === packet.tuple.proto &&
    quote.ipId === packet.ipId &&
    quote.tcp?.seq === packet.tcp?.seq &&
    (quote.tuple.src === packet.tuple.src || quote.tuple.dst === packet.tuple.dst)
  );
}

function isLinkScope(address: Address): boolean {
  if (address.length === 8) return address.startsWith("e") || address.startsWith("a9fe") || address === "ffffffff";
  return address.startsWith("ff") || address.startsWith("fe8") || /^0+$/.test(address);
}
