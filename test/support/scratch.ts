import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Removed after each test file (`setup.ts`). */
export const FOLDER = join(tmpdir(), `natcorr-capture-${process.pid}`);

/** A path in this test file's own folder. */
export function scratch(name: string): string {
  mkdirSync(FOLDER, { recursive: true });
  return join(FOLDER, name);
}
