import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { threadId } from "node:worker_threads";

const FOLDER = fileURLToPath(new URL("../build/assembly/", import.meta.url));

/** What compiles: this project's part of it, and packages, whose manifests say their versions. */
const COMPILER = [
  "./assembly.mjs",
  "./constants.mjs",
  "./assembly-compiler.mjs",
  "./assembly-coverage.mjs",
  "./kept.mjs",
  "../node_modules/assemblyscript/package.json",
  "../node_modules/binaryen/package.json",
].map((file) => fileURLToPath(new URL(file, import.meta.url)));

/**
 * What a module compiles to, and all sources that it took: as it was kept when it was made last, or made and kept now. It is a function of the files
 * that are read while it is made, of those that are looked for in vain, and of the compiler. It is made again unless all of these are as they were, by what is in
 * them. `name`: of the module, and of how it is made; `make` reads by the function that it is given, which returns null of a file that is not there.
 */
export async function kept(name, make, folder = FOLDER) {
  const file = join(folder, `${digestOf(name)}.json`);
  const last = await readFile(file, "utf8")
    .then(JSON.parse)
    .catch(() => undefined);
  if (last !== undefined && (await areSame(last.read))) return resultOf(last);

  const read = {};
  const reading = async (path) => {
    const text = await textOf(path);
    read[path] = digestOf(text);
    return text;
  };
  for (const path of COMPILER) await reading(path);
  const made = { read, base64: Buffer.from(await make(reading)).toString("base64") };
  await mkdir(folder, { recursive: true });
  // at once, as another build may read it
  const beside = `${file}.${process.pid}-${threadId}`;
  await writeFile(beside, JSON.stringify(made));
  await rename(beside, file);
  return resultOf(made);
}

async function areSame(read) {
  const are = Object.entries(read).map(async ([path, digest]) => digestOf(await textOf(path)) === digest);
  return (await Promise.all(are)).every(Boolean);
}

function resultOf({ read, base64 }) {
  const sources = Object.keys(read).filter((path) => read[path] !== null && !COMPILER.includes(path));
  return { bytes: Buffer.from(base64, "base64"), sources };
}

const textOf = (path) => readFile(path, "utf8").catch(() => null);
const digestOf = (text) => (text === null ? null : createHash("sha256").update(text).digest("hex"));
