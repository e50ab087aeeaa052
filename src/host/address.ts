import { addressText } from "../packets/address.js";
import { keepNewest } from "../packets/memory/keep-newest.js";

/** An IP address as a number, which is what prefixes and ranges are about. */
export interface Address {
  readonly isIpv6: boolean;
  readonly value: bigint;
}

/** Addresses from `first` to `last`, both included: a single one, a prefix or a range. */
export interface AddressRange {
  readonly isIpv6: boolean;
  readonly first: bigint;
  readonly last: bigint;
}

/** So many addresses are remembered as they were read: conversations have the same again and again. */
const MOST_REMEMBERED = 4096;
const remembered = new Map<string, Address | null>();

/** Reads an IPv4 address (four decimal numbers) or an IPv6 address (RFC 4291 section 2.2); null where it is neither. */
export function parseAddress(text: string): Address | null {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const address = readAddress(text);
  remembered.set(text, address);
  keepNewest(remembered, MOST_REMEMBERED);
  return address;
}

function readAddress(text: string): Address | null {
  const isIpv6 = text.includes(":");
  const value = isIpv6 ? ipv6Value(text) : ipv4Number(text);
  return value === null ? null : { isIpv6, value: BigInt(value) };
}

/** Reads `10.0.0.1`, `10.0.0.0/8` or `10.0.0.1-10.0.0.9`, or the same of IPv6; null where it is none of these. */
export function parseAddressRange(text: string): AddressRange | null {
  const [start, end, ...more] = text.split("-");
  if (end !== undefined) {
    const [first, last] = [parseAddress(start), parseAddress(end)];
    if (!first || !last || first.isIpv6 !== last.isIpv6 || more.length > 0) return null;
    return { isIpv6: first.isIpv6, first: first.value, last: last.value };
  }
  const [base, prefix] = text.split("/", 2);
  const address = parseAddress(base);
  if (!address) return null;
  const bits = address.isIpv6 ? 128 : 32;
  const prefixBits = prefix === undefined ? bits : parseNumber(prefix, bits);
  if (prefixBits === null) return null;
  const hostBits = BigInt(bits - prefixBits);
  const first = (address.value >> hostBits) << hostBits;
  return { isIpv6: address.isIpv6, first, last: first + (1n << hostBits) - 1n };
}

export function isWithin(range: AddressRange, { isIpv6, value }: Address): boolean {
  return range.isIpv6 === isIpv6 && range.first <= value && value <= range.last;
}

/** Addresses in any of some ranges: sets have tens of thousands. */
export class AddressRanges {
  /** In ascending order, those of IPv4 first; none overlaps another of its IP version. */
  readonly #ranges: AddressRange[] = [];

  constructor(ranges: readonly AddressRange[]) {
    for (const range of ranges.toSorted(byFirst)) {
      const before = this.#ranges.at(-1);
      if (before === undefined || before.isIpv6 !== range.isIpv6 || before.last < range.first) this.#ranges.push(range);
      else if (before.last < range.last) this.#ranges[this.#ranges.length - 1] = { ...before, last: range.last };
    }
  }

  has(address: Address): boolean {
    const wanted = { ...address, first: address.value };
    let [from, to] = [0, this.#ranges.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (byFirst(this.#ranges[middle], wanted) > 0) to = middle;
      else from = middle + 1;
    }
    return from > 0 && isWithin(this.#ranges[from - 1], address);
  }
}

function byFirst(one: Pick<AddressRange, "isIpv6" | "first">, other: Pick<AddressRange, "isIpv6" | "first">): number {
  if (one.isIpv6 !== other.isIpv6) return one.isIpv6 ? 1 : -1;
  return one.first < other.first ? -1 : one.first > other.first ? 1 : 0;
}

/** The address as natcorr writes it (RFC 5952); /proc/net/nf_conntrack writes all zeros of an IPv6 one. Null where it is none. */
export function canonicalAddress(text: string): string | null {
  const address = parseAddress(text);
  if (address === null) return null;
  // the only way to write one of IPv4 but for zeros in front
  return address.isIpv6 || /(^|\.)0\d/.test(text) ? addressOf(address.isIpv6, address.value) : text;
}

/** The address that a number stands for, as natcorr writes it. */
export function addressOf(isIpv6: boolean, value: bigint): string {
  return addressText(isIpv6, wordsOf(isIpv6, value), 0);
}

/** The address that a number stands for, as tables have it. */
export function wordsOf(isIpv6: boolean, value: bigint): Uint32Array {
  const shifts = isIpv6 ? [96n, 64n, 32n, 0n] : [0n];
  return Uint32Array.from(shifts, (shift) => Number((value >> shift) & 0xffff_ffffn));
}

/** The words of an address that a text says, as tables have it; null where it says none. */
export function addressWords(text: string): Uint32Array | null {
  const address = parseAddress(text);
  return address && wordsOf(address.isIpv6, address.value);
}

/** Reads a decimal number from 0 to `most`; null where it is none. */
export function parseNumber(text: string, most: number): number | null {
  return /^\d{1,9}$/.test(text) && Number(text) <= most ? Number(text) : null;
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

function ipv4Number(text: string): number | null {
  const bytes = IPV4.exec(text);
  if (!bytes) return null;
  let value = 0;
  for (let at = 1; at <= 4; at++) {
    const byte = Number(bytes[at]);
    if (byte > 255) return null;
    value = value * 256 + byte;
  }
  return value;
}

function ipv6Value(text: string): bigint | null {
  const [head, tail, ...more] = text.split("::");
  const before = ipv6Groups(head);
  const after = tail === undefined ? [] : ipv6Groups(tail);
  if (!before || !after || more.length > 0) return null;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const hex = [...before, ...Array.from({ length: missing }, () => 0), ...after].map((group) =>
    group.toString(16).padStart(4, "0"),
  );
  return BigInt(`0x${hex.join("")}`);
}

/** The 16-bit groups of half an address; the last two may be written as an IPv4 address. */
function ipv6Groups(text: string): number[] | null {
  const groups: number[] = [];
  if (text === "") return groups;
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    if (/^[\da-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const ipv4 = at === parts.length - 1 ? ipv4Number(part) : null;
    if (ipv4 === null) return null;
    groups.push(ipv4 >>> 16, ipv4 & 0xffff);
  }
  return groups;
}

/** Whether this is an IPv6 address or prefix. */
export function isIpv6Text(text: string): boolean {
  return parseAddressRange(text)?.isIpv6 === true;
}
