import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browser as hasBrowser, openBrowser, openPage } from "../support/browser.js";
import { natcorr } from "../support/natcorr.js";
import { isSkipped, tools } from "../support/needs.js";
import { scratch } from "../support/scratch.js";

const FIXTURES = join(import.meta.dirname, "../../fixtures");
/** Each with a flow whose ladder goes over more than a page, or has trouble in it. */
const CASES = [
  { name: "mixed", flow: 10 },
  { name: "drops", flow: 3 },
  { name: "proxy-ipv6", flow: 1 },
  { name: "tso-off-drops", flow: 1 },
];
const FORMATS = ["A4", "A5", "Letter"];
/** A line of the ladder is the smallest that stands alone. */
const LEAST_LINES = 3;

const withoutSpaces = (text: string): string => text.replaceAll(/\s/g, "");

/** The lines of each sheet of a PDF. */
function sheetsOf(pdf: Buffer): string[][] {
  const path = scratch("page.pdf");
  writeFileSync(path, pdf);
  const text = execFileSync("pdftotext", ["-layout", path, "-"], { encoding: "utf8" });
  const sheets = text.split("\f").slice(0, -1);
  return sheets.map((sheet) => sheet.split("\n").filter((line) => line.trim() !== ""));
}

describe.skipIf(isSkipped("pages on paper", hasBrowser, tools(["pdftotext"], "Debian's poppler-utils")))(
  "a page on paper",
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await openBrowser();
    });
    afterAll(() => browser.close());

    it.each(CASES)(
      "loses no word of it, and has no heading alone: $name",
      async ({ name, flow }) => {
        const path = scratch(`${name}.html`);
        const captures = ["inside", "outside"].map((side) => `${FIXTURES}/${name}/${side}.pcap`);
        await natcorr("file", "-q", ...captures, "--html", path);
        const { page } = await openPage(browser, path, `#flow=${flow}`);
        const headings = await page.locator("h2").allTextContents();
        const said = await page.locator("h1, h2, h3, .line, .finding p, .head p").allTextContents();
        // several frames may stand on two lines
        const frames = (await page.locator(".ladder .frames").allTextContents()).flatMap((named) =>
          named.split(/[ …]/),
        );
        const flows = Number.parseInt((await page.locator(".count").textContent()) ?? "", 10);
        for (const format of FORMATS) {
          const sheets = sheetsOf(await page.pdf({ format }));
          const all = withoutSpaces(sheets.flat().join(""));
          expect(said.filter((line) => !all.includes(withoutSpaces(line)))).toEqual([]);
          expect(frames.filter((frame) => !all.includes(frame))).toEqual([]);
          // each flow has its latency, one way or both, and the page nothing else that looks like it
          expect(sheets.flat().filter((line) => /→ [\d.]+.s · [\d.]+.s/.test(line)).length).toBeGreaterThan(flows / 2);
          for (const sheet of sheets) {
            expect(sheet.length).toBeGreaterThanOrEqual(LEAST_LINES);
            expect(headings).not.toContain(sheet.at(-1)?.trim());
            expect(sheet.at(-1)).not.toMatch(/^\s*(?:\d+ flows|flow \d+)/);
          }
          // nothing is one row a sheet
          const rows = said.length + frames.length / 2 + flows;
          expect(sheets.length).toBeLessThan(3 + rows / 8);
        }
      },
      60_000,
    );
  },
);
