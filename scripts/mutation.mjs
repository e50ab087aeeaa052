/**
 * Changes single places of the kernel, one after the other, and says which changes no test notices: what those lines do is held by none.
 *
 *     node scripts/mutation.mjs [--sample <n>] [--seed <n>] [--file <name>]… [--test <name>]…
 *
 * Works on a copy, and leaves the machine to others as far as it can. A change has to pass all fixtures, which takes seconds, and then the
 * tests of test/packets and test/correlate, up to the first that fails, those first that notice most for their time. Of all changes there are,
 * which are well over a thousand, it tries a sample. One that compiles to the same is none.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "rolldown";
import { assembly } from "./assembly.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Folders whose AssemblyScript is changed: the kernel, and the tables that it works on. */
const CHANGED = ["src/correlate/kernel", "src/packets"];

/** What is put in the place of what. */
const CHANGES = [
  [/ < /g, " <= "],
  [/ <= /g, " < "],
  [/ > /g, " >= "],
  [/ >= /g, " > "],
  [/ === /g, " !== "],
  [/ !== /g, " === "],
  [/ && /g, " || "],
  [/ \|\| /g, " && "],
  [/ \+ /g, " - "],
  [/ - /g, " + "],
  [/ & /g, " | "],
  [/ \| /g, " & "],
  [/\btrue\b/g, "false"],
  [/\bfalse\b/g, "true"],
  // a statement that only does something
  [/^ +(?:[\w.]+|store<\w+>)\(.*\);$/g, ""],
];

/**
 * As the repository's, but that nothing is built: the command line is not tested, the AssemblyScript is there, and of TypeScript nothing has
 * changed since the first run. No test has a limit of its own, as a slow machine is no fault; in threads, a test that never ends ends with the process.
 */
const CONFIG = `
import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { assembly } from "./scripts/assembly.mjs";
const order = JSON.parse(readFileSync("./order.json", "utf8"));
const placeOf = ({ moduleId }) => order.findIndex((name) => moduleId.endsWith(name));
class InOrder {
  shard = (files) => files;
  sort = (files) => files.toSorted((a, b) => placeOf(a) - placeOf(b));
}
const modules = new Map(JSON.parse(readFileSync("./modules.json", "utf8")));
const { resolveId, ...plugin } = assembly();
// what was transformed before names them by their place in the root
const resolved = (id, importer) => (modules.has(import.meta.dirname + id) ? import.meta.dirname + id : resolveId(id, importer));
const load = (id) => modules.get(id);
const keyOf = ({ id }) => (modules.has(id) ? false : undefined);
const configureVitest = (vitest) => vitest.experimental_defineCacheKeyGenerator(keyOf);
export default defineConfig({
  plugins: [{ ...plugin, resolveId: resolved, load, configureVitest }],
  test: { include: ["test/{packets,correlate}/**/*.test.ts"], setupFiles: ["test/support/setup.ts"], env: { TZ: "UTC" },
    testTimeout: 0, hookTimeout: 0, pool: "threads", isolate: false, maxWorkers: 1, sequence: { sequencer: InOrder },
    experimental: { fsModuleCache: true, fsModuleCachePath: "./transformed" } },
});
`;

/** Says by its exit code whether what natcorr makes of all fixtures is what is expected: as `test/fixtures.test.ts` does, in a process of its own. */
const FIXTURES = `
const { existsSync, readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { version } = require("./package.json");
const bytesOf = (code) => Buffer.from(/"([^"]*)", "base64"/.exec(code)[1], "base64");
globalThis.modules = new Map(JSON.parse(readFileSync("modules.json", "utf8")).map(([name, code]) => [name, bytesOf(code)]));
const { run } = require("./program/program.cjs");
async function isAsExpected(expected, ...options) {
  let text = "";
  const write = (utf8, onTaken) => { text += Buffer.from(utf8); onTaken?.(); };
  const stdout = { isTerminal: false, columns: undefined, write, block() {}, drained: () => Promise.resolve() };
  const stderr = { isTerminal: false, rows: undefined, write: () => {} };
  const host = { stdout, stderr, env: {}, stop: new AbortController().signal, version, onQuestion: () => {} };
  await run(["file", "inside.pcap", "outside.pcap", "--format", "ndjson", ...options], host);
  return text === readFileSync(expected, "utf8");
}
(async () => {
  for (const name of readdirSync(join(__dirname, "fixtures"))) {
    process.chdir(join(__dirname, "fixtures", name));
    if (!(await isAsExpected("expected.ndjson"))) process.exit(1);
    if (existsSync("rules.txt") && !(await isAsExpected("expected-rules.ndjson", "--rules", "rules.txt"))) process.exit(1);
    if (existsSync("after.json") && !(await isAsExpected("expected-host.ndjson", "--host", "before.json,after.json"))) process.exit(1);
  }
  process.exit(0);
})().catch(() => process.exit(1));
`;

