/**
 * Changes single places of the kernel, one after the other, and says which changes no test notices: what those lines do is held by none.
 *
 *     node scripts/mutation.mjs [--sample <n>] [--seed <n>] [--file <name>]… [--test <name>]…
 *
 * Works on a copy. Each change takes as long as the tests of test/packets and test/correlate do up to the first that fails; of all there
 * are, which are well over a thousand, it tries a sample.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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

/** As the repository's, but that nothing is built before: the command line is not tested. */
const CONFIG = `
import { defineConfig } from "vitest/config";
import { assembly } from "./scripts/assembly.mjs";
export default defineConfig({
  plugins: [assembly()],
  test: { include: ["test/{packets,correlate}/**/*.test.ts"], setupFiles: ["test/support/setup.ts"], env: { TZ: "UTC" },
    testTimeout: 120_000 },
});
`;

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
try {
  copyTo(folder);
  if (!pass(folder, "inherit")) throw new Error("the tests fail as they are");
  const counts = { noticed: 0, survived: 0 };
  for (const mutant of mutants.slice(0, Number(values.sample))) {
    const path = join(folder, mutant.file);
    const source = readFileSync(path, "utf8");
    writeFileSync(path, mutant.source);
    const survives = pass(folder);
    writeFileSync(path, source);
    counts[survives ? "survived" : "noticed"]++;
    console.log(
      `${survives ? "SURVIVED" : "noticed "} ${mutant.file}:${mutant.line}  ${mutant.before} → ${mutant.after}`,
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

/** Copies what git tracks, and has it use the same packages. */
function copyTo(folder) {
  const { stdout } = spawnSync("git", ["ls-files", "-z", "src", "test", "scripts", "fixtures", "*.json"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  for (const name of stdout.split("\0").filter(Boolean))
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "vitest.config.ts"), CONFIG);
}

/** Whether the tests pass; one that never ends does not. */
function pass(folder, output = "ignore") {
  const vitest = join(dirname(fileURLToPath(import.meta.resolve("vitest/package.json"))), "vitest.mjs");
  const { status } = spawnSync(process.execPath, [vitest, "run", "--bail=1", ...values.test], {
    cwd: folder,
    stdio: output,
    timeout: 1_200_000,
  });
  return status === 0;
}
