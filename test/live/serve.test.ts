import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { browser as hasBrowser, CHROMIUM, openBrowser, openServed, violationsIn } from "../support/browser.js";
import { isSkipped, tools } from "../support/needs.js";
import { recordsIn } from "../support/page.js";
import { BOTH, Lab, type Line, ONLY_ICMP, PUBLIC, type Running, skips } from "./lab.js";

/** What a request is answered with, and by what. */
const STATUS = ["-s", "-o", "/dev/null", "-w", "%{http_code}"];

const skipsPages = skips || isSkipped("served pages of a live run", hasBrowser, tools(["curl"]));

describe.skipIf(skipsPages)("natcorr live --serve in the lab", () => {
  let lab: Lab;
  let folder: string;
  let browser: Browser;

  beforeAll(async () => {
    lab = new Lab("plain");
    folder = mkdtempSync(join(tmpdir(), "natcorr-serve-"));
    // loopback is the host's that captures: the browser runs there
    const inLab = join(folder, "chromium");
    writeFileSync(inLab, `#!/bin/sh\nexec ${lab.commandOf("dhost", CHROMIUM)} "$@"\n`);
    chmodSync(inLab, 0o755);
    browser = await openBrowser(inLab);
  });

  afterEach(() => lab.endAll());

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
    lab.down();
  });

  const ping = (count: number): Promise<string> =>
    lab.run("c1", "ping", "-q", "-i", "0.02", "-c", String(count), PUBLIC);

  async function serving(...args: readonly string[]): Promise<{ live: Running; url: string }> {
    const live = await lab.live(...BOTH, "--format", "ndjson", "--serve", "0", ...args);
    await live.hasSaid(/the page is at \S+\n/);
    const [, url = ""] = /the page is at (\S+)\n/.exec(live.stderr) ?? [];
    return { live, url };
  }

  it("shows what passes while it passes, keeps what is looked at, and has all of it in the end", async () => {
    const path = join(folder, "report.html");
    const { live, url } = await serving("--html", path, ...ONLY_ICMP);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}\/$/);
    const { page, complaints } = await openServed(browser, url);
    await ping(5);
    await page.waitForSelector('header p:has-text("10 pairs, all of them")');
    await page.locator(".rows .row").first().click();
    expect(await page.locator(".ladder li").count()).toBe(10);
    await page.getByRole("searchbox").fill("icmp");
    await ping(5);
    await page.waitForSelector('header p:has-text("20 pairs, all of them")');
    expect(await page.locator(".ladder li").count()).toBe(10);
    expect(await page.locator("input[type=search]:focus").inputValue()).toBe("icmp");
    expect(await page.locator(".count").textContent()).toBe("2 flows");
    expect(await violationsIn(page)).toEqual([]);

    expect(await live.interrupt()).toBe(0);
    await page.waitForSelector('.run[data-state="over"]');
    const frames = new Set<string>();
    for (const { flow } of live.lines.filter(({ type }) => type === "flow")) {
      await page.locator(`.row[data-flow="${flow}"] a`).first().click();
      for (const text of await page.locator(".ladder .frames").allTextContents()) frames.add(`${flow} ${text}`);
    }
    expect(frames).toEqual(new Set(framesIn(live.pairs)));
    expect(complaints).toEqual([]);
    // the token stands in no file
    const written = readFileSync(path, "utf8");
    expect(recordsIn(written)).toEqual(live.stdout.trimEnd().split("\n"));
    expect(written).not.toContain(url);
  });

  it("answers who may not open the port itself, once it is another user's", async () => {
    const { live, url } = await serving("-Z", "nobody", "--host", "off");
    expect(await lab.run("dhost", "curl", ...STATUS, url)).toBe("200");
    expect(await lab.run("dhost", "curl", ...STATUS, url.replace(/[^/]+\/$/, "x/"))).toBe("404");
    expect(await live.interrupt()).toBe(0);
  });

  it("says plainly where it cannot be served, before it captures", async () => {
    const { live, url } = await serving("--host", "off");
    const port = new URL(url).port;
    const second = await lab.live(...BOTH, "--serve", port);
    expect(await second.ended).toBe(1);
    expect(second.stderr.replaceAll(/\s+/g, " ")).toBe(
      `natcorr: --serve 127.0.0.1:${port}: another program has that port; name another one, or 0 for any that is free `,
    );
    const third = await lab.live(...BOTH, "--serve", "192.0.2.1:8080");
    expect(await third.ended).toBe(1);
    expect(third.stderr).toContain("--serve 192.0.2.1:8080: this host has no such address");
    expect(await live.interrupt()).toBe(0);
  });

  it("ends with the run, whoever is stuck in the middle of an answer", async () => {
    const { live, url } = await serving("--host", "off");
    const { port, pathname } = new URL(url);
    // asks for the page, the end and nothing at all, and reads none of it
    const script = `exec 3<>/dev/tcp/127.0.0.1/${port} 4<>/dev/tcp/127.0.0.1/${port} 5<>/dev/tcp/127.0.0.1/${port}
      printf 'GET ${pathname} HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n' >&3
      printf 'GET ${pathname}state?after=end HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n' >&4
      echo stuck; sleep 100`;
    const stuck = lab.start("dhost", "bash", "-c", script);
    await stuck.hasSaid(/stuck/);
    await ping(5);
    while (live.pairs.length < 10) await sleep(20);
    expect(await live.interrupt()).toBe(0);
    expect(live.summary).toBeDefined();
    stuck.signal("SIGKILL");
  });
});

/** Each frame with its flow, as a ladder names it. */
function framesIn(pairs: readonly Line[]): string[] {
  return pairs.flatMap(({ flow, inside, outside }) =>
    [inside, outside].flatMap(({ frames }) => frames.map((frame) => `${flow} #${frame}`)),
  );
}