/** A change makes the tests end, or never: what takes so many times as long as they did before, and some seconds, does not end. */
const MOST_TIMES = 5;
const MOST_MORE_MS = 120_000;

/** What a test file takes at the least, with all that is done around it. */
const LEAST_MS = 200;

const { values } = parseArgs({
  options: {
    sample: { type: "string", default: "40" },
    seed: { type: "string", default: "1" },
    file: { type: "string", multiple: true },
    test: { type: "string", multiple: true, default: [] },
  },
});

const files =
  values.file ??
  CHANGED.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true }).map((name) => join(folder, name)),
  ).filter((path) => dirname(path).endsWith("/assembly"));
const mutants = shuffled(files.flatMap(mutantsOf), Number(values.seed));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "natcorr-mutation-")));
setPriority(10);
try {
  copyTo(folder);
  await bundle(folder);
  const made = await compiledOf(modulesIn(folder));
  setModules(made);
  const first = Date.now();
  if (!areFixturesAsExpected()) throw new Error("fixtures fail as they are");
  const mostFixturesMs = mostSince(first);
  // once more, by what the first run has transformed, as all others do
  tested([]);
  const begun = Date.now();
  const baseline = tested([]);
  const mostMs = mostSince(begun);
  if (baseline === null || baseline.some(({ status }) => status !== "passed"))
    throw new Error(`these fail as they are: ${baseline?.filter(({ status }) => status !== "passed").map(nameOf)}`);
  /** By test file: how long it takes, and how many changes it noticed. */
  const tests = baseline.map((test) => ({ name: nameOf(test), ms: test.endTime - test.startTime, noticed: 0 }));
  const counts = { noticed: 0, SURVIVED: 0, none: 0 };
  for (const mutant of mutants.slice(0, Number(values.sample))) {
    const path = join(folder, mutant.file);
    const source = readFileSync(path, "utf8");
    writeFileSync(path, mutant.source);
    const [what, by] = await judged(made, path, tests, { mostMs, mostFixturesMs });
    writeFileSync(path, source);
    counts[what]++;
    console.log(`${what.padEnd(8)} ${mutant.file}:${mutant.line}  ${mutant.before} → ${mutant.after}  ${by}`);
  }
  console.log(
    `of ${mutants.length} changes, tried ${counts.noticed + counts.SURVIVED}: noticed ${counts.noticed}, survived ${counts.SURVIVED}; ${counts.none} more change nothing, or do not compile`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** What became of a change of a file, which has been made, and by what. */
async function judged(made, path, tests, { mostMs, mostFixturesMs }) {
  const concerned = [...made].filter(([, { sources }]) => sources.has(path)).map(([name]) => name);
  let changed;
  try {
    changed = await compiledOf(concerned);
  } catch {
    return ["none", "(it does not compile)"];
  }
  if (concerned.every((name) => changed.get(name).code === made.get(name).code))
    return ["none", "(it compiles to the same)"];
  setModules(new Map([...made, ...changed]));
  if (!areFixturesAsExpected(mostFixturesMs)) return ["noticed", "(fixtures)"];
  tests.sort((a, b) => worthOf(b) - worthOf(a));
  const results = tested(
    tests.map(({ name }) => name),
    mostMs,
  );
  if (results === null) return ["noticed", "(it does not end)"];
  const failed = results.find(({ status }) => status !== "passed");
  if (failed === undefined) return ["SURVIVED", ""];
  tests.find(({ name }) => name === nameOf(failed)).noticed++;
  return ["noticed", `(${nameOf(failed)})`];
}

/** What a second of a test file is worth, by what it noticed so far: the better ones come first. */
function worthOf({ noticed, ms }) {
  return (noticed + 1) / (ms + LEAST_MS);
}

/** Code of a module of WebAssembly that takes it from a global. */
function fromGlobal(id) {
  return id.endsWith(".wasm.js") ? `export default globalThis.modules.get(${JSON.stringify(id)});` : undefined;
}

/** Makes the program of a folder, which takes its modules of WebAssembly from there. */
async function bundle(folder) {
  await build({
    input: join(folder, "src/cli/program.ts"),
    platform: "node",
    external: (id) => /^[^./]/.test(id) && !id.startsWith("fast-string-"),
    plugins: [{ ...assembly(), load: fromGlobal }],
    output: {
      dir: join(folder, "program"),
      format: "cjs",
      entryFileNames: "[name].cjs",
      chunkFileNames: "[name]-[hash].cjs",
    },
  });
}

function setModules(modules) {
  writeFileSync(join(folder, "modules.json"), JSON.stringify([...modules].map(([name, { code }]) => [name, code])));
}

/** How long what took the time since then may take once something is changed. */
function mostSince(begun) {
  return MOST_TIMES * (Date.now() - begun) + MOST_MORE_MS;
}

function areFixturesAsExpected(mostMs) {
  const options = { cwd: folder, stdio: "ignore", timeout: mostMs, killSignal: "SIGKILL" };
  return spawnSync(process.execPath, ["fixtures.cjs"], options).status === 0;
}

/** The modules of WebAssembly that files of a folder import. */
function modulesIn(folder) {
  const names = readdirSync(join(folder, "src"), { recursive: true }).filter((name) => name.endsWith(".ts"));
  return names.flatMap((name) => {
    const path = join(folder, "src", name);
    const found = /^import .* from "(.*\.wasm)";$/m.exec(readFileSync(path, "utf8"));
    return found === null ? [] : [`${join(dirname(path), found[1])}.js`];
  });
}

/** What such modules compile to, by name, each with the files that it took. */
async function compiledOf(names) {
  const compiler = assembly();
  const all = names.map(async (name) => {
    const sources = new Set();
    const code = await compiler.load.call({ addWatchFile: (path) => sources.add(path) }, name);
    return [name, { code, sources }];
  });
  return new Map(await Promise.all(all));
}

/** All changes of a file. */
function mutantsOf(file) {
  const lines = readFileSync(join(ROOT, file), "utf8").split("\n");
  return lines.flatMap((line, at) => {
    if (/^\s*(?:\/?\*|\/\/|import\b|export \{)/.test(line)) return [];
    return CHANGES.flatMap(([pattern, after]) =>
      [...line.matchAll(pattern)].map((found) => {
        const changed = line.slice(0, found.index) + after + line.slice(found.index + found[0].length);
        return {
          file,
          line: at + 1,
          before: found[0].trim(),
          after: after.trim() || "nothing",
          source: lines.with(at, changed).join("\n"),
        };
      }),
    );
  });
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

/** Copies what git does not ignore, and has it use the same packages. */
function copyTo(folder) {
  const { stdout } = spawnSync(
    "git",
    ["ls-files", "-zco", "--exclude-standard", "src", "test", "scripts", "fixtures", "*.json"],
    {
      cwd: ROOT,
      encoding: "utf8",
    },
  );
  for (const name of stdout.split("\0").filter(Boolean))
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "vitest.config.ts"), CONFIG);
  writeFileSync(join(folder, "fixtures.cjs"), FIXTURES);
}

/** What became of each test file that was run, in this order, up to the first that fails; null where they do not end within that time. */
function tested(order, mostMs) {
  const vitest = join(dirname(fileURLToPath(import.meta.resolve("vitest/package.json"))), "vitest.mjs");
  const report = join(folder, "report.json");
  rmSync(report, { force: true });
  writeFileSync(join(folder, "order.json"), JSON.stringify(order));
  spawnSync(
    process.execPath,
    [vitest, "run", "--bail=1", "--reporter=json", `--outputFile=${report}`, ...values.test],
    { cwd: folder, stdio: "ignore", timeout: mostMs, killSignal: "SIGKILL" },
  );
  return existsSync(report) ? JSON.parse(readFileSync(report, "utf8")).testResults : null;
}

/** The name of a test file in the copy. */
function nameOf({ name }) {
  return relative(folder, name);
}
