import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  browser as hasBrowser,
  openBrowser,
  openOnPhone,
  openPage,
  tooWideIn,
  violationsIn,
} from "../support/browser.js";
import { natcorr } from "../support/natcorr.js";
import { isSkipped } from "../support/needs.js";
import { scratch } from "../support/scratch.js";

const FIXTURES = join(import.meta.dirname, "../../fixtures");
const NAMES = ["mixed", "drops", "proxy-ipv6", "tso-off-drops"];
/** What is left between the usual margins, points of 1/96 inch: A5, half a letter, and A4. */
const PAPERS = [483, 452, 718];

describe.skipIf(isSkipped("narrow pages in a browser", hasBrowser))("a page where there is little room", () => {
  const paths = new Map<string, string>();
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
    for (const name of NAMES) {
      const path = scratch(`${name}.html`);
      const captures = ["inside", "outside"].map((side) => `${FIXTURES}/${name}/${side}.pcap`);
      await natcorr("file", "-q", ...captures, "--html", path);
      paths.set(name, path);
    }
  });
  afterAll(() => browser.close());

  it.each(NAMES)("needs nothing to be scrolled sideways on a phone: %s", async (name) => {
    for (const scheme of ["light", "dark"] as const) {
      const { page, complaints } = await openOnPhone(browser, paths.get(name) ?? "", "#flow=1", scheme);
      await page.waitForSelector(".map svg");
      expect(await tooWideIn(page)).toEqual([]);
      expect(await violationsIn(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.close();
    }
  });

  it("has a link for the columns of the totals, which have no room on a phone", async () => {
    const path = paths.get("drops") ?? "";
    const { page: wide } = await openPage(browser, path, "");
    expect(await wide.locator(".totals .columns:visible").count()).toBe(3);
    expect(await wide.locator(".totals a:visible").count()).toBe(0);
    const { page } = await openOnPhone(browser, path, "", "light");
    expect(await page.locator(".totals .columns:visible").count()).toBe(0);
    await page.locator(".totals a").tap();
    expect(await page.locator("#account").evaluate((heading) => heading.getBoundingClientRect().top)).toBeLessThan(844);
  });

  it("tells a place's whole name on a phone where it is tapped", async () => {
    const { page } = await openOnPhone(browser, paths.get("proxy-ipv6") ?? "", "", "light");
    const place = page.locator(".map [data-place]").first();
    const name = (await place.getAttribute("data-place"))?.replace(/^\w+ /, "");
    await place.tap();
    expect(await page.locator(".map .hint").textContent()).toContain(`${name}: `);
    expect(await tooWideIn(page)).toEqual([]);
  });

  it.each(NAMES)("is cut nowhere on paper, of whatever size: %s", async (name) => {
    const { page, complaints } = await openPage(browser, paths.get(name) ?? "", "#flow=1");
    await page.emulateMedia({ media: "print" });
    for (const width of PAPERS) {
      await page.setViewportSize({ width, height: 700 });
      await page.waitForFunction(`document.querySelector(".map svg").viewBox.baseVal.width > 0`);
      expect(await tooWideIn(page)).toEqual([]);
    }
    expect(complaints).toEqual([]);
  });

  it("ties rows where they are, also where words make them higher", async () => {
    const { page } = await openOnPhone(browser, paths.get("drops") ?? "", "#flow=3", "light");
    const ties = (
      await page.locator(".ties-drawn path").evaluateAll((all) => all.map((each) => each.getAttribute("d")))
    ).map(
      (path) =>
        /^M0,([\d.]+) .* 0,([\d.]+)$/
          .exec(path ?? "")
          ?.slice(1)
          .map(Number) ?? [],
    );
    const rows: number[] = await page.evaluate(`
      (() => {
        const list = document.querySelector(".ladder");
        const { top } = list.getBoundingClientRect();
        return [...list.querySelectorAll(".lanes")].map((lanes) => {
          const { y, height } = lanes.getBoundingClientRect();
          return y + height / 2 - top + list.scrollTop;
        });
      })()`);
    expect(ties.length).toBeGreaterThan(0);
    const nearest = ties.flat().map((y) => Math.min(...rows.map((row) => Math.abs(row - y))));
    expect(Math.max(...nearest)).toBeLessThan(2);
  });
});
