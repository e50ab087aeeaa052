import stringWidth from "fast-string-width";

/** Further lines of what is folded stand this far in, where nothing else is said: behind marks and bullets. */
const INDENT = 4;
/** Of two or more spaces, a break is better than of one: parts of a line are so far apart. But not if it leaves most of a line empty. */
const LEAST_SHARE = 0.5;

/**
 * A line that takes no more than `width` columns, broken where it would: between parts that two spaces divide, else between words, and
 * within a word that is longer than a line. Further lines stand `indent` columns in. Colours take no columns. Where there is
 * no room at all, a line takes a character.
 */
export function folded(line: string, width: number, indent: number = INDENT): string {
  if (stringWidth(line) <= width) return line;
  const lines: string[] = [];
  let words = wordsOf(line);
  while (words.length > 0) {
    const room = Math.max(1, lines.length === 0 ? width : width - indent);
    const count = fitting(words, room);
    const taken = words.slice(0, count).map(({ gap, text }, at) => (at === 0 ? text : gap + text));
    lines.push((lines.length === 0 ? "" : " ".repeat(indent)) + taken.join(""));
    words = words.slice(count);
  }
  return lines.join("\n");
}

/** The same of each line of a text. */
export function foldedLines(text: string, width: number): string {
  return text
    .split("\n")
    .map((line) => folded(line, width))
    .join("\n");
}

interface Word {
  /** The spaces before it. */
  readonly gap: string;
  readonly text: string;
}

/** The words of a line; what it begins with belongs to the first. */
function wordsOf(line: string): Word[] {
  return Array.from(line.matchAll(/(^ *[^ ]+)|( +)([^ ]+)/g), ([, first, gap = "", text = ""]) => ({
    gap,
    text: first ?? text,
  }));
}

/** How many words go on a line with so much room; of one that is too long, what fits is divided from the rest. */
function fitting(words: Word[], room: number): number {
  let used = 0;
  let best = 0;
  for (const [at, { gap, text }] of words.entries()) {
    const columns = (at === 0 ? 0 : gap.length) + stringWidth(text);
    if (used + columns > room) {
      if (at === 0) divide(words, room);
      return best || Math.max(1, at);
    }
    if (at > 0 && gap.length > 1 && used >= room * LEAST_SHARE) best = at;
    used += columns;
  }
  return words.length;
}

/** Divides the first word where a line of so much room ends. Colours are of short words. */
function divide(words: Word[], room: number): void {
  const [{ gap, text }] = words;
  let end = 0;
  for (const character of text) {
    if (stringWidth(text.slice(0, end + character.length)) > room && end > 0) break;
    end += character.length;
  }
  words.splice(0, 1, { gap, text: text.slice(0, end) }, { gap: "", text: text.slice(end) });
}
