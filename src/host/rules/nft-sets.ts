import { type Token, TokenReader, tokensOf } from "./nft-tokens.js";

/** An element of a set or a map. */
export interface Element {
  /** As nft writes it, without quotes; the parts of a longer key with ` . ` between them. `*` is whatever no other element is. */
  readonly key: string;
  /** What a map gives for it. */
  readonly value: string;
}

/** The elements of a set or map; null where packets add to them, or they end by themselves: then those listed are those of one moment. */
export type Elements = readonly Element[] | null;

/** The sets and maps of a table, by name. */
export type Sets = ReadonlyMap<string, Elements>;

/** What an element says beside its key and value (nft(8), "Set and map elements"). */
const NOTES = new Set(["comment", "counter", "timeout", "expires", "limit", "quota", "last"]);

/** Reads the elements between braces: `80, 443`, `"lo" : return`, `10.0.0.1 . 80 counter packets 1 bytes 60 : 172.17.0.2 . 80`. */
function elementsIn(tokens: readonly Token[]): Element[] {
  const elements: Element[] = [];
  const parts: { key: string[]; value: string[] } = { key: [], value: [] };
  let into: keyof typeof parts | undefined = "key";
  const end = (): void => {
    if (parts.key.length > 0) elements.push({ key: parts.key.join(" "), value: parts.value.join(" ") });
    [parts.key, parts.value, into] = [[], [], "key"];
  };
  for (const { text, isQuoted } of tokens) {
    if (text === "," && !isQuoted) end();
    else if (text === ":" && !isQuoted) into = "value";
    else if (NOTES.has(text) && !isQuoted) into = undefined;
    else if (into !== undefined && (text !== "\n" || isQuoted)) parts[into].push(text);
  }
  end();
  return elements;
}

/** Reads what is between the braces of a set or map that has a name. */
export function elementsOf(block: readonly Token[]): Elements {
  const reader = new TokenReader(block);
  let elements: Elements = [];
  let isPassing = false;
  while (!reader.isAtEnd) {
    const statement = new TokenReader(reader.statement());
    if (statement.accepts("flags")) {
      while (!statement.isAtEnd) if (PASSING.has(statement.next())) isPassing = true;
    } else if (statement.accepts("elements") && statement.accepts("=") && statement.peek() === "{")
      elements = elementsIn(statement.block());
  }
  return isPassing ? null : elements;
}

const PASSING = new Set(["dynamic", "timeout"]);

/** Reads what comes next as the elements of a set or map: in braces, or by name (`@lan`); null where that is not known. */
export function readElements(reader: TokenReader, sets: Sets): Elements {
  if (reader.peek() === "{") return elementsIn(reader.block());
  return reader.peek().startsWith("@") ? (sets.get(reader.next().slice(1)) ?? null) : null;
}

/** A reader of what a map gives. */
export function readerOf(value: string): TokenReader {
  return new TokenReader(tokensOf(value));
}
