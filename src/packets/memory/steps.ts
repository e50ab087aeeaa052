/** The functions that a module exports, by the type of its source: in WebAssembly, a truth is a number. */
export type Steps<Source> = {
  readonly [Name in keyof Source]: Source[Name] extends (...given: infer Given) => boolean
    ? (...given: Given) => number
    : Source[Name];
};

/** What a module's functions are for one of the blocks that the first of their parameters stands for. */
export type OnBlock<Source> = {
  readonly [Name in keyof Source]: Source[Name] extends (block: number, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never;
};

/** The functions that a module exports, as `Heap.load` gives them, for one block. */
export function onBlock<Source>(module: WebAssembly.Module, exports: Steps<Source>, block: number): OnBlock<Source>;
export function onBlock(module: WebAssembly.Module, exports: WebAssembly.Instance["exports"], block: number): object {
  // WebAssembly has truths as numbers: the build lists which are truths (`scripts/assembly-compiler.mjs`)
  const [list] = WebAssembly.Module.customSections(module, "truths");
  const truths = new Set(new TextDecoder().decode(list).split(" "));
  const steps = Object.entries(exports).map(([name, step]): [string, unknown] => [
    name,
    truths.has(name) ? (...rest: number[]) => step(block, ...rest) !== 0 : step.bind(undefined, block),
  ]);
  return Object.fromEntries(steps);
}
