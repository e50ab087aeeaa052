import { ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE } from "../../protocols/ip-protocols.js";
import {
  type Address,
  type AddressRange,
  AddressRanges,
  isWithin,
  parseAddressRange,
  parseNumber,
} from "../address.js";
import type { Answer } from "../answer.js";
import { protocolNumber } from "../protocols.js";
import { anyOf, UNKNOWN } from "./matches.js";
import type { HookedPacket, Match } from "./ruleset.js";

/** A host's sets have at most so many lines that are read: with more, none is known. */
export const MOST_SET_LINES = 65_536;

/** Which end of a packet each part of an element is of. */
type End = "src" | "dst";

/** What a set asks of a packet, by the ends that the rule names. */
type InSet = (ends: readonly End[]) => Match;

/** A line of `ipset save`: what makes a set, or an element of it. */
const CREATE = /^create (\S+) (\S+)(.*)$/;
const ADD = /^add (\S+) (\S+)(.*)$/;
/** Elements that end by themselves, and what has addresses compared in part. */
const PASSING = / (?:timeout|bitmask) /;
const NETMASK = / netmask (\d+) /;
/** What has rules add to a set, or take from it (iptables-extensions(8), SET): it is another one with each packet. */
const CHANGED_BY_RULES = /--(?:add|del)-set (\S+)/g;

/** A set as it was saved. */
interface Saved {
  readonly type: string;
  readonly options: string;
  /** What each says, and what stands behind it. */
  readonly elements: { readonly key: string; readonly options: string }[];
}

/** The sets of addresses and ports that rules of iptables ask for (ipset(8)). */
export class IpSets {
  readonly #saved = new Map<string, Saved>();
  readonly #passing: ReadonlySet<string>;
  readonly #known = new Map<string, InSet>();
  #lines = 0;

  /** Takes from lines of rules those of `ipset save`, which it leaves empty. */
  constructor(lines: string[]) {
    for (const [at, line] of lines.entries()) if (this.#read(line)) lines[at] = "";
    this.#passing = new Set(lines.flatMap((line) => Array.from(line.matchAll(CHANGED_BY_RULES), ([, name]) => name)));
  }

  /** Whether a set was saved, and all of it. */
  has(name: string): boolean {
    return this.#saved.has(name) && this.#lines <= MOST_SET_LINES;
  }

  /** Whether a packet is in a set; `flags`: `src`, or `src,dst`, as a rule says which of its ends are to be. */
  match(name: string, flags: string): Match {
    const ends = flags.split(",");
    if (!this.has(name) || !ends.every(isEnd)) return UNKNOWN;
    const known = this.#known.get(name) ?? this.#asked(name);
    this.#known.set(name, known);
    return known(ends);
  }

  /** A member of a list, which no other list is. */
  #matchIn(name: string, ends: readonly End[]): Match {
    return this.#saved.get(name)?.type === "list:set" ? UNKNOWN : this.match(name, ends.join(","));
  }

