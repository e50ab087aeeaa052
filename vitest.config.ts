import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { assembly } from "./scripts/assembly.mjs";
import { TIMES } from "./test/support/runs.js";

/** AssemblyScript counts what it enters by itself: see `scripts/assembly-coverage.mjs`. */
const isCounted = process.argv.includes("--coverage");

/** No measure of speed: what has not ended by then hangs, on whatever machine. */
const LIMIT_MS = 120_000 * Math.max(1, TIMES);

export default defineConfig({
  plugins: [assembly({ isCounted })],
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/build.ts", ...(isCounted ? ["test/support/coverage-report.ts"] : [])],
    setupFiles: ["test/support/setup.ts", ...(isCounted ? ["test/support/coverage.ts"] : [])],
    // times of day are local: the tests' own zone, whatever the machine's is
    env: { TZ: "UTC" },
    testTimeout: LIMIT_MS,
    hookTimeout: LIMIT_MS,
    // vitest leaves one for itself, though it has little to do: with two, that would be half of the machine
    maxWorkers: availableParallelism(),
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text", "html"] },
  },
});
