import { addressText } from "./address.js";
import type { Outers } from "./batches/packet-batch.js";
import { field, flag, size, word } from "./memory/layout.js";
import { IS_IPV6 } from "./packets.js";
import { DST, FLAGS_PROTO_TTL, MOST_TUNNELS, RECORD_BITS, SRC } from "./records.js";
import { TUNNEL_KINDS, type TunnelType } from "../protocols/tunnels.js";

/** A tunnel in one direction: who sends what carries packets through it, and to whom. */
export interface Tunnel {
  readonly type: TunnelType;
  /** The VNI or the GRE key. */
  readonly id?: number;
  readonly src: string;
  readonly dst: string;
}

/** A tunnel in words: `vxlan 42 10.0.2.15 > 10.0.2.3`. */
export function tunnelText({ type, id, src, dst }: Tunnel): string {
  return `${type} ${id === undefined ? "" : `${id} `}${src} > ${dst}`;
}

/** What is known of a tunnel: its kind and whether IPv6 carries it, its id, and both addresses. */
const WORDS = size();
const ID = word();
const SOURCE = word(4);
const DESTINATION = word(4);
const KIND = word();
const [, KIND_MASK] = field(8);
const IPV6_BIT = flag();
/** Twice as many as there are tunnels, a power of two. */
const CELLS = 8192;

/** The tunnels that packets came in, by numbers from 1 on; each direction is one. */
export class TunnelTable {
  readonly #words = new Int32Array((MOST_TUNNELS + 1) * WORDS);
  readonly #cells = new Uint16Array(CELLS);
  /** Those that were asked for, as objects. */
  readonly #tunnels: (Tunnel | undefined)[] = [];
  /** Numbers that were given back; those from `#end` on never were given out. */
  readonly #free: number[] = [];
  #end = 1;
  /** What is being looked for. */
  readonly #sought = new Int32Array(WORDS);

  /** The numbers given out are below it. */
  get end(): number {
    return this.#end;
  }

  /** The number of the tunnel of an outer packet, which is given one if need be; 0 where there is none left. */
  find(outers: Outers, row: number): number {
    const sought = this.#sought;
    const r = row << RECORD_BITS;
    const isIpv6 = (outers.records[r + FLAGS_PROTO_TTL] & IS_IPV6) !== 0;
    sought.fill(0);
    sought[KIND] = outers.kind[row] | (isIpv6 ? IPV6_BIT : 0);
    sought[ID] = outers.id[row];
    for (let word = 0; word < (isIpv6 ? 4 : 1); word++) {
      sought[SOURCE + word] = isIpv6 ? outers.src6[4 * row + word] : outers.records[r + SRC];
      sought[DESTINATION + word] = isIpv6 ? outers.dst6[4 * row + word] : outers.records[r + DST];
    }
    let cell = cellOf(sought, 0);
    for (; this.#cells[cell] !== 0; cell = (cell + 1) % CELLS)
      if (this.#isSought(this.#cells[cell])) return this.#cells[cell];
    const number = this.#free.pop() ?? (this.#end <= MOST_TUNNELS ? this.#end++ : 0);
    if (number !== 0) {
      this.#words.set(sought, number * WORDS);
      this.#cells[cell] = number;
    }
    return number;
  }

  /** The tunnel of a number: the same object each time, until it is given back. */
  of(number: number): Tunnel {
    return (this.#tunnels[number] ??= this.#read(number * WORDS));
  }

  /** Gives back the numbers of those that nobody will ask for any more. */
  giveBack(numbers: readonly number[]): void {
    for (const number of numbers) {
      this.#tunnels[number] = undefined;
      this.#words[number * WORDS + KIND] = -1;
    }
    this.#free.push(...numbers);
    this.#cells.fill(0);
    for (let number = 1; number < this.#end; number++) {
      if (this.#words[number * WORDS + KIND] === -1) continue;
      let cell = cellOf(this.#words, number * WORDS);
      while (this.#cells[cell] !== 0) cell = (cell + 1) % CELLS;
      this.#cells[cell] = number;
    }
  }

  #isSought(number: number): boolean {
    for (let word = 0; word < WORDS; word++)
      if (this.#words[number * WORDS + word] !== this.#sought[word]) return false;
    return true;
  }

  #read(at: number): Tunnel {
    const { type, id } = TUNNEL_KINDS[this.#words[at + KIND] & KIND_MASK];
    const isIpv6 = (this.#words[at + KIND] & IPV6_BIT) !== 0;
    const words = new Uint32Array(this.#words.subarray(at, at + WORDS));
    return {
      type,
      ...(id !== undefined && { id: words[ID] }),
      src: addressText(isIpv6, words, SOURCE),
      dst: addressText(isIpv6, words, DESTINATION),
    };
  }
}

function cellOf(words: Int32Array, at: number): number {
  let hash = 0;
  for (let word = 0; word < WORDS; word++) {
    hash = Math.imul(hash ^ words[at + word], 0x2c1b3c6d);
    hash ^= hash >>> 15;
  }
  return (hash >>> 0) % CELLS;
}
