import { keepNewest } from "./keep-newest.js";

/** Several things under each key, the newest last. */
export type Lists<K, T> = Map<K, readonly T[]>;

/** Adds one under a key, which is the newest from then on. `most`: how many there are under a key; `mostKeys`: how many keys. The oldest are dropped. */
export function addTo<K, T>(lists: Lists<K, T>, key: K, one: T, most = Infinity, mostKeys = Infinity): void {
  const all = [...(lists.get(key) ?? []), one].slice(-most);
  lists.delete(key);
  lists.set(key, all);
  keepNewest(lists, mostKeys);
}

/** Takes those out under a key of which something is so. */
export function takeOut<K, T>(lists: Lists<K, T>, key: K, isSo: (one: T) => boolean): void {
  const left = lists.get(key)?.filter((each) => !isSo(each)) ?? [];
  if (left.length > 0) lists.set(key, left);
  else lists.delete(key);
}
