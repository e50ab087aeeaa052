import { isIP, isIPv6 } from "node:net";
import * as ipv4 from "../../protocols/ipv4.js";
import * as ipv6 from "../../protocols/ipv6.js";

/** A prefix of IPv4 or IPv6 addresses. */
export class Prefix {
  readonly #isIpv6: boolean;
  readonly #words: Uint32Array;
  readonly #masks: Uint32Array;

  /** Precondition: `text` is one, by `isPrefix`. Bits of the address behind the prefix do not matter. */
  constructor(text: string) {
    const [address, length] = text.split("/");
    this.#isIpv6 = isIPv6(address);
    const words = this.#isIpv6 ? ipv6Words(address) : [ipv4Word(address)];
    const bits = length === undefined ? 32 * words.length : Number(length);
    this.#masks = Uint32Array.from(words, (_, at) => maskOf(bits - 32 * at));
    this.#words = Uint32Array.from(words, (word, at) => word & this.#masks[at]);
  }

  /** Whether the source of the IP header at `at` is in it. */
  hasSource(view: DataView, at: number): boolean {
    return this.#has(view, at, ipv4.SOURCE, ipv6.SOURCE);
  }

  hasDestination(view: DataView, at: number): boolean {
    return this.#has(view, at, ipv4.DESTINATION, ipv6.DESTINATION);
  }

  #has(view: DataView, at: number, ipv4At: number, ipv6At: number): boolean {
    const isIpv6 = view.getUint8(at) >>> 4 === 6;
    if (isIpv6 !== this.#isIpv6) return false;
    const from = at + (isIpv6 ? ipv6At : ipv4At);
    const words = this.#words;
    for (let word = 0; word < words.length; word++)
      if ((view.getUint32(from + 4 * word) & this.#masks[word]) >>> 0 !== words[word]) return false;
    return true;
  }
}

/** Whether the text is an address or a prefix: `172.17.0.0/16`, `fd00:17::/64`, `172.17.0.2`. */
export function isPrefix(text: string): boolean {
  const [address, length, ...more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (version === 6 ? 128 : 32));
}

/** The first `bits` of 32, none where negative. */
function maskOf(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : -(2 ** (32 - bits));
}

function ipv4Word(text: string): number {
  return text.split(".").reduce((word, byte) => word * 256 + Number(byte), 0);
}

function ipv6Words(text: string): number[] {
  // the URL parser writes a dotted tail as groups
  const [head, tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::");
  const before = groups(head);
  const after = groups(tail);
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return [0, 2, 4, 6].map((at) => all[at] * 2 ** 16 + all[at + 1]);
}

function groups(half = ""): number[] {
  return half === "" ? [] : half.split(":").map((group) => Number.parseInt(group, 16));
}
