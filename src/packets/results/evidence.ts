import { field, fields, flag } from "../memory/layout.js";
import { bit, bits, index, meanings, names } from "./named.js";

/** How a pair was found; `Timeline.by` holds an index into BY. */
export const BY_EXACT = index("exact", "the two were alone with their key");
export const BY_FLOW = index("flow", "a known translation chose");
export const BY_ORDER = index("order", "the k-th of equal packets");
export const BY_COVERAGE = index("coverage", "TCP bytes cut differently, of which some may be missing");
export const BY_FRAGMENTS = index("fragments", "a datagram in fragments");
export const BY_QUOTED = index("quoted", "the packet that an ICMP error quotes");
/** Both forms are on one side: the pair's `inside` is the form before the rewrite, and its `outside` the one after. */
export const BY_HAIRPIN = index(
  "hairpin",
  "both forms on one side, before the rewrite as inside and after it as outside",
);
export const BY = names("BY");
export const BY_MEANINGS = meanings("BY");

/** What a pair rests on; `Timeline.evidence` holds bit n for EVIDENCE[n]. */
export const EVIDENCE_IP_ID = bit("ip-id");
export const EVIDENCE_LENGTH = bit("length");
export const EVIDENCE_TCP_SEQ = bit("tcp-seq");
export const EVIDENCE_TCP_ACK = bit("tcp-ack");
export const EVIDENCE_ICMP_SEQ = bit("icmp-seq");
export const EVIDENCE_PAYLOAD = bit("payload");
export const EVIDENCE_QUOTE = bit("quote");
/** A known translation chose between candidates. */
export const EVIDENCE_FLOW = bit("flow");
/** Candidates were ruled out because they came before their cause, or far later than this flow's packets do. */
export const EVIDENCE_TIME = bit("time");
export const EVIDENCE = names("EVIDENCE");

/** What the router changed of a packet beyond addresses, ports and ICMP id; `Timeline.altered` holds bit n for ALTERED[n]. */
export const ALTERED_IP_ID = bit("ipId", "IP ID");
export const ALTERED_OPTIONS = bit("options", "TCP options");
export const ALTERED_WINDOW = bit("window", "TCP window");
/** What tells of congestion (RFC 3168): TCP's flags ECE and CWR, or the two bits of the IP header. */
export const ALTERED_ECN = bit("ecn", "ECN");
export const ALTERED_PAYLOAD = bit("payload");
/** The other six bits of the traffic class (RFC 2474). */
export const ALTERED_DSCP = bit("dscp", "DSCP");
/** IPv6's (RFC 6437), as far as a hash of four bits tells. */
export const ALTERED_FLOW_LABEL = bit("flowLabel", "IPv6 flow label");
/** The TTL, or hop limit: it left with a higher one. */
export const ALTERED_TTL = bit("ttl-set", "raised TTL");
/** TCP numbers that a helper shifts. */
export const ALTERED_SEQ = bit("seq", "TCP sequence number");
export const ALTERED_ACK = bit("ack", "TCP acknowledgement number");
/** IPv4's flag that forbids to cut the packet. */
export const ALTERED_DF = bit("df", "IPv4 flag DF");
export const ALTERED = names("ALTERED");
/** The same in words. */
const ALTERED_WORDS = meanings("ALTERED");

/** What `Timeline.altered` says, by name … */
export function alteredNames(altered: number): string[] {
  return ALTERED.filter((_, at) => (altered & (1 << at)) !== 0);
}

/** … and in words. */
export function alteredWords(altered: number): string[] {
  return ALTERED_WORDS.filter((_, at) => (altered & (1 << at)) !== 0);
}

/** All that is said of how a pair was found, in one word, as wide as what there is to say. */
const BY_BITS = bits("BY");
const EVIDENCE_BITS = bits("EVIDENCE");
const ALTERED_BITS = bits("ALTERED");
fields();
const [, BY_MASK] = field(BY_BITS);
/** It is of a TCP segment that was sent again. */
export const IS_RETRANSMISSION = flag();
const [EVIDENCE_SHIFT, EVIDENCE_MASK] = field(EVIDENCE_BITS);
const [OUTBOUND_SHIFT, OUTBOUND_MASK] = field(1);
const [ALTERED_SHIFT, ALTERED_MASK] = field(ALTERED_BITS);

/** That word. `outbound`: 1 or 0, where it travels outbound or not. */
export function decidedBy(by: number, evidence: number, outbound: number, altered: number): number {
  return by | (evidence << EVIDENCE_SHIFT) | (outbound << OUTBOUND_SHIFT) | (altered << ALTERED_SHIFT);
}

/** The same where the router altered more: ALTERED_… bits. */
export function alteredToo(how: number, altered: number): number {
  return how | (altered << ALTERED_SHIFT);
}

/** How such a word says that its pair was found: a number of BY … */
export function byOf(how: number): number {
  return how & BY_MASK;
}

/** … and the same of one that was found so instead. */
export function foundBy(how: number, by: number): number {
  return (how & ~BY_MASK) | by;
}

/** By which evidence such a word says that its pair was: EVIDENCE_… bits. */
export function evidenceBy(how: number): number {
  return (how >>> EVIDENCE_SHIFT) & EVIDENCE_MASK;
}

/** What such a word says that the router altered: ALTERED_… bits. */
export function alteredBy(how: number): number {
  return (how >>> ALTERED_SHIFT) & ALTERED_MASK;
}

/** 1 where such a word says that its pair went outbound, else 0. */
export function outboundOf(how: number): number {
  return (how >>> OUTBOUND_SHIFT) & OUTBOUND_MASK;
}
