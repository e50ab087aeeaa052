/** How a pair was found, and what that means; `Timeline.by` holds an index into BY. */
export const BY_MEANINGS = {
  exact: "the two were alone with their key",
  flow: "a known translation chose",
  order: "the k-th of equal packets",
  coverage: "TCP bytes cut differently, of which some may be missing",
  fragments: "a datagram in fragments",
  quoted: "the packet that an ICMP error quotes",
  hairpin: "both forms on one side, before the rewrite as inside and after it as outside",
} as const;
export const BY: readonly string[] = Object.keys(BY_MEANINGS);
export const BY_EXACT = 0;
export const BY_FLOW = 1;
export const BY_ORDER = 2;
export const BY_COVERAGE = 3;
export const BY_FRAGMENTS = 4;
export const BY_QUOTED = 5;
/** Both forms are on one side: the pair's `inside` is the form before the rewrite, and its `outside` the one after. */
export const BY_HAIRPIN = 6;

/** What a pair rests on; `Timeline.evidence` holds bit n for EVIDENCE[n]. */
export const EVIDENCE = [
  "ip-id",
  "length",
  "tcp-seq",
  "tcp-ack",
  "icmp-seq",
  "payload",
  "quote",
  "flow",
  "time",
] as const;
export const EVIDENCE_IP_ID = 1 << 0;
export const EVIDENCE_LENGTH = 1 << 1;
export const EVIDENCE_TCP_SEQ = 1 << 2;
export const EVIDENCE_TCP_ACK = 1 << 3;
export const EVIDENCE_ICMP_SEQ = 1 << 4;
export const EVIDENCE_PAYLOAD = 1 << 5;
export const EVIDENCE_QUOTE = 1 << 6;
/** A known translation chose between candidates. */
export const EVIDENCE_FLOW = 1 << 7;
/** Candidates were ruled out because they came before their cause, or far later than this flow's packets do. */
export const EVIDENCE_TIME = 1 << 8;

/** What the router changed of a packet beyond addresses, ports and ICMP id; `Timeline.altered` holds bit n for ALTERED[n]. */
export const ALTERED = [
  "ipId",
  "options",
  "window",
  "ecn",
  "payload",
  "dscp",
  "flowLabel",
  "ttl-set",
  "seq",
  "ack",
  "df",
] as const;
export const ALTERED_IP_ID = 1 << 0;
/** TCP options. */
export const ALTERED_OPTIONS = 1 << 1;
/** The TCP window. */
export const ALTERED_WINDOW = 1 << 2;
/** What tells of congestion (RFC 3168): TCP's flags ECE and CWR, or the two bits of the IP header. */
export const ALTERED_ECN = 1 << 3;
export const ALTERED_PAYLOAD = 1 << 4;
/** The other six bits of the traffic class (RFC 2474). */
export const ALTERED_DSCP = 1 << 5;
/** IPv6's (RFC 6437), as far as a hash of four bits tells. */
export const ALTERED_FLOW_LABEL = 1 << 6;
/** The TTL, or hop limit: it left with a higher one. */
export const ALTERED_TTL = 1 << 7;
/** TCP numbers that a helper shifts. */
export const ALTERED_SEQ = 1 << 8;
export const ALTERED_ACK = 1 << 9;
/** IPv4's flag that forbids to cut the packet. */
export const ALTERED_DF = 1 << 10;

/** The same in words. */
const ALTERED_WORDS: Readonly<Record<(typeof ALTERED)[number], string>> = {
  ipId: "IP ID",
  options: "TCP options",
  window: "TCP window",
  ecn: "ECN",
  payload: "payload",
  dscp: "DSCP",
  flowLabel: "IPv6 flow label",
  "ttl-set": "raised TTL",
  seq: "TCP sequence number",
  ack: "TCP acknowledgement number",
  df: "IPv4 flag DF",
};

/** What `Timeline.altered` says, by name … */
export function alteredNames(altered: number): (typeof ALTERED)[number][] {
  return ALTERED.filter((_, bit) => (altered & (1 << bit)) !== 0);
}

/** … and in words. */
export function alteredWords(altered: number): string[] {
  return alteredNames(altered).map((name) => ALTERED_WORDS[name]);
}
