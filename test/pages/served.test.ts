import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PageServer } from "../../src/serving/page-server.js";
import { ServedPage } from "../../src/serving/served-page.js";
import type { PageFacts } from "../../src/report/html/page-report.js";
import { browser as hasBrowser, openBrowser, openServed, violationsIn } from "../support/browser.js";
import { natcorr } from "../support/natcorr.js";
import { isSkipped } from "../support/needs.js";
import { factsIn, recordsIn } from "../support/page.js";
import { readFileSync } from "node:fs";
import { scratch } from "../support/scratch.js";

const FIXTURES = join(import.meta.dirname, "../../fixtures");
const TEMPLATE = fileURLToPath(new URL("../../dist/report.html", import.meta.url));

/** What a page has of a run that was: lines of NDJSON, and what is said beside them. */
async function runOf(fixture: string): Promise<{ lines: string[]; facts: PageFacts }> {
  const path = scratch(`${fixture}.html`);
  await natcorr(
    "file",
    "-q",
    ...["inside", "outside"].map((side) => `${FIXTURES}/${fixture}/${side}.pcap`),
    "--html",
    path,
  );
  const page = readFileSync(path, "utf8");
  const { text, strip } = factsIn(page);
  const { answer = "", published = "", totals = "", names = "" } = text;
  return { lines: recordsIn(page), facts: { text: { answer, published, totals, names }, strip } };
}

