/** Writes numbers and lists into modules that say by the functions of `src/packets/memory/layout.ts` or `src/packets/results/named.ts` which they are. */

const MADE_BY = /^import .* from ".*\/(?:layout|named)\.js";$/m;

/** Lines of a module that lays out a block. */
const PLACE = /^export const ([A-Z][A-Z0-9_]*) = (word|double|bytes)\((\d*)\);$/gm;
const SIZE = /^export const ([A-Z][A-Z0-9_]*) = size\(\);$/m;

/** A name of a family, and what is made of all of them. */
const NAMED = /^export const ([A-Z]+)(_[A-Z0-9_]+) = (index|bit)\(\s*"([^"]+)"(?:,\s*"([^"]+)")?,?\s*\);$/gm;
const LIST = /\b(names|meanings)\("([A-Z]+)"\)/g;

/** A module's source with its constants; as it is where it has none to be made. */
export function withConstants(source) {
  return MADE_BY.test(source) ? named(laidOut(source)).replace(MADE_BY, "") : source;
}

/** The places of a block, or a row, one after the other. Doubles come first, as they have to lie at even words. */
function laidOut(source) {
  const next = { double: 0, word: 0, bytes: 0 };
  for (const [, , kind, count] of source.matchAll(PLACE)) if (kind === "double") next.word += 2 * (Number(count) || 1);
  const placed = source.replace(PLACE, (_, name, kind, count) => {
    const at = next[kind];
    next[kind] += Number(count) || 1;
    return `export const ${name} = ${at};`;
  });
  const words = next.word + (next.word % 2);
  return placed.replace(SIZE, (_, name) => `export const ${name} = ${words};`);
}

/** The names of each family by their order, as indices or as bits, and the lists of them. */
function named(source) {
  const families = {};
  const numbered = source.replace(NAMED, (line, family, rest, kind, name, meaning) => {
    const { names, meanings } = (families[family] ??= { names: [], meanings: [] });
    const at = names.push(name) - 1;
    meanings.push(meaning ?? name);
    // what follows stays at its line
    return `export const ${family}${rest} = ${kind === "bit" ? 2 ** at : at};${line.replace(/[^\n]/g, "")}`;
  });
  return numbered.replace(LIST, (_, list, family) => JSON.stringify(families[family][list]));
}
