import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { build } from "rolldown";

const SOURCE = "src/report/html/page";

function hashOf(text) {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/**
 * Writes the page that `natcorr file --html` fills: one file, whose Content-Security-Policy lets nothing run or be shown but its own script and style, each named by
 * its hash, and nothing be asked of anybody.
 */
export async function makePage(file) {
  const { output } = await build({
    input: `${SOURCE}/main.ts`,
    platform: "browser",
    write: false,
    tsconfig: `${SOURCE}/tsconfig.json`,
    checks: { bundlerTimings: false },
    output: { format: "iife", minify: true, comments: false },
  });
  const script = output[0].code.trim();
  const uplot = createRequire(import.meta.url).resolve("uplot/dist/uPlot.min.css");
  const style = `${await readFile(uplot, "utf8")}${await readFile(`${SOURCE}/page.css`, "utf8")}`.trim();
  const parts = { script, style, scriptHash: hashOf(script), styleHash: hashOf(style) };
  const template = await readFile(`${SOURCE}/page.html`, "utf8");
  const page = template.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, page);
}
