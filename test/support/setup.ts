import { rmSync } from "node:fs";
import * as fc from "fast-check";
import { afterAll } from "vitest";
import { runs, SEED } from "./runs.js";
import { FOLDER } from "./scratch.js";

// fast-check's own number of runs, for properties that do not say how many
fc.configureGlobal({ numRuns: runs(100), ...(SEED !== undefined && { seed: SEED }) });

// here, as this module is loaded anew for each test file, and what they share once for many
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));
