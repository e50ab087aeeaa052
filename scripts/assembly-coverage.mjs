/** What tests enter of the AssemblyScript: V8's coverage does not see into it. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Where tests leave the places that they entered, a file a test file. */
export const HITS = join(ROOT, "coverage/assembly");

/** All files, in an order that numbers them. */
const FILES = readdirSync(join(ROOT, "src"), { recursive: true })
  .filter((name) => /(^|\/)assembly\/.+\.ts$/.test(name))
  .map((name) => join(ROOT, "src", name))
  .sort();

/** Lines of a file at the most: a place is a line of a file, in one number. */
const LINE_BITS = 13;

/** A block that is entered or not: what opens one, but for those that list names or cases. */
const OPENS = /^(?!\s*(?:import|export \{|switch\b|\/?\*)).*\{$/;
/** A branch without a block, on its line. */
const BRANCH = /^\s*(?:else if|else|if|for|while)\b/;

/** The places of a source: the numbers of its lines, from 1 on, that begin a block or are a branch. */
function placesOf(source) {
  return source.split("\n").flatMap((line, at) => (OPENS.test(line) || branchOf(line) !== undefined ? [at + 1] : []));
}

/** Where the statement of a branch without a block begins in its line; undefined where that is none. */
function branchOf(line) {
  const begin = BRANCH.exec(line);
  if (begin === null || !line.endsWith(";")) return undefined;
  let at = begin[0].length;
  if (line.startsWith("else", line.search(/\S/)) && !begin[0].endsWith("else if")) return at + 1;
  let depth = 0;
  do {
    at = line.slice(at).search(/[()]/) + at;
    depth += line[at] === "(" ? 1 : -1;
    at++;
  } while (depth > 0);
  return at + 1;
}

/** The source of a file that says of each place that it was entered. */
export function counting(source, file) {
  const base = FILES.indexOf(file) << LINE_BITS;
  const lines = source.split("\n").map((line, at) => {
    if (OPENS.test(line)) return `${line} hit(${base + at + 1});`;
    const branch = branchOf(line);
    return branch === undefined ? line : `${line.slice(0, branch)}{ hit(${base + at + 1}); ${line.slice(branch)} }`;
  });
  return `${lines.join("\n")}\n@external("coverage", "hit")\ndeclare function hit(place: i32): void;\n`;
}

/** Forgets what was entered before. */
export function beginCoverage() {
  rmSync(HITS, { recursive: true, force: true });
  mkdirSync(HITS, { recursive: true });
  // tests that give up root tell, too
  chmodSync(HITS, 0o777);
}

/** A table of the files: how many places were entered, and the lines of those that were not. */
export function coverageReport() {
  const hits = new Set(readdirSync(HITS).flatMap((name) => JSON.parse(readFileSync(join(HITS, name), "utf8"))));
  let [all, entered] = [0, 0];
  const rows = FILES.map((file, number) => {
    const places = placesOf(readFileSync(file, "utf8"));
    const missed = places.filter((line) => !hits.has((number << LINE_BITS) + line));
    all += places.length;
    entered += places.length - missed.length;
    return `${relative(ROOT, file).padEnd(52)} ${percent(places.length - missed.length, places.length)}  ${missed.join(",")}`;
  });
  return [
    "AssemblyScript: blocks and branches entered, and lines of those that were not",
    ...rows,
    `${"all".padEnd(52)} ${percent(entered, all)}`,
  ].join("\n");
}

function percent(part, all) {
  return `${((100 * part) / Math.max(1, all)).toFixed(1).padStart(5)} %`;
}
