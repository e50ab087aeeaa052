import type { Ends } from "../packets/results/results.js";
import { isEcho } from "../protocols/icmp.js";
import { hasPorts, ICMP, ICMPV6, type Protocol, protocolName, TCP } from "../protocols/ip-protocols.js";
import { canonicalAddress, parseNumber } from "./address.js";

/** What a line of conntrack says. */
export interface ConntrackLine {
  event: "new" | "update" | "destroy" | "listed";
  proto: Protocol;
  /** What the initiator sent, as it came in, before any translation. */
  original: Ends;
  /** What an answer looks like as it comes in, before any translation. */
  reply: Ends;
  /** When conntrack told of it, epoch nanoseconds (`-o timestamp`). */
  timeNs: bigint | undefined;
  /** It is in a zone of its own: the packet may have other entries in other zones, with other translations. */
  isZoned: boolean;
  /** No answer was seen that is one by its tuple. */
  isUnreplied: boolean;
  /** Of an entry that ends: why. */
  ending: Ending | undefined;
}

/**
 * Why an entry ended: a program deleted it, as conntrack -D and -F do; the kernel cut it short, as the table was full or its address went; its time was over; or its TCP connection was, or may
 * have been.
 */
export type Ending = "program" | "kernel" | "timeout" | "over";

/** Lines that are not about an entry: the sum that `conntrack -L` ends with, and nothing at all. */
const CHATTER = /^\s*$|^conntrack v[\d.]+ \(conntrack-tools\)/;

export function isChatter(line: string): boolean {
  return CHATTER.test(line);
}

/**
 * Reads a line of `conntrack -E` or `conntrack -L`, with any of `-o timestamp,id,extended`, or of /proc/net/nf_conntrack;
 * null where it is none. Layouts: conntrack-tools 1.4 (libnetfilter_conntrack, src/conntrack/snprintf_default.c), and the
 * kernel's net/netfilter/nf_conntrack_standalone.c, ct_seq_show.
 */
export function parseConntrackLine(line: string): ConntrackLine | null {
  const at = line.search(/\bsrc=/);
  if (at < 0) return null;
  const head = line.slice(0, at);
  const words = wordsOf(head);
  const proto = parseNumber(words[0] ?? "", 255);
  const tuples = fieldsByTuple(line.slice(at));
  if (proto === null || tuples.length !== 2) return null;
  const original = endsOf(proto, tuples[0]);
  const reply = endsOf(proto, tuples[1]);
  if (!original || !reply) return null;
  const isZoned = tuples.some((fields) => ZONES.some((zone) => (fields.get(zone) ?? "0") !== "0"));
  const event = eventOf(head);
  return {
    event,
    proto: protocolName(proto),
    original,
    reply,
    timeNs: stampOf(head),
    isZoned,
    isUnreplied: line.includes("[UNREPLIED]"),
    ending: event === "destroy" ? endingOf(words, line) : undefined,
  };
}

/**
 * The kernel tells how much time an entry had left, and nothing where it had none, and the state of a TCP connection (net/netfilter/nf_conntrack_netlink.c, ctnetlink_conntrack_event). One that
 * is over may end at once: by a reset, or by the next one of its ports (nf_conntrack_proto_tcp.c).
 */
function endingOf([proto, ...words]: readonly string[], line: string): Ending {
  if (line.includes("[USERSPACE]")) return "program";
  const isTimeLeft = parseNumber(words[0] ?? "", 0xffff_ffff) !== null;
  const state = words[isTimeLeft ? 1 : 0] ?? "";
  if (Number(proto) === TCP && !OPEN_STATES.has(state)) return "over";
  return isTimeLeft ? "kernel" : "timeout";
}

/** States of a TCP connection that may go on, as conntrack prints them. */
const OPEN_STATES: ReadonlySet<string> = new Set(["SYN_SENT", "SYN_RECV", "ESTABLISHED", "SYN_SENT2"]);
const ZONES = ["zone", "zone-orig", "zone-reply"];

/** What stands before the tuples, from the protocol's number on: `[stamp] [EVENT] [ipv4 2] tcp 6 431999 ESTABLISHED`, where most may be missing. */
function wordsOf(head: string): readonly string[] {
  const words = head
    .replaceAll(/\[[^[\]]*\]/g, " ")
    .trim()
    .split(/\s+/);
  const isExtended = words[0] === "ipv4" || words[0] === "ipv6";
  return words.slice(isExtended ? 3 : 1);
}

function eventOf(head: string): ConntrackLine["event"] {
  if (head.includes("[NEW]")) return "new";
  if (head.includes("[DESTROY]")) return "destroy";
  return head.includes("[UPDATE]") ? "update" : "listed";
}

/** Microseconds are not padded with zeros by older versions: `[1262304000.5012  ]`. */
function stampOf(head: string): bigint | undefined {
  const stamp = /^\s*\[(\d+)\.(\d{1,6})\s*\]/.exec(head);
  return stamp ? BigInt(stamp[1]) * 1_000_000_000n + BigInt(stamp[2]) * 1000n : undefined;
}

/** The fields of each tuple, the first of each name: what follows the second tuple also has an `id`, the entry's own. */
function fieldsByTuple(text: string): Map<string, string>[] {
  const tuples: Map<string, string>[] = [];
  let fields = new Map<string, string>();
  for (const word of text.split(/\s+/)) {
    const equals = word.indexOf("=");
    if (equals < 1) continue;
    const name = word.slice(0, equals);
    if (name === "src") {
      fields = new Map();
      tuples.push(fields);
    }
    if (!fields.has(name)) fields.set(name, word.slice(equals + 1));
  }
  return tuples;
}

/** A tuple as natcorr has it: ports of a protocol that has such, the id of an ICMP echo alone. */
function endsOf(proto: number, fields: ReadonlyMap<string, string>): Ends | null {
  const src = canonicalAddress(fields.get("src") ?? "");
  const dst = canonicalAddress(fields.get("dst") ?? "");
  if (src === null || dst === null) return null;
  if (hasPorts(proto)) {
    const srcPort = parseNumber(fields.get("sport") ?? "", 0xffff);
    const dstPort = parseNumber(fields.get("dport") ?? "", 0xffff);
    return srcPort === null || dstPort === null ? null : { src, dst, srcPort, dstPort };
  }
  const type = parseNumber(fields.get("type") ?? "", 0xff);
  if ((proto !== ICMP && proto !== ICMPV6) || type === null || !isEcho(type, proto === ICMPV6)) return { src, dst };
  const icmpId = parseNumber(fields.get("id") ?? "", 0xffff);
  return icmpId === null ? null : { src, dst, icmpId };
}
