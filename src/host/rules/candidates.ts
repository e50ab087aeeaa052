import type { HookedPacket, Key, Match } from "./ruleset.js";

/** Fewer than these are asked one after the other. */
const FEW = 8;
/** A key of more values tells too little. */
const MOST_VALUES = 16;

/** A match that only packets with one of each key's values meet. */
export function keyed(match: (packet: HookedPacket) => boolean | undefined, keys: readonly Key[]): Match {
  const telling = keys.filter(({ values }) => values.length <= MOST_VALUES);
  return telling.length === 0 ? match : Object.assign(match, { keys: telling });
}

/**
 * Of things that a packet meets or not, as the rules of a chain, tells those that a packet may meet, in their order: a cluster's chains have tens of
 * thousands, nearly all of which ask for one address or port.
 *
 * @param keysOf a packet must have all of them, to meet an item.
 */
export function candidatesAmong<T>(
  items: readonly T[],
  keysOf: (item: T) => readonly Key[],
): (packet: HookedPacket) => readonly T[] {
  if (items.length < FEW) return () => items;
  const places = new Places(items.map(keysOf));
  return (packet) => places.of(packet).map((at) => items[at]);
}

/** Where keys stand in a list, each item by that of its keys which fewest others have. */
class Places {
  /** Those that have none. */
  readonly #others: number[] = [];
  readonly #by: Record<Key["field"], Map<number | bigint, number[]>> = {
    src: new Map(),
    dst: new Map(),
    srcPort: new Map(),
    dstPort: new Map(),
  };

  constructor(items: readonly (readonly Key[])[]) {
    const sizes = new Map<string, number>();
    const sizeOf = ({ field, values }: Key): number => sizes.get(`${field} ${values[0]}`) ?? 0;
    for (const key of items.flat()) sizes.set(`${key.field} ${key.values[0]}`, sizeOf(key) + 1);
    for (const [at, keys] of items.entries()) {
      const [key] = keys.toSorted((one, other) => sizeOf(one) - sizeOf(other));
      if (key === undefined) this.#others.push(at);
      else for (const value of new Set(key.values)) this.#add(key.field, value, at);
    }
  }

  /** Of the items that a packet may meet, in ascending order. */
  of({ src, dst, srcPort, dstPort }: HookedPacket): readonly number[] {
    const { src: bySrc, dst: byDst, srcPort: bySrcPort, dstPort: byDstPort } = this.#by;
    const found = [
      bySrc.get(src.value),
      byDst.get(dst.value),
      bySrcPort.get(srcPort ?? -1),
      byDstPort.get(dstPort ?? -1),
    ];
    return [this.#others, ...found.map((at) => at ?? [])].flat().toSorted((one, other) => one - other);
  }

  #add(field: Key["field"], value: number | bigint, at: number): void {
    const known = this.#by[field].get(value);
    if (known) known.push(at);
    else this.#by[field].set(value, [at]);
  }
}
