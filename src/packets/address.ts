/** How many addresses of a version are remembered. */
const RECENT = 1024;

/** Addresses of an IP version that were asked for lately, and their texts: most come again soon, and all who keep a text keep the same one. */
class Texts {
  readonly #length: number;
  readonly #textOf: (words: Uint32Array, at: number) => string;
  readonly #words: Uint32Array;
  readonly #texts: string[];

  /** `length`: an address's words; `textOf`: makes a text of them. */
  constructor(length: number, textOf: (words: Uint32Array, at: number) => string) {
    this.#length = length;
    this.#textOf = textOf;
    this.#words = new Uint32Array(length * RECENT);
    // the words are all zeros, and so are those of an address that is to be remembered first
    const zeros = textOf(this.#words, 0);
    this.#texts = Array.from({ length: RECENT }, () => zeros);
  }

  of(words: Uint32Array, at: number): string {
    let mixed = 0;
    for (let word = 0; word < this.#length; word++) mixed = Math.imul(mixed, 31) ^ words[at + word];
    const place = (mixed ^ (mixed >>> 10) ^ (mixed >>> 20)) & (RECENT - 1);
    let isKnown = true;
    for (let word = 0; word < this.#length; word++)
      isKnown &&= this.#words[this.#length * place + word] === words[at + word];
    if (!isKnown) {
      this.#words.set(words.subarray(at, at + this.#length), this.#length * place);
      this.#texts[place] = this.#textOf(words, at);
    }
    return this.#texts[place];
  }
}

const ipv4 = new Texts(1, ipv4Text);
const ipv6 = new Texts(4, ipv6Text);

/** An address as text, canonical (RFC 5952 for IPv6), from its words in an address column. */
export function addressText(isIpv6: boolean, words: Uint32Array, at: number): string {
  return (isIpv6 ? ipv6 : ipv4).of(words, at);
}

/** The words of an address that was written so: one of IPv4, four of IPv6. */
export function addressWords(text: string): Uint32Array {
  if (!text.includes(":")) return Uint32Array.of(text.split(".").reduce((word, byte) => 256 * word + Number(byte), 0));
  const [head, tail] = text.split("::").map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: 8 - head.length - (tail?.length ?? 0) }, () => "0");
  const groups = [...head, ...zeros, ...(tail ?? [])].map((group) => Number.parseInt(group, 16));
  return Uint32Array.from({ length: 4 }, (_, word) => 65_536 * groups[2 * word] + groups[2 * word + 1]);
}

function ipv4Text(words: Uint32Array, at: number): string {
  const word = words[at];
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function ipv6Text(words: Uint32Array, at: number): string {
  const groups: number[] = [];
  for (let word = 0; word < 4; word++) groups.push(words[at + word] >>> 16, words[at + word] & 0xffff);
  // RFC 5952 4.2: the longest run of zero groups, the first of equals, and never a single one, becomes "::"
  let best = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      best = start;
      bestLength = length;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (best < 0) return hex.join(":");
  return `${hex.slice(0, best).join(":")}::${hex.slice(best + bestLength).join(":")}`;
}
