import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import { HITS } from "../../scripts/assembly-coverage.mjs";

/** The places of the AssemblyScript that tests of this file entered. */
const entered = new Set<number>();

/** Every instance tells what it enters. */
class Counted extends WebAssembly.Instance {
  constructor(module: WebAssembly.Module, imports: Record<string, Record<string, unknown>>) {
    super(module, { ...imports, coverage: { hit: (place: number) => void entered.add(place) } });
  }
}
WebAssembly.Instance = Counted;

afterAll(() => writeFileSync(join(HITS, `${randomUUID()}.json`), JSON.stringify([...entered])));
