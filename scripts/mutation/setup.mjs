/** Gives each instance of WebAssembly what its mutants ask, and has what the runner, which is loaded apart, does with that. */
import * as fc from "fast-check";

/** What blocks are noted in. */
const PAGE_BYTES = 65_536;

const number = () => new WebAssembly.Global({ value: "i32", mutable: true }, 0);

function stop() {
  throw new Error("it does not end");
}

// vitest loads this for each test file
if (globalThis.mutation === undefined) {
  /** The mutant in force, 0 for none; and how many blocks may still be entered. */
  const now = number();
  const fuel = number();
  /** All memories that there may be, and those that came since `forget`. */
  const memories = new Set();
  const since = new Set();

  class Told extends WebAssembly.Instance {
    constructor(module, imports) {
      super(module, { ...imports, mutation: { now, fuel, stop } });
      const { memory } = imports.env;
      if (since.has(memory)) return;
      since.add(memory);
      memories.add(new WeakRef(memory));
    }
  }
  WebAssembly.Instance = Told;

  const pages = () => {
    for (const each of memories) if (each.deref() === undefined) memories.delete(each);
    return [...memories].map((each) => new Uint8Array(each.deref().buffer, 0, PAGE_BYTES));
  };

  globalThis.mutation = {
    /** Has a mutant in force, for so many blocks. */
    begin(mutant, blocks) {
      now.value = mutant;
      fuel.value = blocks;
    },
    /** Forgets which blocks were entered. */
    forget() {
      since.clear();
      for (const page of pages()) page.fill(0);
    },
    /** Which blocks were entered since, and how many there were, where they began with so many. */
    entered(most) {
      const blocks = new Set();
      for (const page of pages()) for (let at = page.indexOf(1); at >= 0; at = page.indexOf(1, at + 1)) blocks.add(at);
      return { count: most - fuel.value, blocks: [...blocks] };
    },
  };
}

// that it fails is enough
fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
