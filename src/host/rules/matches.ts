import { AddressRanges, isWithin, parseAddressRange, parseNumber } from "../address.js";
import { type Answer, not } from "../answer.js";
import { protocolNumber } from "../protocols.js";
import { candidatesAmong, keyed } from "./candidates.js";
import type { Key, Match, PortRange } from "./ruleset.js";

/** What cannot be told from a flow, or is not understood. */
export const UNKNOWN: Match = () => undefined;

/** What asks for nothing. */
export const ALWAYS: Match = () => true;

export function negated(match: Match): Match {
  return (packet) => not(match(packet));
}

/** Whether a packet has what one of these asks for. */
export function anyOf(matches: readonly Match[]): Match {
  const [only, ...others] = matches;
  if (only !== undefined && others.length === 0) return only;
  const candidates = candidatesAmong(matches, ({ keys = [] }) => keys);
  return (packet) => {
    let answer: Answer = false;
    for (const match of candidates(packet)) {
      const has = match(packet);
      if (has === true) return true;
      if (has === undefined) answer = undefined;
    }
    return answer;
  };
}

/** Whether it has what all of them ask for. */
export function allOf(matches: readonly Match[]): Match {
  const lacksAny = anyOf(matches.map(negated));
  return keyed(
    (packet) => not(lacksAny(packet)),
    matches.flatMap(({ keys = [] }) => keys),
  );
}

/** Whether the source or destination address is in one of these addresses, prefixes or ranges. */
export function addressMatch(end: "src" | "dst", texts: readonly string[]): Match {
  const ranges = parsedAll(texts, parseAddressRange);
  if (!ranges) return UNKNOWN;
  const [first, ...others] = ranges;
  const all = others.length > 0 ? new AddressRanges(ranges) : undefined;
  const has: Match = (packet) => (all === undefined ? isWithin(first, packet[end]) : all.has(packet[end]));
  return keyed(has, valuesOf(end, ranges));
}

/** Whether one of these ports or ranges (`80`, `8000:8100`, `8000-8100`) has a port of one of these ends. */
export function portMatch(ends: readonly ("srcPort" | "dstPort")[], texts: readonly string[]): Match {
  const ranges = parsedAll(texts, parsePortRange);
  if (!ranges) return UNKNOWN;
  const has: Match = (packet) => {
    const ports = ends.map((end) => packet[end]);
    return ranges.some(({ first, last }) => ports.some((port) => port !== undefined && first <= port && port <= last));
  };
  return ends.length === 1 ? keyed(has, valuesOf(ends[0], ranges)) : has;
}

/** The values in ranges of a field, where each is of one alone. */
function valuesOf(field: Key["field"], ranges: readonly { first: number | bigint; last: number | bigint }[]): Key[] {
  if (!ranges.every(({ first, last }) => first === last)) return [];
  return [{ field, values: ranges.map(({ first }) => first) }];
}

export function protocolMatch(texts: readonly string[]): Match {
  const numbers = parsedAll(texts, protocolNumber);
  return numbers ? ({ proto }) => numbers.includes(proto) : UNKNOWN;
}

/** Whether the packet came in on, or goes out by, one of these interfaces; `enp*` is all whose names begin so. */
export function interfaceMatch(end: "inInterface" | "outInterface", names: readonly string[]): Match {
  return (packet) => packet[end].isOneOf(names);
}

/** Whether an address is the NAT's own. The source of a packet that is forwarded never is. */
export function localMatch(end: "src" | "dst"): Match {
  return (packet) => (end === "src" ? false : packet.isDstLocal);
}

/**
 * Whether the connection has one of these states or marks. A destination may be rewritten
 * where a flow does not show it, when a bridge hands its packets to the rules before they are captured.
 */
export function stateMatch(names: readonly string[]): Match {
  return anyOf(names.map((name) => STATES.get(name.toLowerCase()) ?? UNKNOWN));
}

/** Whether a packet has a state that none has which opens a conversation, nor one that is INVALID. */
const isOfKnown: Match = ({ isNew, isInvalid }) => (isNew === true || isInvalid === true ? false : undefined);

/** One that is RELATED may open a conversation. */
const STATES: ReadonlyMap<string, Match> = new Map<string, Match>([
  ["new", ({ isNew, isInvalid }) => isNew ?? (isInvalid === true ? false : undefined)],
  ["invalid", ({ isNew, isInvalid }) => (isNew === true ? false : isInvalid)],
  ["related", (packet) => (packet.isRelated === false || packet.isInvalid === true ? isOfKnown(packet) : undefined)],
  ["established", isOfKnown],
  ["untracked", isOfKnown],
  ["dnat", ({ isDstRewritten }) => isDstRewritten || undefined],
]);

/** Whether the ends that its conversation had at first are what a match asks for. */
export function ofOriginal(match: Match): Match {
  return (packet) => (packet.original === undefined ? undefined : match({ ...packet, ...packet.original }));
}

/** Whether it goes the way of its conversation's first packet, `original`, or the other one, `reply`. */
export function directionMatch(value: string): Match {
  const direction = value.toLowerCase();
  if (direction !== "original" && direction !== "reply") return UNKNOWN;
  return ({ original }) => (original === undefined ? undefined : direction === "original");
}

/** Whether it is an echo request, the only one of the ICMP messages that a flow shows for what it is. */
export const IS_ECHO_REQUEST: Match = ({ isEcho, isError }) => isEcho || (isError === true ? false : undefined);

/** Whether the bits of `mask` in the packet's mark are these. */
export function markMatch(wanted: number, mask: number): Match {
  return ({ mark: { value, known } }) => {
    if (((value ^ wanted) & mask & known) !== 0 || (wanted & ~mask) !== 0) return false;
    return (mask & ~known) === 0 || undefined;
  };
}

/** Reads `80`, `80-90`, or as iptables writes it `80:90`, where either may be missing; null where it is none. */
export function parsePortRange(text: string): PortRange | null {
  const [start, end, ...more] = text.split(/[:-]/);
  if (more.length > 0 || (start === "" && !end)) return null;
  const first = start === "" ? 0 : parseNumber(start, 0xffff);
  const last = end === undefined ? first : end === "" ? 0xffff : parseNumber(end, 0xffff);
  return first === null || last === null ? null : { first, last };
}

/** Null where one of them cannot be read, or there is none. */
function parsedAll<T>(texts: readonly string[], parse: (text: string) => T | null): T[] | null {
  const parsed: T[] = [];
  for (const text of texts) {
    const value = parse(text);
    if (value === null) return null;
    parsed.push(value);
  }
  return parsed.length === 0 ? null : parsed;
}
