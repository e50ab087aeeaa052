import type { Arrival } from "../../packets/results/traces.js";
import * as ipv6 from "../../protocols/ipv6.js";
import { canonicalAddress, parseNumber } from "../address.js";
import { withoutCounters } from "../rules/rules-text.js";
import { lineOf, type TraceLine } from "./trace-lines.js";

/** A rule that is newer than the monitor, or gone by then, has no words there: `unknown rule handle 2`. */
const LINE = /^trace id ([\da-f]+) (\S+ \S+ \S+) (packet:|rule|unknown rule|policy) (.*)$/;
/** What a rule, or a chain's policy, did with a packet. */
const VERDICT = /^(.*?) ?\(verdict ([a-z]+)[^()]*\)\s*$/;

/** Reads a line of `nft monitor trace` (nftables 1.0, src/netlink.c, netlink_events_trace_cb); null where it is none. */
export function parseNftTraceLine(line: string): TraceLine | null {
  const [, id, chain, kind, rest] = LINE.exec(line) ?? [];
  if (id === undefined) return null;
  if (kind === "packet:") {
    const [, from] = / ?iif "([^"]*)"/.exec(rest) ?? [];
    const [, to] = / oif "([^"]*)"/.exec(rest) ?? [];
    return lineOf(id, arrivalIn(rest), from, to);
  }
  if (kind === "policy")
    return rest.trim() === "drop" ? { id, stop: { rule: `${chain} policy drop`, isRefusal: false } } : { id };
  const [, rule, verdict] = VERDICT.exec(rest) ?? [];
  if (verdict !== "drop") return { id };
  if (kind === "unknown rule") {
    const [family, table, name] = chain.split(" ");
    const place = { table: `${family} ${table}`, chain: name, handle: rule.replace("handle ", "") };
    return { id, stop: { rule: `${chain} ${rule}, which came or went while it was traced`, isRefusal: false, place } };
  }
  return { id, stop: { rule: `${chain} ${withoutCounters(rule)}`, isRefusal: /\breject\b/.test(rule) } };
}

/** The packet that a line describes; undefined where it lacks what tells it from others. */
function arrivalIn(text: string): Arrival | undefined {
  const version = / ip6 saddr /.test(text) ? "ip6" : "ip";
  const valueOf = (field: string): string => new RegExp(` ${field} (\\S+)`).exec(text)?.[1] ?? "";
  const src = canonicalAddress(valueOf(`${version} saddr`));
  const dst = canonicalAddress(valueOf(`${version} daddr`));
  const length = parseNumber(valueOf(`${version} length`), 0xffff);
  const ttl = parseNumber(valueOf(version === "ip6" ? "ip6 hoplimit" : "ip ttl"), 0xff);
  if (src === null || dst === null || length === null || ttl === null) return undefined;
  const [srcPort, dstPort] = ["sport", "dport"].map((port) => parseNumber(valueOf(`\\w+ ${port}`), 0xffff));
  return {
    ends: { src, dst, ...(srcPort !== null && dstPort !== null && { srcPort, dstPort }) },
    ttl,
    length: version === "ip6" ? length + ipv6.HEADER_BYTES : length,
    ipId: parseNumber(valueOf("ip id"), 0xffff) ?? 0,
  };
}
