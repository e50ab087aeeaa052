import { columnsOf } from "./columns.js";

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
  if (columnsOf(line) <= width) return line;
  const lines: string[] = [];
  for (let from = 0; from < line.length; ) {
    const room = Math.max(1, lines.length === 0 ? width : width - indent);
    const end = endOfLine(line, from, room);
    lines.push((lines.length === 0 ? "" : " ".repeat(indent)) + line.slice(from, end));
    from = skipSpaces(line, end);
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

/** Where a line of so much room ends that begins at `from` of a text: behind a word, or within one that is too long. */
function endOfLine(text: string, from: number, room: number): number {
  let used = 0;
  let best = 0;
  for (let at = from; at < text.length; ) {
    const begin = skipSpaces(text, at);
    const end = endOfWord(text, begin);
    const columns = begin - at + columnsOf(text.slice(begin, end));
    if (used + columns > room) {
      if (at === from) return divided(text, from, room);
      return best > 0 ? best : at;
    }
    if (at > from && begin - at > 1 && used >= room * LEAST_SHARE) best = at;
    used += columns;
    at = end;
  }
  return text.length;
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text[at] === " ") at++;
  return at;
}

function endOfWord(text: string, from: number): number {
  const end = text.indexOf(" ", from);
  return end < 0 ? text.length : end;
}

/** Where so much room is full of what a text has from `from` on. Colours are of short words. */
function divided(text: string, from: number, room: number): number {
  let end = from;
  for (const character of text.slice(from)) {
    if (columnsOf(text.slice(from, end + character.length)) > room && end > from) break;
    end += character.length;
  }
  return end;
}
