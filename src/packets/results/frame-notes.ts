import { frameKey, INSIDE, OUTSIDE, type Side } from "../sides.js";

/** What is said of a frame, for whoever reads the capture that it is in. */
export interface FrameNote {
  /** One line. Frames that it names stand in it by `markOf`. */
  readonly text: string;
  /** By how much the clock of the frame's capture was ahead of the inside's then, nanoseconds; undefined where that is not known. */
  readonly leadNs: number | undefined;
}

/** Where notes are kept, by a frame's number on its side. A later one of a frame takes the place of that before. */
export interface FrameNotes {
  put(side: Side, frame: number, note: FrameNote): void;
  get(side: Side, frame: number): FrameNote | undefined;
}

/** What surrounds a frame that a note names: text from a capture has none of these, see `printable`. */
const [BEGIN, END] = ["\u0001", "\u0002"];

/** A frame, in a note: what it is called is not known before all frames have their places. */
export function markOf(side: Side, frame: number): string {
  return `${BEGIN}${frameKey(side, frame)}${END}`;
}

/** A note's text with the frames in it called as `called` says. */
export function unmarked(text: string, called: (side: Side, frame: number) => string): string {
  const [before, ...marked] = text.split(BEGIN);
  return marked.reduce((done, part) => {
    const end = part.indexOf(END);
    const key = Number(part.slice(0, end));
    return done + called(key % 2 === frameKey(INSIDE, 0) ? INSIDE : OUTSIDE, Math.floor(key / 2)) + part.slice(end + 1);
  }, before);
}
