import { existsSync } from "node:fs";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's, whose package is `chromium`. */
export const CHROMIUM = "/usr/bin/chromium";

/** What tests of pages need. */
export const browser = (): string | undefined => (existsSync(CHROMIUM) ? undefined : "chromium (as a Debian package)");

/** `executablePath`: what starts that one, elsewhere. */
export function openBrowser(executablePath = CHROMIUM): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
  });
}

/** A page of natcorr's in a browser, and what it did that it should not have. */
export interface Opened {
  readonly page: Page;
  /** What it said on the console, what failed, and what it asked for. */
  readonly complaints: string[];
}

/** Opens a file. Waits until it shows what it holds, or says that it cannot. */
export async function openPage(
  of: Browser,
  path: string,
  hash = "",
  colorScheme: "light" | "dark" = "light",
): Promise<Opened> {
  const file = `file://${path}`;
  return openAt(of, `${file}${hash}`, (url) => url === file, colorScheme);
}

/** Opens a file on a phone: 360 × 740 points, to be touched. */
export async function openOnPhone(
  of: Browser,
  path: string,
  hash: string,
  colorScheme: "light" | "dark",
): Promise<Opened> {
  const file = `file://${path}`;
  const page = await of.newPage({ colorScheme, viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
  return opened(page, `${file}${hash}`, (url) => url === file);
}

/** Opens a page that is served. It may ask its own address, and what is below that. */
export async function openServed(of: Browser, url: string, hash = ""): Promise<Opened> {
  return openAt(of, `${url}${hash}`, (asked) => asked.startsWith(url), "light");
}

async function openAt(
  of: Browser,
  url: string,
  isOwn: (url: string) => boolean,
  colorScheme: "light" | "dark",
): Promise<Opened> {
  return opened(await of.newPage({ colorScheme, viewport: { width: 1200, height: 900 } }), url, isOwn);
}

async function opened(page: Page, url: string, isOwn: (url: string) => boolean): Promise<Opened> {
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => void complaints.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    if (!isOwn(request.url())) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  await page.waitForSelector("footer, [role=alert]");
  return { page, complaints };
}

/** What axe finds that somebody could not read. */
export async function violationsIn(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(
    "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ').slice(0, 300)}`))",
  );
}

/** What does not fit: elements that are wider than the page, boxes that are scrolled sideways, and those that cut what is in them. */
export async function tooWideIn(page: Page): Promise<string[]> {
  return page.evaluate(`
    (() => {
      const { clientWidth, scrollWidth } = document.documentElement;
      const all = [...document.querySelectorAll("body *")];
      const named = (element) => element.localName + "." + element.getAttribute("class") + ": " + element.textContent.slice(0, 60);
      const isUnseen = (element) => element.clientWidth <= 1 || element.ownerSVGElement !== null;
      const beyond = all.filter((element) => !isUnseen(element) && element.getBoundingClientRect().right > clientWidth + 1);
      const cut = all.filter(
        (element) => !isUnseen(element) && element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== "visible",
      );
      return [...(scrollWidth > clientWidth ? ["the page"] : []), ...beyond.map(named), ...cut.map(named)];
    })()`);
}
