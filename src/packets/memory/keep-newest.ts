/** What keeps its keys in the order in which they came: a Map, or a Set. */
export interface Kept<K> {
  readonly size: number;
  keys(): IterableIterator<K>;
  delete(key: K): boolean;
}

/**
 * Of what is full, what drops the next one. It goes on behind those that were dropped before: to begin anew, V8 passes over all that are gone, of which there
 * may be as many as are kept. Where there is room again it is forgotten, as it keeps alive what was there.
 */
const droppers = new WeakMap<object, () => void>();

/** Drops what came first, where one more was just added than there may be. `drop`: what else that takes; the same each time. */
export function keepNewest<K>(
  kept: Kept<K>,
  most: number,
  drop: (key: K) => unknown = (key) => kept.delete(key),
): void {
  if (kept.size <= most) {
    droppers.delete(kept);
    return;
  }
  const dropNext = droppers.get(kept) ?? dropperOf(kept, drop);
  droppers.set(kept, dropNext);
  dropNext();
}

/** Remembers one, and drops what came first where there are more than `most`. Returns whether it is new. */
export function remember<K>(known: Set<K>, one: K, most: number): boolean {
  if (known.has(one)) return false;
  known.add(one);
  keepNewest(known, most);
  return true;
}

function dropperOf<K>(kept: Kept<K>, drop: (key: K) => unknown): () => void {
  const keys = kept.keys();
  return () => {
    const { value, done } = keys.next();
    if (done !== true) drop(value);
  };
}
