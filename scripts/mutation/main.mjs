/**
 * Changes single places of the AssemblyScript, one after the other, and says which changes no test notices: what those lines do is held by none.
 *
 *     node scripts/mutation/main.mjs [--sample <n>] [--seed <n>] [--file <part of a path>]… [--at <name>:<line>]… [--test <name>]…
 *
 * Works on a copy, and leaves the machine to others as far as it can. All changes are in one build (`mutants.mjs`), and all tests in one process, which tries
 * those changes in a test that are in blocks that it enters, unless another has noticed them (`runner.mjs`): first the fixtures, then what takes least.
 * What is known is kept in build/mutation: who ends it, with Ctrl-C as well, is told how far it came, and the same command goes on from there, as long as nothing was changed.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { assembly } from "../assembly.mjs";
import { makeModules } from "../build.mjs";
import { filesWithMutants, mutantsOf } from "./mutants.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
process.chdir(ROOT);

/** What is changed where nothing else is said: the kernel, and the tables that it works on. */
const CHANGED = ["src/correlate/kernel", "src/packets"];

/** Test files beside the fixtures'. */
const TESTS = "test/{packets/**/*,correlate/**/*,wire/*,pipeline/filter}";

/**
 * Which tests come first: how long they take, milliseconds, and in how many others nothing noticed a change that they try. Most are noticed by tests that take
 * little, and what hundreds do not notice is seldom by one more.
 */
const PASSES = [
  [20, 150],
  [100, 200],
  [500, 250],
  [Infinity, Infinity],
];

/** How long nothing may be told: a test that takes longer does not end. */
const HANGS_MS = 60_000;
/** What tests may take of memory, MiB, which is looked at so often: they take less than 1 GiB, and a change had one take 17. */
const MOST_MIB = 4096;
const LOOK_MS = 1000;

/** As the repository's, with one process for all. No test has a limit of its own, as a slow machine is no fault. */
const CONFIG = `
import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { defineConfig } from "vitest/config";
const { order } = JSON.parse(readFileSync("mutation.json", "utf8"));
const placeOf = ({ moduleId }) => order.findIndex((name) => moduleId.endsWith(name));
class InOrder {
  shard = (files) => files;
  sort = (files) => files.toSorted((a, b) => placeOf(a) - placeOf(b));
}
const made = {
  name: "made modules",
  enforce: "pre",
  resolveId(id, importer) {
    if (importer === undefined || !/^\\.\\.?\\/.*\\.js$/.test(id)) return undefined;
    const within = relative(join(import.meta.dirname, "src"), resolve(importer, "..", id));
    return within.startsWith("..") ? undefined : join(import.meta.dirname, "build/modules", within);
  },
};
const { assembly } = await import("./scripts/assembly.mjs");
export default defineConfig({
  plugins: [made, assembly({ madeFor: "mutation" })],
  test: { server: { deps: { external: [/\\/build\\/modules\\//] } }, include: ["scripts/mutation/fixtures.test.mjs", "${TESTS}.test.ts"], setupFiles: ["test/support/setup.ts", "scripts/mutation/setup.mjs"],
    runner: "scripts/mutation/runner.mjs", env: { TZ: "UTC" }, testTimeout: 0, hookTimeout: 0, pool: "forks", isolate: false, maxWorkers: 1,
    fileParallelism: false, sequence: { sequencer: InOrder } },
});
`;

const { values } = parseArgs({
  options: {
    sample: { type: "string", default: "40" },
    seed: { type: "string", default: "1" },
    file: { type: "string", multiple: true, default: CHANGED },
    at: { type: "string", multiple: true, default: [] },
    test: { type: "string", multiple: true, default: [] },
  },
});

const files = filesWithMutants().filter((path) => values.file.some((part) => path.includes(part)));
const all = files.flatMap((file) => mutantsOf(file).mutants).filter(isAsked);
const mutants = shuffled(all, Number(values.seed)).slice(0, Number(values.sample));

const names = namesInGit();
const log = join(ROOT, "build/mutation", `${digest([values, ...names.map((name) => readFileSync(name))])}.ndjson`);
mkdirSync(dirname(log), { recursive: true });
if (!existsSync(log)) writeFileSync(log, "");
setPriority(10);
const folder = realpathSync(mkdtempSync(join(tmpdir(), "natcorr-mutation-")));
/** Ends the process that runs tests, if there is one. */
let end;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.once(signal, () => {
    end?.();
    tellResults();
    rmSync(folder, { recursive: true, force: true });
    process.exit(1);
  });
