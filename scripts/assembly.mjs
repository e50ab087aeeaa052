import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { withConstants } from "./constants.mjs";

/**
 * A plugin for rolldown and vitest: `import bytes from "./assembly/x.wasm"` gives what the AssemblyScript in assembly/x.ts
 * compiles to, as a Uint8Array. The module's memory is shared and is to be imported as `env.memory`; it keeps nothing there itself (no
 * strings, no static arrays), as modules and threads share it.
 *
 * Of the modules it imports from outside such a folder, it sees the numeric constants and the functions that return an expression of
 * numbers: how records are laid out is written once, and so are the facts of protocols. `madeFor`: "coverage", for which it tells the import
 * `coverage.hit` what it enters, or "mutation", for which it has all mutants in it (`mutation/mutants.mjs`).
 */
export function assembly({ madeFor } = {}) {
  /** By where its source is, what a module compiles to: whoever is given this plugin as well need not compile it again. */
  const made = new Map();
  return {
    name: "assembly",
    // before TypeScript's types are taken away: it reads lines
    enforce: "pre",
    transform: (code) => {
      const written = withConstants(code);
      return written === code ? undefined : { code: written, map: null };
    },
    // a name of JavaScript's, as vite has ideas of its own of what a .wasm is
    resolveId: (id, importer) => (id.endsWith(".wasm") ? `${resolve(dirname(importer), id)}.js` : undefined),
    watchChange: () => made.clear(),
    async load(id) {
      if (!id.endsWith(".wasm.js")) return undefined;
      const source = id.replace(/\.wasm\.js$/, ".ts");
      if (!made.has(source)) made.set(source, compiled(source, madeFor));
      const { bytes, sources } = await made.get(source);
      for (const each of sources) this.addWatchFile(each);
      return `export default Buffer.from("${Buffer.from(bytes).toString("base64")}", "base64");`;
    },
  };
}

/** Threads that compile, and what waits for one: there are several modules, and the largest takes a third of the time of all. */
const idle = [];
const waiting = [];
let threads = 0;

/** What a source compiles to, and all sources that it took. */
function compiled(source, madeFor) {
  return new Promise((resolve, reject) => {
    waiting.push({ source, madeFor, resolve, reject });
    if (idle.length === 0 && threads++ < availableParallelism())
      idle.push(new Worker(new URL("./assembly-compiler.mjs", import.meta.url)));
    compileNext();
  });
}

function compileNext() {
  if (waiting.length === 0 || idle.length === 0) return;
  const worker = idle.pop();
  const { source, madeFor, resolve, reject } = waiting.shift();
  worker.ref();
  worker.once("message", ({ error, ...made }) => {
    worker.unref();
    idle.push(worker);
    if (error) reject(error);
    else resolve(made);
    compileNext();
  });
  worker.postMessage({ source, madeFor }, []);
}
