/**
 * Lays out a block of memory that TypeScript and AssemblyScript both know, in a module of its own, `…-words.ts`: a line
 * `export const NAME = word();` is a place in it. The build puts numbers in their place (`scripts/constants.mjs`), one after the other, so that
 * nobody writes them, no two share a place, and a place moves for both languages at once.
 */

/** So many words of 32 bits, one after the other: the index of the first one. */
export function word(_count = 1): number {
  return notBuilt();
}

/** So many doubles, one after the other, at the beginning of the block: the index of the first one, in doubles. */
export function double(_count = 1): number {
  return notBuilt();
}

/** So many bytes of a row, behind those before: where they begin. */
export function bytes(_count: number): number {
  return notBuilt();
}

/** How many words the block takes: an even number, as doubles are two. */
export function size(): number {
  return notBuilt();
}

/** @throws Error always: only what the build has not seen gets here. */
function notBuilt(): never {
  throw new Error("a block's layout is made by the build: see scripts/constants.mjs");
}
