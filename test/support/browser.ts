import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's, whose package is `chromium`. */
const CHROMIUM = "/usr/bin/chromium";

/** What tests of pages need. */
export const browser = (): string | undefined => (existsSync(CHROMIUM) ? undefined : "chromium (as a Debian package)");

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
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
  const page = await of.newPage({ colorScheme, viewport: { width: 1200, height: 900 } });
  const complaints: string[] = [];
  const url = `file://${path}${hash}`;
  page.on("console", (message) => complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => void complaints.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    if (request.url() !== `file://${path}`) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  await page.waitForSelector("footer, [role=alert]");
  return { page, complaints };
}
