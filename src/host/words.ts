const WORD = /"((?:[^"\\]|\\.)*)"?|[^\s"]+/gsy;

/** Cuts a rule as iptables-save writes it into words; one in double quotes may have blanks, and `\"` for a quote. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    WORD.lastIndex = at;
    const word = WORD.exec(line);
    if (word) words.push(word[1] === undefined ? word[0] : word[1].replaceAll(/\\(.)/gs, "$1"));
    at = word ? WORD.lastIndex : at + 1;
  }
  return words;
}
