import { execFileSync } from "node:child_process";
import { copyFile, cp, readdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { assembly } from "./assembly.mjs";
import { makePage } from "./page.mjs";

/** Packages that are ES modules only, which CommonJS cannot require in every Node 20: they become part of dist. */
const ES_MODULES = /^(fast-string-|hyparquet)/;

/** Begins main.js, which Node 12 must be able to parse: an older one is told so before it stumbles over what it lacks. */
const refuseOldNode = `if (parseInt(process.versions.node, 10) < 20) {
  process.stderr.write("natcorr needs Node 20 or newer, and this is " + process.version + "\\n");
  process.exit(1);
}`;

/**
 * Makes dist's JavaScript; tsc makes the types. What this does that tsc does not:
 *
 * - It writes constants into the code that imports them. V8 reads an imported constant anew each time, checks that it is a
 *   number, and checks sums with it for overflow (Node 20): loops over records, whose fields have names, took a fifth longer.
 * - It puts modules together: Node takes half a millisecond to load each, and a run needs a hundred of them.
 * - It makes CommonJS of them, which Node loads in less than half the time, on the thread that decodes as well (Node 20, 2026-11).
 */
async function make(compiler, input, output, more) {
  await build({
    input,
    platform: "node",
    external: (id) => /^[^./]/.test(id) && !ES_MODULES.test(id),
    plugins: [compiler],
    // that compiling takes most of the time is no news
    checks: { bundlerTimings: false },
    optimization: { inlineConst: { mode: "all", pass: 3 } },
    ...more,
    // V8 keeps the text of a program, two bytes a character where one is not of Latin-1
    output: { dir: "dist", format: "cjs", comments: false, ...output },
  });
}

/** Makes all of dist but the types. `compiler`: the plugin for AssemblyScript, for whoever has one already. */
export async function makeAll(compiler = assembly()) {
  await make(
    compiler,
    { main: "src/main.ts", index: "src/index.ts" },
    {
      cleanDir: true,
      entryFileNames: "[name].js",
      chunkFileNames: "lib/[name].js",
      banner: ({ name }) => (name === "main" ? refuseOldNode : ""),
    },
  );
  // The thread that decodes is started from a file beside the one that starts it, as in src. It shares no other with the program: to
  // load one file instead of ten, it has its packets 3 ms sooner, for which a large capture waits (Node 20, 2026-11).
  await make(
    compiler,
    { "decoding-thread": "src/pipeline/decoding-thread.ts" },
    { entryFileNames: "lib/[name].js", chunkFileNames: "lib/[name]-for-thread.js" },
  );

  // what is said of src, in the package's own manifest, is not so of dist
  await writeFile("dist/package.json", `${JSON.stringify({ type: "commonjs" })}\n`);

  // Wireshark reads files
  await copyFile("src/report/annotated/natcorr.lua", "dist/natcorr.lua");
  await cp("src/report/annotated/profile", "dist/wireshark-profile", { recursive: true });

  // a browser reads what natcorr --html fills
  await makePage("dist/report.html");

  // for editors and validators, which read files
  for (const [of, file] of [
    ["output", "schema.json"],
    ["snapshot", "snapshot-schema.json"],
    ["change", "change-schema.json"],
  ])
    await writeFile(`dist/${file}`, execFileSync(process.execPath, ["dist/main.js", "schema", of]));
}

/** Makes in `dir` one module of each of src's, constants written into it as in dist: for tests, which import them one by one. */
export async function makeModules(compiler, dir) {
  const files = await readdir("src", { recursive: true });
  const modules = files.filter((file) => file.endsWith(".ts") && !/\bassembly\/|\bhtml\/page\/|\.d\.ts$/.test(file));
  await make(
    compiler,
    modules.map((file) => `src/${file}`),
    { dir, cleanDir: true, format: "esm", preserveModules: true, preserveModulesRoot: "src" },
    { preserveEntrySignatures: "strict" },
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await makeAll();
