/** What keeps its keys in the order in which they came: a Map, or a Set. */
export interface Kept<K> {
  readonly size: number;
  keys(): Iterable<K>;
  delete(key: K): boolean;
}

/** Drops what came first, where one more was just added than there may be. `drop`: what else that takes. */
export function keepNewest<K>(kept: Kept<K>, most: number, drop?: (key: K) => unknown): void {
  if (kept.size <= most) return;
  for (const oldest of kept.keys()) {
    if (drop === undefined) kept.delete(oldest);
    else drop(oldest);
    return;
  }
}
