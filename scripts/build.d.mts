import type { assembly } from "./assembly.mjs";

export function makeAll(compiler?: ReturnType<typeof assembly>): Promise<void>;
