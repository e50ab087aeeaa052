type Exports = WebAssembly.Instance["exports"];

/** What a module's functions are for one of the blocks that the first of their parameters stands for. */
export type OnBlock<Steps> = {
  readonly [Name in keyof Steps]: Steps[Name] extends (block: number, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never;
};

/** The functions that a module exports, as `Heap.load` gives them, for one block. `Steps`: the type of its source. */
export function onBlock<Steps>(module: WebAssembly.Module, exports: Exports, block: number): OnBlock<Steps>;
export function onBlock(module: WebAssembly.Module, exports: Exports, block: number): object {
  // WebAssembly has truths as numbers: the build lists which are truths (`scripts/assembly-compiler.mjs`)
  const [list] = WebAssembly.Module.customSections(module, "truths");
  const truths = new Set(new TextDecoder().decode(list).split(" "));
  const steps = Object.entries(exports).map(([name, step]): [string, unknown] => [
    name,
    truths.has(name) ? (...rest: number[]) => step(block, ...rest) !== 0 : step.bind(undefined, block),
  ]);
  return Object.fromEntries(steps);
}