const isOfPackets = (line: string): boolean => /^\{"type":"(?:header|pair|ambiguous|unmatched|update)"/.test(line);
const isStanding = (line: string): boolean => /^\{"type":"(?:flow|summary)"/.test(line);

/** A run that goes on as it is told to: its records of packets come some at a time. */
class Staged {
  readonly page = new ServedPage(TEMPLATE);
  readonly packets: readonly string[];
  #standing: readonly string[];
  #answer: string;
  #published = "";
  readonly #run: { readonly lines: readonly string[]; readonly facts: PageFacts };
  #server: PageServer | undefined;

  constructor(run: { readonly lines: readonly string[]; readonly facts: PageFacts }) {
    this.#run = run;
    this.packets = run.lines.filter(isOfPackets);
    this.#standing = run.lines.filter(isStanding);
    this.#answer = run.facts.text.answer;
    const report = { soFar: () => ({ facts: this.#facts, records: [bytesOf(this.#standing)] }) };
    this.page.begin(report, () => {
      throw new Error("nobody looks");
    }, ["said"]);
  }

  get #facts(): PageFacts {
    const { text, strip } = this.#run.facts;
    return { text: { ...text, answer: this.#answer, published: this.#published }, strip };
  }

  async serve(): Promise<string> {
    this.#server = await PageServer.listen({ address: "127.0.0.1", port: 0 }, this.page);
    return this.#server.url;
  }

  add(lines: readonly string[]): void {
    this.page.records.add(bytesOf(lines));
  }

  /** Has so many flows by now. */
  knowsFlows(count: number): void {
    const flows = this.#run.lines.filter((line) => line.startsWith('{"type":"flow"'));
    const left = new Set(flows.slice(count));
    this.#standing = this.#run.lines.filter((line) => isStanding(line) && !left.has(line));
  }

  /** Has these findings by now. */
  finds(findings: readonly string[]): void {
    this.#standing = [...findings, ...this.#standing];
  }

  /** Has this told of published ports by now. */
  publishes(published: string): void {
    this.#published = published;
  }

  answers(answer: string): void {
    this.#answer = answer;
  }

  /** Ends it as a run ends: with flows, findings and totals behind its packets. */
  async end(): Promise<void> {
    this.add(this.#run.lines.filter((line) => !isOfPackets(line)));
    await this.#server?.end(this.#run.facts);
  }

  close(): void {
    this.#server?.close();
  }
}

function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(""));
}

const state = (page: Page): Promise<string | null> => page.locator(".run").getAttribute("data-state");
const rows = (page: Page): Promise<number> => page.locator(".ladder li").count();

describe.skipIf(isSkipped("served pages in a browser", hasBrowser))("a page that is served, in a browser", () => {
  let browser: Browser;
  let run: Awaited<ReturnType<typeof runOf>>;
  let staged: Staged;
  let url: string;

  beforeAll(async () => {
    browser = await openBrowser();
    run = await runOf("mixed");
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    staged = new Staged(run);
    url = await staged.serve();
  });
  afterEach(() => staged.close());

  const pairsOf = (flow: number): string[] =>
    run.lines.filter((line) => line.startsWith('{"type":"pair"') && JSON.parse(line).flow === flow);

  it("grows, and keeps what was chosen, typed, ordered, opened, and has the focus", async () => {
    const pairs = pairsOf(10);
    const [header] = staged.packets;
    staged.add([header, ...pairs.slice(0, 4)]);
    const { page, complaints } = await openServed(browser, url);
    expect(await state(page)).toBe("goesOn");
    expect(await page.locator("#answer").textContent()).toMatch(/^So far: /);
    await page.locator('.row[data-flow="10"]').first().click();
    expect(await rows(page)).toBe(4);
    await page.locator(".copies summary").click();
    await page.getByRole("columnheader").getByRole("button", { name: "bytes" }).click();
    await page.locator(".ladder li").nth(1).click();
    await page.getByRole("searchbox").fill("tcp");
    const order = await page
      .locator(".rows .row")
      .evaluateAll((all) => all.map((row) => row.getAttribute("data-flow")));

    staged.add(pairs.slice(4, 10));
    await page.waitForSelector(".ladder li:nth-child(10)");
    expect(await page.getByRole("searchbox").inputValue()).toBe("tcp");
    expect(await page.locator("input[type=search]:focus").count()).toBe(1);
    expect(await page.locator(".copies[open]").count()).toBe(1);
    expect(await page.locator(".ladder li").nth(1).getAttribute("aria-current")).toBe("true");
    expect(await page.locator('[aria-sort="descending"]').textContent()).toBe("bytes");
    expect(
      await page.locator(".rows .row").evaluateAll((all) => all.map((row) => row.getAttribute("data-flow"))),
    ).toEqual(order);
    expect(page.url()).toBe(`${url}#flow=10`);
    expect(await violationsIn(page)).toEqual([]);

    staged.add(staged.packets.filter((line) => line !== header && !pairs.slice(0, 10).includes(line)));
    await staged.end();
    await page.waitForSelector('.run[data-state="over"]');
    expect(await page.locator("#answer").textContent()).not.toMatch(/^So far: /);
    expect(await page.locator("#findings").count()).toBe(1);
    const flow10 = run.lines.filter(
      (line) => /^\{"type":"(?:pair|unmatched)"/.test(line) && JSON.parse(line).flow === 10,
    );
    expect(await rows(page)).toBe(flow10.length);
    expect(await page.locator(".ladder li").nth(1).getAttribute("aria-current")).toBe("true");
    expect(complaints).toEqual([]);
  });

  it("changes nothing while it is paused, and shows the end all the same", async () => {
    const pairs = pairsOf(10);
    staged.add([staged.packets[0], ...pairs.slice(0, 4)]);
    const { page, complaints } = await openServed(browser, url, "#flow=10");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).search));
    await page.getByRole("button", { name: "Pause" }).click();
    expect(await state(page)).toBe("paused");
    while (staged.page.waiting === 0) await page.waitForTimeout(20);
    staged.add(pairs.slice(4, 6));
    // somebody else is told that there is more
    expect((await fetch(`${url}state?after=2`)).status).toBe(200);
    expect(await rows(page)).toBe(4);
    // it asks for the end alone
    expect(asked.at(-1)).toBe("?after=end");
    await page.getByRole("button", { name: "Go on" }).click();
    await page.waitForSelector(".ladder li:nth-child(6)");
    await page.getByRole("button", { name: "Pause" }).click();
    await staged.end();
    await page.waitForSelector('.run[data-state="over"]');
    expect(complaints).toEqual([]);
  });

  it("has problems read out when others come, and not each second", async () => {
    staged.add([staged.packets[0]]);
    staged.knowsFlows(1);
    const { page } = await openServed(browser, url);
    const counted = (): Promise<string | null> => page.locator(".count").textContent();
    const first = await counted();
    await page.evaluate(`
      globalThis.spoken = [];
      new MutationObserver((all) => {
        for (const { target } of all) {
          const live = (target.nodeType === 1 ? target : target.parentElement).closest("[role=status], [role=alert], [aria-live]");
          if (live !== null && live.getAttribute("aria-live") !== "off") spoken.push(live.textContent);
        }
      }).observe(document.body, { subtree: true, childList: true, characterData: true });`);
    staged.answers("Packets that never arrived: 71 lost.\n! 1 packet of 172.17.0.2\n");
    await page.waitForSelector('#answer:has-text("arrived: 71 lost")');
    staged.knowsFlows(3);
    staged.answers("Packets that never arrived: 72 lost.\n! 2 packet of 172.17.0.2\n");
    await page.waitForSelector('#answer:has-text("arrived: 72 lost")');
    expect(await counted()).not.toBe(first);
    expect(await page.evaluate("spoken")).toEqual(["Packets that never arrived: 71 lost.\n! 1 packet of 172.17.0.2\n"]);
  });

  it("takes nothing for markup, whatever names are", async () => {
    const hostile = '</script><img src=x onerror=\\"alert(1)\\">\\u001b[2J';
    const lines = run.lines.map((line) =>
      line
        .replaceAll(/"(?:src|dst)":"[^"]*"/g, (of) => `${of},"container":"${hostile}","srcName":"${hostile}"`)
        .replaceAll("inside.pcap", hostile),
    );
    const other = new Staged({ lines, facts: run.facts });
    const at = await other.serve();
    other.add(other.packets);
    other.answers('! 1 packet of <img src=x onerror="alert(1)">\n');
    const { page, complaints } = await openServed(browser, at, "#flow=10");
    expect(await page.locator("h1").textContent()).toContain(String.raw`<img src=x onerror="alert(1)">\x1b[2J`);
    while (other.page.waiting === 0) await page.waitForTimeout(20);
    await other.end();
    await page.waitForSelector('.run[data-state="over"]');
    expect(await page.locator("img").count()).toBe(0);
    expect(complaints).toEqual([]);
    other.close();
  });

  it("shows findings as they stand while the run goes on, and once when it has ended", async () => {
    const finding = run.lines.find((line) => line.startsWith('{"type":"finding"') && line.includes('"dropped"')) ?? "";
    staged.add(staged.packets);
    staged.finds([finding]);
    const { page, complaints } = await openServed(browser, url);
    expect(await page.locator("#findings").textContent()).toBe("Findings so far");
    expect(await page.locator(".finding").count()).toBe(1);
    await page.locator(".finding .code").click();
    const { flows } = JSON.parse(finding);
    expect(await page.locator(".count").textContent()).toMatch(new RegExp(`^${flows.length} of `));
    await staged.end();
    await page.waitForSelector('.run[data-state="over"]');
    expect(await page.locator("#findings").textContent()).toBe("Findings");
    const all = run.lines.filter((line) => line.startsWith('{"type":"finding"'));
    expect(await page.locator(".finding").count()).toBe(all.length);
    expect(await page.locator(".finding .code[aria-pressed=true]").first().textContent()).toBe("dropped");
    expect(complaints).toEqual([]);
  });

  it("shows published ports as they stand, and what only the end tells of them", async () => {
    staged.add(staged.packets);
    staged.publishes("Published ports so far\npublished  by DNAT\ntcp 88→web:80  none yet\n");
    const { page } = await openServed(browser, url);
    const ports = page.locator('section[aria-labelledby="ports"]');
    expect(await ports.locator("h2").textContent()).toBe("Published ports so far");
    expect(await ports.locator(".hint").textContent()).toMatch(/^When the run ends, /);
    staged.publishes("Published ports so far\npublished  by DNAT\ntcp 88→web:80  2\n");
    await page.waitForSelector('section[aria-labelledby="ports"] pre:has-text("web:80  2")');
    expect(await violationsIn(page)).toEqual([]);
  });

  it("says so where natcorr is gone before it ended", async () => {
    staged.add(staged.packets);
    const { page } = await openServed(browser, url);
    staged.close();
    await page.waitForSelector('.run[data-state="unreached"]');
    expect(await page.locator("#map").count()).toBe(1);
  });
});
