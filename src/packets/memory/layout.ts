/**
 * Lays out what TypeScript and AssemblyScript both know in memory: blocks of words, records, and the fields of a word. A line
 * `export const NAME = word();` is a place of the record that the last `size` or `sizeBits` began. The build puts numbers in their place (`scripts/constants.mjs`), one after the other, so that
 * nobody writes them, no two share a place, and a place moves for both languages at once.
 * A count is a number, or the name of a constant of that module which is one.
 */

/** Begins a record: how many words it takes, an even number, as doubles are two. */
export function size(): number {
  return notBuilt();
}

/** The same of a record that takes a power of two of words: of which, if it is not the least that its places need. */
export function sizeBits(_bits?: number): number {
  return notBuilt();
}

/** So many words of 32 bits, one after the other: the index of the first one. The fields behind it are its. */
export function word(_count = 1): number {
  return notBuilt();
}

/** All words of the record that no other place has, one after the other: the index of the first one. */
export function rest(): number {
  return notBuilt();
}

/** So many doubles, one after the other, at the beginning of the record: the index of the first one, in doubles. */
export function double(_count = 1): number {
  return notBuilt();
}

/** The words of the double before, which something else has in its place. */
export function halves(): [word: number, next: number] {
  return notBuilt();
}

/** Another name of a place, or of a field: what is there is one or the other. */
export function same(_name: number): number {
  return notBuilt();
}

/** So many bytes of a row, behind those before: where they begin. */
export function bytes(_count: number): number {
  return notBuilt();
}

/** Fields of a word of their own follow, from that bit on. */
export function fields(_from = 0): void {
  notBuilt();
}

/** So many bits of a word, above those before: by how many they are shifted, and what they are at the most. */
export function field(_bits: number): [shift: number, mask: number] {
  return notBuilt();
}

/** The next bit of a word, or the lowest of the next so many: 1, 2, 4 … */
export function flag(_count = 1): number {
  return notBuilt();
}

/** The first of several values, 0 … */
export function first(): number {
  return notBuilt();
}

/** … and the next one. */
export function next(): number {
  return notBuilt();
}

/** @throws Error always: only what the build has not seen gets here. */
function notBuilt(): never {
  throw new Error("what lies where is made by the build: see scripts/constants.mjs");
}