try {
  for (const name of names) cpSync(name, join(folder, name), { recursive: true });
  for (const name of ["node_modules", "dist"]) symlinkSync(join(ROOT, name), join(folder, name));
  writeFileSync(join(folder, "vitest.config.ts"), CONFIG);
  await makeModules(assembly({ madeFor: "mutation" }), join(folder, "build/modules"));
  if (told("known").length === 0) await tested([], [], PASSES[0]);
  const order = [...timesByFile()].sort(([, a], [, b]) => a - b).map(([name]) => name);
  const fixtures = order.filter((name) => name.startsWith("scripts/"));
  for (const pass of PASSES) {
    let before;
    do {
      before = told("trying").length;
    } while (!(await tested(mutants, [...fixtures, ...order], pass)) && told("trying").length > before);
  }
  tellResults();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

/** Has the tests of a pass run, in an order of their files, and says whether they came to an end. */
async function tested(mutants, order, [mostMs, mostTests]) {
  const plain = mutants.map(({ id, block }) => ({ id, block }));
  writeFileSync(join(folder, "mutation.json"), JSON.stringify({ mutants: plain, log, order, mostMs, mostTests }));
  const vitest = join(dirname(fileURLToPath(import.meta.resolve("vitest/package.json"))), "vitest.mjs");
  // a group of its own, so that it ends with what it started
  const child = spawn(process.execPath, [vitest, "run", "--reporter=dot", ...values.test], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const group = Number(child.pid);
  end = () => process.kill(-group, "SIGKILL");
  let said = "";
  child.stdout.on("data", (text) => (said = (said + text).slice(-100_000)));
  child.stderr.on("data", (text) => (said = (said + text).slice(-100_000)));
  let bytes = 0;
  let sameMs = 0;
  const watch = setInterval(() => {
    const { size } = statSync(log);
    sameMs = size === bytes ? sameMs + LOOK_MS : 0;
    bytes = size;
    if (sameMs >= HANGS_MS || residentMiB(group) > MOST_MIB) end();
  }, LOOK_MS);
  const code = await new Promise((resolve) => child.once("exit", resolve));
  clearInterval(watch);
  end = undefined;
  if (code !== 0) writeFileSync(join(ROOT, "build/mutation/last.txt"), said);
  // whatever ended it in the middle of a test: that is noticed
  const { is, id, test } = JSON.parse(readFileSync(log, "utf8").trimEnd().split("\n").at(-1) || "{}");
  if (is === "trying") writeFileSync(log, `${JSON.stringify({ is: "noticed", id, test })}\n`, { flag: "a" });
  return code === 0;
}

/** How much memory of a group of processes is resident, MiB. */
function residentMiB(group) {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pgid=,rss="], { encoding: "utf8" });
  const lines = (stdout ?? "").split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  return lines.reduce((sum, [id, kib]) => (id === group ? sum + kib / 1024 : sum), 0);
}

/** What was told of a kind. */
function told(kind) {
  const lines = readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line.endsWith("}"));
  return lines.map((line) => JSON.parse(line)).filter(({ is }) => is === kind);
}

/** How long test files take, milliseconds. */
function timesByFile() {
  const times = new Map();
  for (const { file, ms } of told("known")) times.set(file, (times.get(file) ?? 0) + ms);
  return times;
}

function tellResults() {
  const entered = new Set(told("known").flatMap(({ blocks }) => blocks));
  const by = new Map(told("noticed").map(({ id, test }) => [id, test]));
  const tried = new Set(told("trying").map(({ id }) => id));
  const becameOf = ({ id, block }) => {
    if (by.has(id)) return "noticed";
    if (!entered.has(block)) return "not entered";
    return tried.has(id) ? "SURVIVED" : "not tried";
  };
  for (const mutant of mutants) {
    const { file, line, before, after } = mutant;
    const became = becameOf(mutant);
    if (became !== "noticed") console.log(`${became.padEnd(11)} ${file}:${line}  ${before} → ${after}`);
  }
  for (const file of [...files, ""]) {
    const of = mutants.filter((mutant) => mutant.file.endsWith(file)).map(becameOf);
    const count = (what) => of.filter((each) => each === what).length;
    if (of.length > 0)
      console.log(
        `${file || "all"}: tried ${of.length}, noticed ${count("noticed")}, SURVIVED ${count("SURVIVED")}, not entered ${count("not entered")}, not tried ${count("not tried")}`,
      );
  }
  console.log(`of ${all.length} changes that there are`);
}

function isAsked({ file, line }) {
  return values.at.length === 0 || values.at.some((at) => `${file}:${line}`.endsWith(`/${at}`));
}

/** In an order that a seed makes. */
function shuffled(list, seed) {
  let state = seed;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return list
    .map((each) => [random(), each])
    .sort(([a], [b]) => a - b)
    .map(([, each]) => each);
}

/** All that the tests need, but for packages. */
function namesInGit() {
  const args = ["ls-files", "-zco", "--exclude-standard", "src", "test", "scripts", "fixtures", "*.json"];
  const { stdout } = spawnSync("git", args, { encoding: "utf8", maxBuffer: 2 ** 26 });
  return stdout.split("\0").filter((name) => name !== "" && existsSync(name));
}

function digest(parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(Buffer.isBuffer(part) ? part : JSON.stringify(part));
  return hash.digest("hex").slice(0, 12);
}
