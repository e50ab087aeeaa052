/**
 * AssemblyScript with all of its mutants in it: which one is in force is told while it runs, so that one build has them all, and tests go from one to
 * the next without a new process.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAst } from "rolldown/parseAst";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** All files by their paths in the repository, in an order that numbers them. */
const FILES = readdirSync(join(ROOT, "src"), { recursive: true })
  .filter((name) => /(^|\/)assembly\/.+\.ts$/.test(name))
  .map((name) => join("src", name))
  .sort();

/** Mutants of a file at the most: a number names the file as well. */
const PLACE_BITS = 13;

/** What is put in the place of what. */
const OPERATORS = new Map(
  Object.entries({
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "===": "!==",
    "!==": "===",
    "+": "-",
    "-": "+",
    "&": "|",
    "|": "&",
  }),
);
const LOGICAL = new Map(Object.entries({ "&&": "||", "||": "&&" }));

/** Where arguments begin that have to be constants. */
const CONSTANT_FROM = new Map(Object.entries({ load: 1, store: 2 }));

/**
 * What every module with mutants imports: which is in force, and how many blocks may still be entered. Which were, it notes in bytes of the first page of its memory, which is
 * nobody's (`Heap`).
 */
const IMPORTS = `
@external("mutation", "now") declare let mutantNow: i32;
@external("mutation", "fuel") declare let mutantFuel: i32;
@external("mutation", "stop") declare function mutantStop(): void;
`;

/** By file, what `mutantsOf` returns. */
const made = new Map();

/**
 * All mutants of a file, as `{ id, file, block, line, before, after }`: the number of the block that they are in follows. `text`: its source with all of them.
 */
export function mutantsOf(file) {
  if (made.size === 0) {
    let blocks = 0;
    for (const [number, each] of FILES.entries()) {
      const mutants = new Mutants(each, number << PLACE_BITS, blocks);
      made.set(each, { text: mutants.all() + IMPORTS, mutants: mutants.mutants });
      ({ blocks } = mutants);
    }
  }
  return made.get(file);
}

/** The source of a file, by its path, with all of its mutants. */
export function withMutants(_source, path) {
  return mutantsOf(relative(ROOT, path)).text;
}

export function filesWithMutants() {
  return FILES;
}

class Mutants {
  mutants = [];
  /** How many blocks there are, those of files before it included. */
  blocks;
  /** The block that is being gone through; undefined outside of functions, where all is constant. */
  #block;
  #chained = new Set();
  #file;
  #source;
  #base;

  constructor(file, base, firstBlock) {
    this.#file = file;
    this.#source = readFileSync(join(ROOT, file), "utf8");
    this.#base = base;
    this.blocks = firstBlock;
  }

  all() {
    return this.#text(parseAst(this.#source, { lang: "ts" }));
  }

  /** A node with its mutants. */
  #text(node) {
    if (node.type === "BlockStatement") return this.#entered(() => this.#inside(node).slice(1, -1));
    if (this.#block === undefined) return this.#inside(node);
    switch (node.type) {
      case "BinaryExpression":
        return this.#binary(node, OPERATORS.get(node.operator));
      case "LogicalExpression":
        return this.#logical(node, LOGICAL.get(node.operator));
      case "UnaryExpression":
        return node.operator === "!" ? this.#not(node) : this.#inside(node);
      case "Literal":
        return typeof node.value === "boolean" ? this.#truth(node) : this.#inside(node);
      case "ExpressionStatement":
        // assertions are only compiled for coverage
        if (node.expression.callee?.name === "assert") return this.#source.slice(node.start, node.end);
        return node.expression.type === "CallExpression" ? this.#statement(node) : this.#inside(node);
      case "IfStatement":
      case "ForStatement":
      case "WhileStatement":
        // without an end by its condition
        if (node.test?.value === true) return this.#source.slice(node.start, node.body.start) + this.#text(node.body);
        return this.#inside(node, [node.consequent, node.alternate, node.body]);
      default:
        return this.#inside(node);
    }
  }

  /** The text of a node with its parts as they became. `branches`: those that are a block even without braces. */
  #inside(node, branches = []) {
    let text = "";
    let at = node.start;
    for (const part of partsOf(node)) {
      const isBranch = branches.includes(part) && part.type !== "BlockStatement" && part.type !== "IfStatement";
      text +=
        this.#source.slice(at, part.start) + (isBranch ? this.#entered(() => this.#text(part)) : this.#text(part));
      at = part.end;
    }
    return text + this.#source.slice(at, node.end);
  }

  /** A block that says that it is entered. */
  #entered(inner) {
    const outer = this.#block;
    this.#block = this.blocks++;
    const text = `{ store<u8>(${this.#block}, 1); if (--mutantFuel < 0) mutantStop(); ${inner()} }`;
    this.#block = outer;
    return text;
  }

  /** Each side stands there twice: of a chain of one operator, the last is changed. */
  #binary(node, operator) {
    if (operator === undefined || this.#chained.has(node)) return this.#inside(node);
    for (let { left } = node; left.operator === node.operator; { left } = left) this.#chained.add(left);
    const is = this.#mutant(node, node.operator, operator, node.left.end);
    const { left, right } = node;
    const [begin, between, end] = [
      this.#source.slice(node.start, left.start) + this.#text(left),
      this.#source.slice(left.end, right.start),
      this.#text(right) + this.#source.slice(right.end, node.end),
    ];
    const changed = between.replace(node.operator, operator);
    return `(${is} ? ${begin}${changed}${end} : ${begin}${between}${end})`;
  }

  /** Not both is either not, so that each side stands there once. */
  #logical(node, operator) {
    const is = this.#mutant(node, node.operator, operator, node.left.end);
    const [left, right] = [this.#text(node.left), this.#text(node.right)];
    return `(((((${left}) != 0) != ${is}) ${node.operator} (((${right}) != 0) != ${is})) != ${is})`;
  }

  #not(node) {
    const is = this.#mutant(node, "!", "", node.start);
    return `(((${this.#text(node.argument)}) == 0) != ${is})`;
  }

  #truth(node) {
    const is = this.#mutant(node, node.raw, String(!node.value), node.start);
    return `(${is} ? ${!node.value} : ${node.raw})`;
  }

  #statement(node) {
    const { start, end } = node;
    const is = this.#mutant(node, this.#source.slice(start, end), "", start);
    return `if (!${is}) { ${this.#inside(node)} }`;
  }

  /** Notes a mutant, what is before the place `from` staying as it is; the expression that says whether it is in force. */
  #mutant(node, before, after, from) {
    const at = this.#source.indexOf(before, from);
    const line = this.#source.slice(0, at).split("\n").length;
    const id = this.#base + this.mutants.length + 1;
    this.mutants.push({ id, file: this.#file, block: this.#block, line, before, after: after || "nothing" });
    return `(mutantNow == ${id})`;
  }
}

/** The nodes right within one, in the order of the text: of types, and of what has to be constant, none. */
function partsOf(node) {
  const constantFrom = node.type === "CallExpression" ? (CONSTANT_FROM.get(node.callee.name) ?? Infinity) : Infinity;
  return Object.entries(node)
    .flatMap(([name, value]) => (name === "arguments" ? value.slice(0, constantFrom) : value))
    .filter((part) => typeof part?.type === "string" && !/^TSType|^Import|^Export.*Spec/.test(part.type))
    .sort((one, other) => one.start - other.start);
}
