import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { generate } from "./generate.js";
import { type Cost, inTurn, measure } from "./measure.js";
import { MIXES } from "./mixes.js";
import { table } from "./table.js";

/** The mix that has some of everything. */
const MIX = "everything";
/** The one that has most flows, and how many packets 100,000 of these are. */
const OF_FLOWS = { mix: "dns", packets: 440_000 };
const RUNS = 3;

/**
 * Measures what is written beside the report, a page and annotated captures, against the report alone, and tables against NDJSON; how long Debian's Chromium takes to open that page, one of 100,000 flows, and
 * one that says nothing, which tells how busy the machine is; and how long a search and an order of 100,000 flows take. Prints tables as Markdown.
 *
 * @param packets frames inside.
 * @throws Error where natcorr or the browser fails.
 */
export async function measureWritten(packets: number, natcorr: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "natcorr-written-"));
  try {
    const { inside, outside } = generated(MIX, packets, join(folder, "packets"));
    const [page, ofFlows, both, empty] = ["report.html", "flows.html", "both.pcapng", "empty.html"].map((name) =>
      join(folder, name),
    );
    const quietly = (...captures: string[]) => [process.execPath, natcorr, "file", ...captures, "-q"];
    const quiet = quietly(inside, outside);
    const commands = [quiet, [...quiet, "--html", page], [...quiet, "-w", both]];
    const costs = await inTurn(
      commands.map((command) => () => measure(command)),
      RUNS,
    );
    const bytes = [0, statSync(page).size, statSync(both).size];
    const rows = ["-q", "-q --html", "-q -w"].map((name, at) => rowOf(name, costs[at], costs[0], bytes[at]));
    process.stdout.write(table(["", "wall to -q", "processor to -q", "peak MiB", "written MB"], rows));
    process.stdout.write(`\n${await tables([process.execPath, natcorr, "file", inside, outside], folder)}`);
    const flows = generated(OF_FLOWS.mix, OF_FLOWS.packets, join(folder, "flows"));
    await measure([...quietly(flows.inside, flows.outside), "--html", ofFlows]);
    writeFileSync(empty, "<!doctype html><title>empty</title><footer>This page says nothing</footer>");
    process.stdout.write(`\n${await opened([empty, page, ofFlows])}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A row of a table: what a command costs, in time to another one, and in memory, and what it wrote, if anything. */
function rowOf(name: string, { wallS, cpuS, peakMiB }: Cost, to: Cost, bytes: number): string[] {
  const [wall, cpu] = [wallS / to.wallS, cpuS / to.cpuS].map((times) => `${times.toFixed(2)} ×`);
  return [name, wall, cpu, peakMiB.toFixed(0), bytes === 0 ? "" : (bytes / 1e6).toFixed(1)];
}

/** What tables cost, against NDJSON of the same. */
async function tables(file: readonly string[], folder: string): Promise<string> {
  const [lines, run] = ["lines.ndjson", "run"].map((name) => join(folder, name));
  const costs = await inTurn(
    [
      () => measure([...file, "--format", "ndjson"], lines),
      () => {
        // one that has tables is refused
        rmSync(run, { recursive: true, force: true });
        return measure([...file, "-q", "--parquet", run]);
      },
    ],
    RUNS,
  );
  const parts = readdirSync(run, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet"));
  const inParts = parts.reduce((sum, part) => sum + statSync(join(run, part)).size, 0);
  const bytes = [statSync(lines).size, inParts];
  const rows = ["--format ndjson", "-q --parquet"].map((name, at) => rowOf(name, costs[at], costs[0], bytes[at]));
  return table(["", "wall to NDJSON", "processor to NDJSON", "peak MiB", "written MB"], rows);
}

function generated(name: string, packets: number, folder: string): { inside: string; outside: string } {
  const mix = MIXES.get(name);
  if (mix === undefined) throw new Error(`there is no mix ${name}`);
  mkdirSync(folder);
  return generate({ ...mix, packets }, folder, 1);
}

/** How long pages take until all of them is shown, in turn; and what their readers do then. */
async function opened(pages: readonly string[]): Promise<string> {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  const best = pages.map(() => ({ openMs: Number.POSITIVE_INFINITY, doneMs: Number.POSITIVE_INFINITY }));
  try {
    for (let run = 0; run < RUNS; run++)
      for (const [at, path] of pages.entries()) {
        const tab = await browser.newPage();
        const began = performance.now();
        await tab.goto(`file://${path}`);
        await tab.waitForSelector("footer");
        best[at].openMs = Math.min(best[at].openMs, performance.now() - began);
        best[at].doneMs = Math.min(best[at].doneMs, at === 0 ? 0 : await slowestMs(tab));
        await tab.close();
      }
  } finally {
    await browser.close();
  }
  const rows = best.map(({ openMs, doneMs }, at) => [
    ["one that says nothing", MIX, `${OF_FLOWS.mix}, 100,000 flows`][at],
    openMs.toFixed(0),
    `${(openMs / best[0].openMs).toFixed(1)} ×`,
    at === 0 ? "" : (statSync(pages[at]).size / 1e6).toFixed(1),
    at === 0 ? "" : doneMs.toFixed(0),
  ]);
  return table(["page", "opens, ms", "to the first", "MB", "slowest search or order, ms"], rows);
}

/** The longest that a page takes to draw what was typed, or ordered; what flows can be searched for is put together before. */
async function slowestMs(tab: Page): Promise<number> {
  return tab.evaluate<number>(`(async () => {
    const search = document.querySelector("input[type=search]");
    const type = (words) => () => { search.value = words; search.dispatchEvent(new Event("input")); };
    const orders = [...document.querySelectorAll("[role=columnheader] button")].map((button) => () => button.click());
    const took = [];
    for (const act of [type("x"), type("1"), type("17"), type("172.17"), type(""), ...orders]) {
      const began = performance.now();
      act();
      await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
      took.push(performance.now() - began);
    }
    return Math.max(...took.slice(1));
  })()`);
}
