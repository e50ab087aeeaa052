import type { assembly } from "./assembly.mjs";

export function makeAll(compiler?: ReturnType<typeof assembly>): Promise<void>;
export function makeModules(compiler: ReturnType<typeof assembly>, dir: string): Promise<void>;
