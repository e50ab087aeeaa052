import * as fc from "fast-check";
import { runs, SEED } from "./runs.js";

// fast-check's own number of runs, for properties that do not say how many
fc.configureGlobal({ numRuns: runs(100), ...(SEED !== undefined && { seed: SEED }) });
