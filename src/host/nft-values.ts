import { type Token, TokenReader } from "./nft-tokens.js";

/** Operators after which a value is not simply one of a list, or that make a longer key. */
const OTHER_OPERATORS = new Set([
  "<",
  ">",
  "<=",
  ">=",
  "&",
  "|",
  "^",
  "<<",
  ">>",
  "/",
  ".",
  "and",
  "or",
  "vmap",
  "map",
  "set",
]);

/** What a key is compared with. */
export interface Values {
  isNegated: boolean;
  /** One of these; null where that is not understood. */
  texts: readonly string[] | null;
}

/** Reads what follows a key: a value, several, a set in braces or by name (`@lan`), each with or without `!=`. */
export function readValues(reader: TokenReader, sets: ReadonlyMap<string, readonly string[]>): Values {
  if (OTHER_OPERATORS.has(reader.peek())) return { isNegated: false, texts: null };
  const isNegated = reader.accepts("!=");
  if (!isNegated) reader.accepts("==");
  if (reader.peek() === "{") return { isNegated, texts: splitItems(reader.block()) };
  if (reader.peek().startsWith("@")) return { isNegated, texts: sets.get(reader.next().slice(1)) ?? null };
  const texts = [reader.next()];
  while (reader.accepts(",")) texts.push(reader.next());
  return OTHER_OPERATORS.has(reader.peek()) ? { isNegated, texts: null } : { isNegated, texts };
}

/** The items of a set, as texts: those of more than one word (`10.0.0.1 . 80`, `80 : jump web`) with blanks between. */
export function splitItems(tokens: readonly Token[]): string[] {
  const items: string[] = [];
  let words: string[] = [];
  for (const { text, isQuoted } of tokens) {
    if (text === "\n" && !isQuoted) continue;
    if (text === "," && !isQuoted) {
      items.push(words.join(" "));
      words = [];
    } else {
      words.push(text);
    }
  }
  if (words.length > 0) items.push(words.join(" "));
  return items;
}
