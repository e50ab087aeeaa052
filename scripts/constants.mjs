/** Writes numbers and lists into modules that say by the functions of `src/packets/memory/layout.ts` or `src/packets/results/named.ts` which they are. */

const MADE_BY = /^import [^;]* from ".*\/(?:layout|named)\.js";$/gm;

/** A line of a module that lays something out, and a constant that such a line may name. */
const PLACE =
  /^(?:(export )?const (\w+|\[\w*(?:, \w+)?\]) = )?(size|sizeBits|word|rest|double|halves|same|bytes|fields|field|flag|first|next)\((\w*)\);$/gm;
const NUMBER = /^(?:export )?const (\w+) = ([\d_]+);$/gm;

/** A name of a family, and what is made of all of them: lists, and how many bits hold any of it. */
const NAMED = /^export const ([A-Z]+)(_[A-Z0-9_]+) = (index|bit)\(\s*"([^"]+)"(?:,\s*"([^"]+)")?,?\s*\);$/gm;
const LIST = /\b(names|meanings|bits)\("([A-Z]+)"\)/g;

/** A module's source with its constants; as it is where it has none to be made. */
export function withConstants(source) {
  // what follows stays at its line
  const rest = source.replace(MADE_BY, (lines) => lines.replace(/[^\n]/g, ""));
  return rest === source ? source : laidOut(named(rest));
}

/**
 * A module with the numbers of what it lays out.
 *
 * @throws Error where a place has no record, a word more fields than bits, or a count is no number.
 */
function laidOut(source) {
  const known = {};
  for (const [, name, digits] of source.matchAll(NUMBER)) known[name] = Number(digits.replaceAll("_", ""));
  const layout = new Layout();
  return source.replace(PLACE, (line, exported = "", said = "", kind, count, at) => {
    const [rest] = source.slice(at + line.length).split(/ = size(?:Bits)?\(\w*\);$/m);
    const all = (of) =>
      [...rest.matchAll(PLACE)].reduce((sum, [, , , each, n]) => sum + (each === of ? (countOf(n, known) ?? 1) : 0), 0);
    const numbers = layout[kind](countOf(count, known), all);
    if (numbers.some((number) => !Number.isInteger(number))) throw new Error(`there is no place for this: ${line}`);
    const names = said.replace(/[[\]]/g, "").split(", ");
    names.forEach((name, n) => (known[name] = numbers[n]));
    return names
      .map((name, n) => (name === "" ? "" : `${exported}const ${name} = ${numbers[n]};`))
      .join(" ")
      .trim();
  });
}

/** How many a line says, by a number or a constant's name; undefined where it says nothing. */
function countOf(said, known) {
  return said === "" ? undefined : (known[said] ?? Number(said));
}

/** Where places and fields have come to: each function of layout.ts gives the numbers of a line. `all`: how many of a kind a record has. */
class Layout {
  #words = 0;
  #rest = Number.NaN;
  #next = { word: Number.NaN, double: Number.NaN, bytes: 0, bit: 0, value: 0 };

  /** Doubles come first, as they have to lie at even words. */
  size(_count, all) {
    Object.assign(this.#next, { word: 2 * all("double"), double: 0 });
    this.#words = this.#next.word + all("word");
    return [this.#words + (this.#words % 2)];
  }

  sizeBits(bits, all) {
    this.size(undefined, all);
    const taken = bits ?? Math.ceil(Math.log2(this.#words));
    this.#rest = 2 ** taken - this.#words;
    return [this.#rest < 0 ? Number.NaN : taken];
  }

  word(count = 1) {
    this.#next.bit = 0;
    return this.#take("word", count);
  }

  rest() {
    return this.word(this.#rest);
  }

  double(count = 1) {
    return this.#take("double", count);
  }

  halves() {
    return [2 * this.#next.double - 2, 2 * this.#next.double - 1];
  }

  same(place) {
    return [place];
  }

  bytes(count) {
    return this.#take("bytes", count);
  }

  fields(from = 0) {
    this.#next.bit = from;
    return [];
  }

  field(count) {
    const [at] = this.#take("bit", count);
    return [this.#next.bit > 32 ? Number.NaN : at, 2 ** count - 1];
  }

  flag(count = 1) {
    return [1 << this.field(count)[0]];
  }

  first() {
    this.#next.value = 0;
    return this.next();
  }

  next() {
    return this.#take("value", 1);
  }

  #take(kind, count) {
    const at = this.#next[kind];
    this.#next[kind] += count;
    return [at];
  }
}

/** The names of each family by their order, as indices or as bits, and the lists of them. */
function named(source) {
  const families = {};
  const numbered = source.replace(NAMED, (line, family, rest, kind, name, meaning) => {
    const { names, meanings } = (families[family] ??= { names: [], meanings: [], bits: 0 });
    const at = names.push(name) - 1;
    meanings.push(meaning ?? name);
    families[family].bits = kind === "bit" ? at + 1 : 32 - Math.clz32(at);
    // what follows stays at its line
    return `export const ${family}${rest} = ${kind === "bit" ? 2 ** at : at};${line.replace(/[^\n]/g, "")}`;
  });
  return numbered.replace(LIST, (_, list, family) => JSON.stringify(families[family][list]));
}
