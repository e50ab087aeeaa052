import type { FrameSource } from "../packets/batches/frames.js";
import type { Hear } from "../packets/results/answers.js";
import type { SideSelectors } from "./split/selector.js";

/** A capture, by its path, or the paths of its files, one behind the other, where it was cut into several. */
export type CaptureFiles = readonly string[];

/** The captures of the inside and those of the outside, or one with both. */
export type Captures =
  | readonly [inside: readonly CaptureFiles[], outside: readonly CaptureFiles[]]
  | { readonly path: string; readonly sides: SideSelectors };

/** The captures of each side. */
export type SideFrames = readonly [inside: readonly FrameSource[], outside: readonly FrameSource[]];

/** What there is to tell while captures are read. */
export interface OpenEvents {
  /** Of damage and of what a capture leaves out; the text is complete. `isDamage`: what comes behind it cannot be used. */
  onWarning(text: string, isDamage?: boolean): void;
  /** Of progress: bytes of a file read so far, and how many it has, where that is known. `capture`: its index. */
  onBytes(capture: number, read: number, total: number | undefined): void;
  /** Of what DNS answers said, before the packets are given that they came with; nobody listens to them where this is left out. */
  readonly onAnswers?: Hear;
}

/** The files to be read. */
export function pathsOf(from: Captures): readonly string[] {
  return "sides" in from ? [from.path] : from.flat(2);
}
