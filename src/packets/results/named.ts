/**
 * Numbers names, so that each stands once, beside its constant. A line `export const BY_EXACT = index("exact", "what it means");` of a module gives BY's next
 * number to it. The build writes numbers and lists in their place (`scripts/constants.mjs`), for TypeScript and AssemblyScript alike.
 */

/** A name's place among those of its family, which the constant's name begins with: 0, 1, 2 … */
export function index(_name: string, _meaning?: string): number {
  return notBuilt();
}

/** The same as a bit: 1, 2, 4 … */
export function bit(_name: string, _meaning?: string): number {
  return notBuilt();
}

/** All names of a family, in order. */
export function names(_family: string): readonly string[] {
  return notBuilt();
}

/** What they mean, in order; the name itself where it says that. */
export function meanings(_family: string): readonly string[] {
  return notBuilt();
}

/** How many bits of a word hold any number of a family, or of bits all of them. */
export function bits(_family: string): number {
  return notBuilt();
}

/** @throws Error always: only what the build has not seen gets here. */
function notBuilt(): never {
  throw new Error("names are numbered by the build: see scripts/constants.mjs");
}
