/** As much of WebAssembly's JavaScript interface as is used: the libraries of ES do not have it, and the DOM's do. */
declare namespace WebAssembly {
  class Memory {
    constructor(limits: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
    /** Adds pages. Returns how many there were. */
    grow(pages: number): number;
  }

  type Module = object;
  const Module: {
    new (bytes: Uint8Array): Module;
    customSections(module: Module, name: string): ArrayBuffer[];
  };

  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Readonly<Record<string, (...numbers: number[]) => number>>;
  }
}

/** What the AssemblyScript beside it compiles to. */
declare module "*.wasm" {
  const bytes: Uint8Array;
  export default bytes;
}
