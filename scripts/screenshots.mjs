import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** Makes the README's pictures of a page, of what is built: `npm run build` first. Needs Debian's Chromium. */

const FOLDER = "src/report/html";
const WIDTH = 1100;
/** The rest of a ladder is more of the same. */
const LADDER_HEIGHT = 520;
const [INSIDE, OUTSIDE] = ["inside", "outside"].map((side) => `fixtures/drops/${side}.pcap`);
/** A flow of which a packet was sent again. */
const FLOW = 3;

const folder = mkdtempSync(join(tmpdir(), "natcorr-pictures-"));
const report = join(folder, "report.html");
execFileSync(process.execPath, ["dist/main.js", "file", "-q", INSIDE, OUTSIDE, "--html", report], { stdio: "ignore" });
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
try {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 760 }, timezoneId: "UTC" });
  await page.goto(`file://${report}#flow=${FLOW}`);
  await page.waitForSelector(".u-over");
  await page.evaluate("scrollTo(0, 0)");
  await page.screenshot({ path: `${FOLDER}/answer.png` });
  await page.evaluate("document.querySelector('#ladder').scrollIntoView()");
  const ladder = await page.locator("section:has(#ladder)").boundingBox();
  await page.screenshot({ path: `${FOLDER}/ladder.png`, clip: { ...ladder, height: LADDER_HEIGHT } });
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}
