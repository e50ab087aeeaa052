/**
 * Changes single places of the kernel, one after the other, and says which changes no test notices: what those lines do is held by none.
 *
 *     node scripts/mutation.mjs [--sample <n>] [--seed <n>] [--file <name>]… [--test <name>]…
 *
 * Works on a copy, and leaves the machine to others as far as it can. Each change takes as long as the tests of test/packets and
 * test/correlate do up to the first that fails, those first that noticed changes before; of all changes there are, which are well over a
 * thousand, it tries a sample.
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

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const KERNEL = "src/correlate/kernel/assembly";
const TABLES = "src/packets/assembly";

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
 * As the repository's, but that nothing is built before: the command line is not tested. No test has a limit of its own, as a slow machine is
 * no fault; in threads, a test that never ends ends with the process.
 */
const CONFIG = `
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { assembly } from "./scripts/assembly.mjs";
const order = JSON.parse(readFileSync("./order.json", "utf8"));
const placeOf = ({ moduleId }) => order.findIndex((name) => moduleId.endsWith(name));
class InOrder {
  shard = (files) => files;
  sort = (files) => files.toSorted((a, b) => placeOf(a) - placeOf(b));
}
const hashOf = (text) => createHash("sha256").update(text).digest("hex");
const plugin = assembly();
/** What was compiled before, where none of its sources has changed: of ten modules, a change concerns one or two. */
async function load(id) {
  const kept = hashOf(id) + ".json";
  const before = existsSync(kept) ? JSON.parse(readFileSync(kept, "utf8")) : { sources: [["", ""]] };
  if (before.sources.every(([name, hash]) => existsSync(name) && hashOf(readFileSync(name)) === hash)) return before.code;
  const sources = [];
  const addWatchFile = (name) => sources.push([name, hashOf(readFileSync(name))]);
  const code = await plugin.load.call({ addWatchFile }, id);
  if (code !== undefined) writeFileSync(kept, JSON.stringify({ sources, code }));
  return code;
}
export default defineConfig({
  plugins: [{ ...plugin, load }],
  test: { include: ["test/{packets,correlate}/**/*.test.ts"], setupFiles: ["test/support/setup.ts"], env: { TZ: "UTC" },
    testTimeout: 0, hookTimeout: 0, pool: "threads", isolate: false, maxWorkers: 1, sequence: { sequencer: InOrder } },
});
`;

/** A change makes the tests end, or never: what takes so many times as long as they did before, and some seconds, does not end. */
const MOST_TIMES = 5;
const MOST_MORE_MS = 120_000;

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
  [KERNEL, TABLES].flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => join(folder, name)));
const mutants = shuffled(files.flatMap(mutantsOf), Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), "natcorr-mutation-"));
setPriority(10);
try {
  copyTo(folder);
  const begun = Date.now();
  const baseline = tested([]);
  const mostMs = MOST_TIMES * (Date.now() - begun) + MOST_MORE_MS;
  if (baseline === null || baseline.some(({ status }) => status !== "passed"))
    throw new Error(`these fail as they are: ${baseline?.filter(({ status }) => status !== "passed").map(nameOf)}`);
  /** By test file: how long it takes, and how many changes it noticed. */
  const tests = baseline.map((test) => ({ name: nameOf(test), ms: test.endTime - test.startTime, noticed: 0 }));
  const counts = { noticed: 0, survived: 0 };
  for (const mutant of mutants.slice(0, Number(values.sample))) {
    tests.sort((a, b) => b.noticed - a.noticed || a.ms - b.ms);
    const path = join(folder, mutant.file);
    const source = readFileSync(path, "utf8");
    writeFileSync(path, mutant.source);
    const results = tested(
      tests.map(({ name }) => name),
      mostMs,
    );
    writeFileSync(path, source);
    const noticedBy = results?.find(({ status }) => status !== "passed");
    const survives = results !== null && noticedBy === undefined;
    if (noticedBy) tests.find(({ name }) => name === nameOf(noticedBy)).noticed++;
    counts[survives ? "survived" : "noticed"]++;
    const by = survives ? "" : `  (${noticedBy ? nameOf(noticedBy) : "it does not end, or does not begin"})`;
    console.log(
      `${survives ? "SURVIVED" : "noticed "} ${mutant.file}:${mutant.line}  ${mutant.before} → ${mutant.after}${by}`,
    );
  }
  console.log(
    `of ${mutants.length} changes, tried ${counts.noticed + counts.survived}: noticed ${counts.noticed}, survived ${counts.survived}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
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
}

/**
 * What became of each test file that was run, in this order, up to the first that fails; null where they do not end within that time, or where
 * there is nothing to run, as what was changed does not compile.
 */
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
  return relative(realpathSync(folder), name);
}