  #read(line: string): boolean {
    const [, made, type, how] = CREATE.exec(line) ?? [];
    const [, name, key, options] = ADD.exec(line) ?? [];
    if (made !== undefined) this.#saved.set(made, { type, options: `${how} `, elements: [] });
    else if (name !== undefined) this.#saved.get(name)?.elements.push({ key, options: `${options} ` });
    else return false;
    this.#lines++;
    return true;
  }

  #asked(name: string): InSet {
    const saved = this.#saved.get(name);
    // elements that end by themselves, or that packets add, are those of one moment
    if (saved === undefined || PASSING.test(saved.options) || this.#passing.has(name)) return asUnknown;
    if (saved.type !== "hash:ip" && NETMASK.test(saved.options)) return asUnknown;
    switch (saved.type) {
      case "hash:ip":
      case "hash:net":
        return ofAddresses(saved);
      case "hash:ip,port":
      case "hash:net,port":
        return ofServices(saved);
      case "bitmap:port":
        return ofPorts(saved);
      case "list:set":
        return (ends) => anyOf(saved.elements.map(({ key }) => this.#matchIn(key, ends)));
      default:
        return asUnknown;
    }
  }
}

function isEnd(flag: string): flag is End {
  return flag === "src" || flag === "dst";
}

function asUnknown(): Match {
  return UNKNOWN;
}

/** Addresses, or networks: of several that have one, the narrowest decides, which may be an exception (`nomatch`). */
function ofAddresses({ options, elements }: Saved): InSet {
  const [, netmask] = NETMASK.exec(options) ?? [];
  const has = inNetworks(
    elements.map((each) => (netmask === undefined ? each : { ...each, key: `${each.key}/${netmask}` })),
  );
  return ([end]) =>
    (packet) =>
      has(packet[end]);
}

/** Addresses, or networks, each with a protocol and a port: `10.0.2.2,tcp:80`. */
function ofServices({ elements }: Saved): InSet {
  const services = new Map<string, { key: string; options: string }[]>();
  let hasIcmp = false;
  for (const { key, options } of elements) {
    const [address, proto = "", port = ""] = key.split(/,|:(?=[^:]*$)/);
    const number = protocolNumber(proto);
    if (number === null) return asUnknown;
    // their types are in the place of ports
    hasIcmp ||= number === ICMP || number === ICMPV6;
    const service = `${number}:${port}`;
    services.set(service, [...(services.get(service) ?? []), { key: address, options }]);
  }
  const inService = new Map(Array.from(services, ([service, all]) => [service, inNetworks(all)]));
  return ([end, portEnd]) =>
    (packet) => {
      const { proto } = packet;
      if (portEnd === undefined || (hasIcmp && (proto === ICMP || proto === ICMPV6))) return undefined;
      const port = HAVING_PORTS.has(proto) ? portOf(packet, portEnd) : 0;
      if (port === undefined) return undefined;
      return inService.get(`${proto}:${port}`)?.(packet[end]) ?? false;
    };
}

/** What has ports for it (net/netfilter/ipset/ip_set_getport.c, ip_set_get_ip_port and get_port). */
const HAVING_PORTS: ReadonlySet<number> = new Set([TCP, UDP, SCTP, UDPLITE]);

/** Ports, of TCP and UDP alone (net/netfilter/ipset/ip_set_bitmap_port.c). */
function ofPorts({ elements }: Saved): InSet {
  const ports = new Set(elements.map(({ key }) => parseNumber(key, 0xffff)));
  return ([end]) =>
    (packet) => {
      if (packet.proto !== TCP && packet.proto !== UDP) return false;
      const port = portOf(packet, end);
      return port === undefined ? undefined : ports.has(port);
    };
}

function portOf(packet: HookedPacket, end: End): number | undefined {
  return end === "src" ? packet.srcPort : packet.dstPort;
}

/** Tells whether an address is in one of these, where those that are narrower come first. */
function inNetworks(
  elements: readonly { readonly key: string; readonly options: string }[],
): (address: Address) => Answer {
  const [members, exceptions] = [false, true].map((isException) =>
    elements
      .filter(({ options }) => options.includes(" nomatch ") === isException)
      .map(({ key }) => parseAddressRange(key)),
  );
  const ranges = members.filter((each) => each !== null);
  const but = exceptions.filter((each) => each !== null);
  if (ranges.length + but.length < elements.length) return () => undefined;
  const all = new AddressRanges(ranges);
  if (but.length === 0) return (address) => all.has(address);
  return (address) => {
    if (!all.has(address)) return false;
    const [within, outside] = [ranges, but].map((each) => narrowest(each.filter((range) => isWithin(range, address))));
    return within <= outside;
  };
}

/** How many addresses, less one, the smallest range has; more than any has where there is none. */
function narrowest(ranges: readonly AddressRange[]): bigint {
  return ranges.reduce((least, { first, last }) => (last - first < least ? last - first : least), 1n << 128n);
}
