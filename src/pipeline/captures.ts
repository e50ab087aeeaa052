import type { SideSelectors } from "./split.js";

/** The captures of the inside and of the outside, or one with both. */
export type Captures =
  | readonly [inside: string, outside: string]
  | { readonly path: string; readonly sides: SideSelectors };

/** What there is to tell while captures are read. */
export interface OpenEvents {
  /** Of damage and of what a capture leaves out; the text is complete. `isDamage`: what comes behind it cannot be used. */
  onWarning(text: string, isDamage?: boolean): void;
  /** Of progress: bytes of a file read so far, and how many it has, where that is known. `capture`: its index. */
  onBytes(capture: number, read: number, total: number | undefined): void;
}

/** The files to be read. */
export function pathsOf(from: Captures): readonly string[] {
  return "sides" in from ? [from.path] : from;
}
