import type { FramePlaces } from "../../packets/frame-places.js";

/** Frames of a side as members of an object: of which capture they are, where that is not the first, or of which ones. */
export interface FramesJson {
  capture?: number;
  framesIn?: number[];
  frames: number[];
}

/** `"frame":7`, and of which capture, where that is not the first. */
export function frameJson(places: FramePlaces, number: number): string {
  const { capture, frame } = places.of(number);
  return `"frame":${frame}${capture === 0 ? "" : `,"capture":${capture}`}`;
}

/** The same as members of an object, by these names. */
export function placeJson(places: FramePlaces, number: number, name: string, captureName: string): object {
  const { capture, frame } = places.of(number);
  return capture === 0 ? { [name]: frame } : { [name]: frame, [captureName]: capture };
}

/** The same of the frame that shows something; empty where there is none. */
export function byFrameJson(places: FramePlaces, number: number | undefined): string {
  if (number === undefined) return "";
  const { capture, frame } = places.of(number);
  return `,"byFrame":${frame}${capture === 0 ? "" : `,"byCapture":${capture}`}`;
}

export function framesJson(places: FramePlaces, numbers: readonly number[]): FramesJson {
  const all = numbers.map((number) => places.of(number));
  const frames = all.map(({ frame }) => frame);
  const framesIn = all.map(({ capture }) => capture);
  const [first = 0] = framesIn;
  if (framesIn.some((capture) => capture !== first)) return { framesIn, frames };
  return first === 0 ? { frames } : { capture: first, frames };
}
