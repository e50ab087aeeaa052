/** A thread that compiles AssemblyScript for `assembly.mjs`. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parentPort } from "node:worker_threads";
import { withConstants } from "./constants.mjs";
import { kept } from "./kept.mjs";

/** What AssemblyScript is given of TypeScript's modules: constants of numbers, and of such before them, on one line, are the same in both. */
const CONSTANT = /^((^| )(export )?const [A-Z][A-Z0-9_]* = (0x[\da-f_]+|[\d_]+|[A-Z][A-Z0-9_]*|[-+*<>|&()~ ])+;)+$/;
const DEFINED = /const (\w+)/g;
const NAMES = /(?<!const )\b[A-Z]\w*/g;

/** So is a function of numbers and truths that returns an expression of such: in AssemblyScript, numbers are integers of 32 bits. */
const FUNCTION =
  /^export function \w+\((?:(?:, )?\w+: (?:number|boolean))+\): (?:number|boolean) \{\n {2}return [\w\s()<>=!&|^~+\-*%?:,]+;\n\}$/;
const FUNCTION_OR_LINE = new RegExp(`${FUNCTION.source}|.*\\n?`, "gm");

const OPTIONS = [
  ..."-O3 --converge --runtime stub".split(" "),
  // the memory comes from outside and may be as large as addresses reach, in pages of 64 KiB
  ..."--importMemory --noExportMemory --sharedMemory --initialMemory 1 --maximumMemory 65536".split(" "),
  ..."--enable threads --enable simd".split(" "),
  // says what it exports in TypeScript, where truths are no numbers
  ..."--bindings raw".split(" "),
];

/** A function that returns a truth, as TypeScript sees it: `Heap.load` has the names of these from a section of the module. */
const TRUTH = /export function (\w+)\(.*\): boolean;/g;
const SECTION = "truths";

/** What adds to a source what is to be told while it runs, by what it is for: most builds load none of it. */
const ADDING = {
  coverage: async () => (await import("./assembly-coverage.mjs")).counting,
  mutation: async () => (await import("./mutation/mutants.mjs")).withMutants,
};

/** What a source compiles to. `madeFor`: a name in `ADDING`, if any; `read`: gives a file's text, or null. */
async function compiled(source, madeFor, read) {
  // to load it takes longer than to find that nothing has changed
  const { main: compile } = await import("assemblyscript/asc");
  const added = await ADDING[madeFor]?.();
  const folder = dirname(source);
  const complaints = [];
  let bytes;
  let truths = [];
  // what is counted is checked, too: an assertion that does not hold is a trap
  const asserting = madeFor === "coverage" ? ["--use", "abort="] : ["--noAssert"];
  const { error } = await compile([source, "--baseDir", folder, "--outFile", "out.wasm", ...OPTIONS, ...asserting], {
    stderr: { write: (text) => complaints.push(text) },
    async readFile(name, base) {
      // it asks for ./x.js of TypeScript's imports, and for x/index.ts and the like while it searches
      const path = resolve(base, name.replace(/\.js\.ts$/, ".ts"));
      const text = await read(path);
      if (text === null) return null;
      if (path.includes("/assembly/")) return added?.(text, path) ?? text;
      return common(withConstants(text));
    },
    writeFile(name, contents) {
      if (name === "out.wasm") bytes = contents;
      if (name === "out.d.ts") truths = [...contents.matchAll(TRUTH)].map(([, each]) => each);
    },
    listFiles: () => [],
  });
  if (error || bytes === undefined) throw new Error(`${source}:\n${complaints.join("")}${error ?? ""}`);
  return Buffer.concat([bytes, truthsSection(truths)]);
}

/** The names of functions as a section of a module, in which they take less than 16 KiB: both lengths are numbers of seven bits a byte. */
function truthsSection(names) {
  const content = Buffer.from(names.join(" "));
  const length = 1 + SECTION.length + content.length;
  return Buffer.concat([
    Buffer.from([0, (length & 0x7f) | 0x80, length >> 7, SECTION.length]),
    Buffer.from(SECTION),
    content,
  ]);
}

/** What is the same in both languages, each at its line. */
function common(source) {
  const known = new Set();
  return source.replace(FUNCTION_OR_LINE, (text) => {
    if (FUNCTION.test(text)) return text.replaceAll(": number", ": i32").replaceAll(": boolean", ": bool");
    const names = text.match(NAMES) ?? [];
    const isCommon = CONSTANT.test(text.trimEnd()) && names.every((name) => known.has(name));
    if (isCommon) for (const [, name] of text.matchAll(DEFINED)) known.add(name);
    return isCommon ? text : "\n";
  });
}

/** What a source compiles to, and all sources that it took, kept where it is not changed by what other sources are. */
async function made({ source, madeFor }) {
  const make = (read) => compiled(source, madeFor, read);
  if (madeFor === "mutation")
    return { bytes: await make((path) => readFile(path, "utf8").catch(() => null)), sources: [] };
  return kept(madeFor === undefined ? source : `${source}, for ${madeFor}`, make);
}

parentPort.on("message", async (asked) => {
  const answer = await made(asked).catch((error) => ({ error }));
  parentPort.postMessage(answer, []);
});
