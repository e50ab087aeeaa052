import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { assembly } from "./scripts/assembly.mjs";
import { makeAll, makeModules } from "./scripts/build.mjs";
import { TIMES } from "./test/support/runs.js";

/** AssemblyScript counts what it enters by itself: see `scripts/assembly-coverage.mjs`. */
const isCounted = process.argv.includes("--coverage");

/** No measure of speed: what has not ended by then hangs, on whatever machine. */
const LIMIT_MS = 120_000 * Math.max(1, TIMES);

/** Tests that give up root, or leave for another network namespace: their process is of no use to others. */
const OF_PROCESSES = "test/capture/live/**/*.test.ts";

/** Whether a file has whole runs of a simulated host. */
const isLong = ({ moduleId }: TestSpecification): boolean => moduleId.includes("/test/bench/");

/** Begins with the longest: what is begun last keeps one process busy while the others have nothing left to do. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

const compiler = assembly();

const SRC = join(import.meta.dirname, "src");
const MODULES = join(import.meta.dirname, "build/modules");

/**
 * Gives whoever imports a module of src that which `makeModules` made of it. Vitest's own has each import read through a getter, each time, and
 * constants are imports: what correlates took two to three times as long (Node 20, 2026-11).
 */
const made = {
  name: "made modules",
  enforce: "pre" as const,
  resolveId(id: string, importer: string | undefined): string | undefined {
    if (importer === undefined || !/^\.\.?\/.*\.js$/.test(id)) return undefined;
    const within = relative(SRC, resolve(importer, "..", id));
    return within.startsWith("..") ? undefined : join(MODULES, within);
  },
};

/** What is counted is counted by src's own lines, and what is watched changes there. */
const isMade = !isCounted && process.argv.includes("run");
const plugins = isMade ? [made, compiler] : [isCounted ? assembly({ madeFor: "coverage" }) : compiler];

/** Builds dist once before all tests, with the AssemblyScript that they need as well: those of the command line run what a user would run. */
const build = {
  name: "build",
  async configureVitest() {
    await makeAll(compiler);
    const types = promisify(execFile)("node_modules/.bin/tsc", ["-p", "tsconfig.json"]).catch(({ stdout }) => {
      throw new Error(`tsc says\n${stdout}`);
    });
    await Promise.all([types, isMade && makeModules(compiler, MODULES)]);
  },
};

const common = {
  server: { deps: { external: [/\/build\/modules\//] } },
  // the processors are busy with tests: V8's own threads for garbage, which wait for each other, take a tenth more of their time; so does garbage of many short
  // runs that is collected in small steps, and what runs seldom without being compiled. A quarter of all time went into optimizing code for what was over
  // soon after: it waits for nine times as many runs as usual (Node 20, 2026-12)
  execArgv: [
    "--single-threaded-gc",
    "--min-semi-space-size=64",
    "--max-semi-space-size=64",
    "--always-sparkplug",
    "--interrupt-budget=600000",
  ],
  setupFiles: ["test/support/setup.ts", ...(isCounted ? ["test/support/coverage.ts"] : [])],
  // Times of day are local: the tests' own zone, whatever the machine's is. Where the machine names more certificates, each process of Node reads them as it
  // starts, for 50 ms (Node 20, 2026-12), and tests ask nobody who would need one.
  env: { TZ: "UTC", NODE_EXTRA_CA_CERTS: "" },
  testTimeout: LIMIT_MS,
  hookTimeout: LIMIT_MS,
};

export default defineConfig({
  test: {
    projects: [
      // a process for many files: it has loaded and compiled everything once. What is counted is counted by file
      {
        plugins: [...plugins, build],
        test: {
          ...common,
          name: "shared",
          include: ["test/**/*.test.ts"],
          exclude: [OF_PROCESSES],
          isolate: isCounted,
        },
      },
      { plugins, test: { ...common, name: "own process", include: [OF_PROCESSES] } },
    ],
    sequence: { sequencer: LongestFirst },
    globalSetup: isCounted ? ["test/support/coverage-report.ts"] : [],
    // vitest leaves one processor for itself, though it has little to do; one more than there are, as the live tests wait for most of their time
    maxWorkers: availableParallelism() + 1,
    coverage: { provider: "v8", include: ["src/**"], exclude: ["src/**/assembly/**"], reporter: ["text", "html"] },
  },
});
