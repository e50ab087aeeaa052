import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { generate } from "./generate.js";
import { inTurn, measure } from "./measure.js";
import { MIXES } from "./mixes.js";
import { table } from "./table.js";

/** The mix that has some of everything. */
const MIX = "everything";
const RUNS = 3;

/**
 * Measures what is written beside the report, a page and annotated captures, against the report alone, and how long Debian's Chromium takes to open the page; prints a
 * table as Markdown.
 *
 * @param packets frames inside.
 * @throws Error where natcorr or the browser fails.
 */
export async function measureWritten(packets: number, natcorr: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "natcorr-written-"));
  try {
    const mix = MIXES.get(MIX);
    if (mix === undefined) throw new Error(`there is no mix ${MIX}`);
    const { inside, outside } = generate({ ...mix, packets }, folder, 1);
    const [page, both] = ["report.html", "both.pcapng"].map((name) => join(folder, name));
    const quiet = [process.execPath, natcorr, "file", inside, outside, "-q"];
    const commands = [quiet, [...quiet, "--html", page], [...quiet, "-w", both]];
    const costs = await inTurn(
      commands.map((command) => () => measure(command)),
      RUNS,
    );
    const rows = costs.map(({ wallS, cpuS, peakMiB }, at) => [
      ["-q", "-q --html", "-q -w"][at],
      `${(wallS / costs[0].wallS).toFixed(2)} ×`,
      `${(cpuS / costs[0].cpuS).toFixed(2)} ×`,
      peakMiB.toFixed(0),
      at === 0 ? "" : (statSync([page, both][at - 1]).size / 1e6).toFixed(1),
    ]);
    process.stdout.write(table(["", "wall to -q", "processor to -q", "peak MiB", "written MB"], rows));
    process.stdout.write(`\nThe page opens in ${(await openingMs(page)).toFixed(0)} ms (best of ${RUNS})\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Until all of it is shown. */
async function openingMs(page: string): Promise<number> {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run < RUNS; run++) {
      const tab = await browser.newPage();
      const began = performance.now();
      await tab.goto(`file://${page}`);
      await tab.waitForSelector("footer");
      best = Math.min(best, performance.now() - began);
      await tab.close();
    }
    return best;
  } finally {
    await browser.close();
  }
}
