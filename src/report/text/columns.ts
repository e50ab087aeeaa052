import stringWidth from "fast-string-width";

/** Characters that reports are made of, one column wide each; of others, somebody has to look up how wide they are. */
const NARROW = /^[ -~µ→←]*$/;

/** Columns that a line, or a part of one, takes on a terminal; colours take none. */
export function columnsOf(text: string): number {
  return NARROW.test(text) ? text.length : stringWidth(text);
}
