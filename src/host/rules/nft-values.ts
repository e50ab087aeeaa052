import { readElements, type Sets } from "./nft-sets.js";
import type { TokenReader } from "./nft-tokens.js";

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
export function readValues(reader: TokenReader, sets: Sets): Values {
  if (OTHER_OPERATORS.has(reader.peek())) return { isNegated: false, texts: null };
  const isNegated = reader.accepts("!=");
  if (!isNegated) reader.accepts("==");
  if (/^[{@]/.test(reader.peek()))
    return { isNegated, texts: readElements(reader, sets)?.map(({ key }) => key) ?? null };
  const texts = [reader.next()];
  while (reader.accepts(",")) texts.push(reader.next());
  return OTHER_OPERATORS.has(reader.peek()) ? { isNegated, texts: null } : { isNegated, texts };
}
