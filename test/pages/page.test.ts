import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browser as hasBrowser, openBrowser, openPage, violationsIn } from "../support/browser.js";
import { natcorr } from "../support/natcorr.js";
import { isSkipped, tools } from "../support/needs.js";
import { factsIn, recordsIn } from "../support/page.js";
import { scratch } from "../support/scratch.js";

const FIXTURES = join(import.meta.dirname, "../../fixtures");

interface Form {
  readonly frames: number[];
  readonly capture?: number;
  readonly framesIn?: number[];
  readonly src: string;
  readonly dst: string;
}

/** What tests read of NDJSON's records. */
interface Of {
  readonly type: string;
  readonly flow?: number;
  readonly side?: "inside" | "outside";
  readonly frame?: number;
  readonly capture?: number;
  readonly verdict?: string;
  readonly impact?: string;
  readonly time: string;
  readonly src?: string;
  readonly nat?: string;
  readonly initiator: string;
  readonly inside: Form;
  readonly outside: Form;
  readonly first: string;
  readonly last: string;
}

async function reportOf(fixture: string, ...more: string[]): Promise<{ path: string; records: Of[] }> {
  const path = scratch(`${fixture}.html`);
  const captures = ["inside", "outside"].map((side) =>
    readdirSync(join(FIXTURES, fixture))
      .filter((name) => name.startsWith(side) && name.endsWith(".pcap"))
      .toSorted()
      .map((name) => join(FIXTURES, fixture, name))
      .join(","),
  );
  await natcorr("file", "-q", ...captures, ...more, "--html", path);
  return { path, records: recordsIn(readFileSync(path, "utf8")).map((line): Of => JSON.parse(line)) };
}

const flowsIn = (records: readonly Of[]): Of[] => records.filter(({ type }) => type === "flow");
const shownCount = (page: Page): Promise<string | null> => page.locator(".count").textContent();
const shownFlows = async (page: Page): Promise<string | undefined> => (await shownCount(page))?.split(";")[0];
const isLost = ({ impact }: Of): boolean => impact === "lost";

/** The container's address of a flow; of one between two of one side, the caller's. */
const whoseOf = ({ initiator, inside, outside, side, nat }: Of): string => {
  if (side !== undefined) return nat === "proxy" ? outside.src : inside.src;
  return initiator === "outside" ? inside.dst : inside.src;
};

/** Whether a form was seen in a side's capture. */
const isIn = ({ capture = 0, framesIn }: Form, which: number): boolean => (framesIn?.[0] ?? capture) === which;

/** As a ladder names frames. */
function named(frames: readonly number[]): string {
  return frames.length > 2 ? `#${frames[0]}…${frames.at(-1)}` : frames.map((frame) => `#${frame}`).join(" ");
}

/** How many lines a command prints, where the page's captures are. */
function linesOf(command: string): number {
  const cwd = join(FIXTURES, "..");
  return execFileSync("sh", ["-c", command], { cwd, stdio: "pipe" }).toString().split("\n").length - 1;
}

/** A page with other records, and another answer where one is given: the rest is that of one that was written. */
function withRecords(path: string, lines: readonly string[], answer?: string): string {
  const whole = readFileSync(path, "utf8");
  const page =
    answer === undefined ? whole : whole.replace(/(?<="answer":)"(?:[^"\\]|\\.)*"/, () => JSON.stringify(answer));
  const [before, behind] = page.split(/<script class="records"[^]*<\/script>(?=\s*<script id="facts")/);
  const base64 = gzipSync(lines.join("\n")).toString("base64");
  const other = scratch("other.html");
  writeFileSync(other, `${before}<script class="records" type="application/gzip">${base64}</script>${behind}`);
  return other;
}

describe.skipIf(isSkipped("pages in a browser", hasBrowser))("a page in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it.each(["mixed", "drops", "proxy-ipv6", "tso-off-drops"])(
    "shows each section, asks for nothing, complains of nothing, and everybody can read it: %s",
    async (fixture) => {
      const { path, records } = await reportOf(fixture);
      const { flow } = flowsIn(records)[0];
      for (const scheme of ["light", "dark"] as const) {
        const { page, complaints } = await openPage(browser, path, `#flow=${flow}`, scheme);
        const titles = await page.locator("h2").allTextContents();
        expect(titles.slice(1, 5)).toEqual(["Time", "Map", "Flows", "Ladder"]);
        expect(titles).toContain("Account of all frames");
        expect(await violationsIn(page)).toEqual([]);
        // narrowed, beside the ladder
        await page.getByRole("searchbox").fill(`flow ${flow}`);
        expect(await page.locator(".rows .row").count()).toBe(1);
        expect(await page.locator(".ladder li").count()).toBeGreaterThan(0);
        expect(await violationsIn(page)).toEqual([]);
        expect(complaints).toEqual([]);
        await page.close();
      }
    },
  );

  it("has in each ladder the frames that NDJSON has of the flow, in the order of time", async () => {
    const { path, records } = await reportOf("mixed");
    const { page } = await openPage(browser, path);
    for (const { flow } of flowsIn(records)) {
      await page.goto(`file://${path}#flow=${flow}`);
      await page.waitForSelector(`.head b:text-is("flow ${flow}")`);
      const rows = await page
        .locator(".ladder li")
        .evaluateAll((all) =>
          all.map((row) => [...row.querySelectorAll(".frames")].map(({ textContent }) => textContent)),
        );
      const expected = records
        .filter((record) => record.flow === flow && (record.type === "pair" || record.type === "unmatched"))
        .map(({ type, inside, outside, side, frame }) =>
          type === "pair"
            ? [named(inside.frames), named(outside.frames)]
            : side === "inside"
              ? [`#${frame}`, ""]
              : ["", `#${frame}`],
        );
      expect(rows.map(String).toSorted()).toEqual(expected.map(String).toSorted());
      const times = await page.locator(".ladder .time").allTextContents();
      expect(times).toEqual(times.toSorted());
    }
  });

  it("narrows to what is clicked on the map, searched for, ticked, and brushed", async () => {
    const { path, records } = await reportOf("mixed");
    const flows = flowsIn(records);
    const { page } = await openPage(browser, path);
    const all = `${flows.length} flows`;
    expect(await shownFlows(page)).toBe(all);

    await page
      .getByRole("button", { name: /^172\.17\.0\.4: / })
      .first()
      .click();
    const own = flows.filter((flow) => whoseOf(flow) === "172.17.0.4");
    expect(await shownFlows(page)).toBe(`${own.length} of ${all}`);
    await page.getByRole("button", { name: "Show all" }).click();
    expect(await shownFlows(page)).toBe(all);

    await page.getByRole("searchbox").fill("icmpv6");
    const v6 = flows.filter((flow) => JSON.stringify(flow).includes("icmpv6"));
    expect(await shownFlows(page)).toBe(`${v6.length} of ${all}`);
    await page.getByRole("searchbox").fill("flow 7");
    expect(await shownFlows(page)).toBe(`1 of ${all}`);
    await page.getByRole("searchbox").fill("");

    await page.getByRole("checkbox").check();
    const troubled = new Set(
      records
        .filter(({ verdict, flow }) => flow !== undefined && /dropped|refused/.test(verdict ?? ""))
        .map(({ flow }) => flow),
    );
    expect(await shownFlows(page)).toBe(`${troubled.size} of ${all}`);
    await page.getByRole("button", { name: "Show all" }).click();

    await page.locator(".u-over").first().scrollIntoViewIfNeeded();
    const plot = await page.locator(".u-over").first().boundingBox();
    const [x, y, width] = [plot?.x ?? 0, (plot?.y ?? 0) + 20, plot?.width ?? 0];
    await page.mouse.move(x + width * 0.1, y);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.2, y, { steps: 5 });
    await page.mouse.up();
    const [from, to] = await page
      .locator(".range input")
      .evaluateAll((inputs) => inputs.map((input) => Number(Reflect.get(input, "value"))));
    expect(to).toBeGreaterThan(from);
    const times = flows.flatMap(({ first, last }) => [Number(first), Number(last)]);
    const begin = Math.min(...times);
    const within = flows.filter(
      ({ first, last }) => Number(first) - begin <= to + 0.02 && Number(last) - begin >= from - 0.02,
    );
    const shown = Number((await shownFlows(page))?.split(" ")[0]);
    expect(shown).toBeGreaterThan(0);
    expect(shown).toBeLessThanOrEqual(within.length);
    await page.keyboard.press("Escape");
    expect(await shownFlows(page)).toBe(all);
  });

  it("goes from problem to problem, and from flow to flow, by keys alone", async () => {
    const { path, records } = await reportOf("drops");
    const { page } = await openPage(browser, path);
    const problems = records
      .filter(({ type, verdict }) => type === "unmatched" && /dropped|refused/.test(verdict ?? ""))
      .toSorted((a, b) => Number(isLost(b)) - Number(isLost(a)) || Number(a.time) - Number(b.time));
    for (const { side, frame, flow } of problems.slice(0, 5)) {
      await page.keyboard.press("n");
      expect(await page.locator(".head b").first().textContent()).toBe(`flow ${flow}`);
      const row = page.locator("li[aria-current]");
      expect(
        await row
          .locator(".frames")
          .nth(side === "inside" ? 0 : 1)
          .textContent(),
      ).toBe(`#${frame}`);
      expect(await row.and(page.locator(":focus")).count()).toBe(1);
    }
    await page.keyboard.press("p");
    expect(await page.locator(".head b").first().textContent()).toBe(`flow ${problems[3].flow}`);

    const row = page.locator(".rows .row").first();
    await row.focus();
    await page.keyboard.press("ArrowDown");
    const next = await page.locator(".rows .row:focus").getAttribute("data-flow");
    await page.keyboard.press("Enter");
    expect(await page.locator(".head b").first().textContent()).toBe(`flow ${next}`);
    expect(page.url()).toBe(`file://${path}#flow=${next}`);
  });

  it("goes back to the last problem where none is looked at", async () => {
    const { path } = await reportOf("drops");
    const seen: (string | null)[] = [];
    for (const keys of ["p", "np"]) {
      const { page } = await openPage(browser, path);
      for (const key of keys) await page.keyboard.press(key);
      seen.push(await page.locator("li[aria-current]").getAttribute("data-event"));
    }
    // the last one is before the first one
    expect(seen[0]).toBe(seen[1]);
  });

  it("shows what was lost and has no flow, on the map, among the flows, and in a ladder", async () => {
    const host = ["before", "after"].map((at) => `${FIXTURES}/dropped-by-rules/${at}.json`).join(",");
    const { path, records } = await reportOf("dropped-by-rules", "--host", host);
    const { page } = await openPage(browser, path);
    const lost = records.filter(({ type, verdict }) => type === "unmatched" && verdict === "dropped");
    expect(lost.every(({ flow }) => flow === undefined)).toBe(true);
    expect(await shownCount(page)).toBe("2 flows; 2 conversations without a flow");
    const seen = new Set<string | null>();
    for (const _ of lost) {
      await page.keyboard.press("n");
      seen.add(await page.locator("li[aria-current] .frames").first().textContent());
    }
    expect(seen).toEqual(new Set(lost.map(({ frame }) => `#${frame}`)));
    expect(await page.locator(".map .place.bad").allTextContents()).toEqual(
      expect.arrayContaining([expect.stringMatching(/c1$/), expect.stringMatching(/app$/)]),
    );
    const [first] = lost;
    await page
      .locator(".line.bad a", { hasText: `${first.frame}` })
      .first()
      .click();
    expect(await page.locator("li[aria-current] .frames").first().textContent()).toBe(`#${first.frame}`);
  });

  it("draws a proxy's two connections, each the way that its packets go", async () => {
    const { path, records } = await reportOf("mixed");
    const proxied = flowsIn(records).find(({ side, nat }) => nat === "proxy" && side !== undefined);
    const { page } = await openPage(browser, path, `#flow=${proxied?.flow}`);
    const heads = page.locator(".ladder li .lanes .head");
    const drawn = await heads.evaluateAll((all) =>
      all.map((head) => (head.getAttribute("d") ?? "").replace(/^M(\d+),.*/, "$1")),
    );
    // the caller's packets come from the right edge to its lane, the proxy's go on from the other lane to the left edge, and back
    const { inside, outside } = proxied ?? flowsIn(records)[0];
    const heading = new Map([
      [outside.src, "230"],
      [outside.dst, "300"],
      [inside.src, "0"],
      [inside.dst, "70"],
    ]);
    const packets = records.filter(({ flow, type }) => flow === proxied?.flow && type === "unmatched");
    const inOrder = packets.toSorted((a, b) => Number(a.time) - Number(b.time));
    expect(drawn).toEqual(inOrder.map(({ src }) => heading.get(src ?? "")));
    expect(new Set(drawn).size).toBe(4);
  });

  it("has published ports as the terminal has them, and says of drops what is known", async () => {
    const host = ["before", "after"].map((at) => `${FIXTURES}/published-uses/${at}.json`).join(",");
    const { path } = await reportOf("published-uses", "--host", host);
    const { page } = await openPage(browser, path);
    const { published } = factsIn(readFileSync(path, "utf8")).text;
    const ports = await page.locator("section:has(#ports) pre").textContent();
    expect(published).toBe(`Published ports\n${ports}\n\n`);
    const drops = await reportOf("drops");
    const { page: ofDrops } = await openPage(browser, drops.path, "#flow=1");
    expect(await ofDrops.locator(".head .more").first().textContent()).toMatch(
      /^\d+ pairs, 9 dropped or refused: 8 of them for good, of 1 nothing tells$/,
    );
  });

  it("leads from the answer to a flow's ladder", async () => {
    const { path } = await reportOf("mixed");
    const { page } = await openPage(browser, path);
    const link = page.locator(".line.bad a").first();
    const flow = await link.textContent();
    await link.click();
    expect(await page.locator(".head b").first().textContent()).toBe(`flow ${flow}`);
  });

  it("says whose each lost packet was, also where its addresses are those that the NAT shows", async () => {
    const { path } = await reportOf("drops");
    const { page } = await openPage(browser, path);
    const lines = await page.locator("#answer ~ * .line.bad").allTextContents();
    const inbound = lines.filter((line) => / > 10\.0\.2\.15/.test(line));
    expect(inbound.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/172\.17\.0\.\d/);
    for (const line of inbound) expect(line).toMatch(/ flow \d+ \(172\.17\.0\.[34]\) /);
  });

  it("reads pairs of the flows alone that are looked at, or of which a frame is named", async () => {
    const { path, records } = await reportOf("mixed");
    const of10 = records.find(({ type, flow }) => type === "pair" && flow === 10) ?? records[0];
    const [frame] = of10.inside.frames;
    const lines = [...recordsIn(readFileSync(path, "utf8")), '{"type":"pair","flow":11,"and no JSON'];
    const { page, complaints } = await openPage(browser, withRecords(path, lines, `One\n! inside #${frame}\n`));
    await page.locator(".line.bad a").click();
    expect(await page.locator(".head b").first().textContent()).toBe("flow 10");
    expect(await page.locator("li[aria-current] .frames").first().textContent()).toBe(named(of10.inside.frames));
    expect(complaints).toEqual([]);
  });

  it("marks findings where they belong: on flows, which they narrow to, on the map, and in time", async () => {
    const { path, records } = await reportOf("leak");
    const { page, complaints } = await openPage(browser, path);
    const all = `${flowsIn(records).length} flows`;
    expect(await page.locator('.row[data-flow="3"] .problems span').textContent()).toBe("leak");
    expect(await page.locator(".rows .row .problems span:not(:empty)").count()).toBe(1);
    expect(await page.locator(".map .place.doubtful").first().textContent()).toMatch(/172\.17\.0\.3$/);
    expect(await page.locator(".map .place:not(.doubtful)").first().textContent()).toMatch(/172\.17\.0\.4$/);
    expect(await page.getByRole("img", { name: /^leak: in 1 of \d+ parts of the time$/ }).count()).toBe(1);
    await page.getByRole("button", { name: "leak" }).click();
    expect(await shownFlows(page)).toBe(`1 of ${all}`);
    expect(await page.locator(".chosen-place").textContent()).toBe("with leak");
    expect(await violationsIn(page)).toEqual([]);
    await page.getByRole("button", { name: "leak" }).click();
    expect(await shownFlows(page)).toBe(all);
    await page.getByRole("searchbox").fill("leak");
    expect(await shownFlows(page)).toBe(`1 of ${all}`);
    expect(complaints).toEqual([]);
  });

  it("leads to frames of a side's several captures, each in its own", async () => {
    const { path, records } = await reportOf("two-bridges");
    const { page } = await openPage(browser, path);
    const link = page.locator("#answer ~ * .line a[href='#ladder']").first();
    const frame = Number(await link.textContent());
    const named = await link.evaluate((each) => (each.nextSibling?.textContent ?? "").replace(/^@([\w.-]+)[^]*/, "$1"));
    const capture = ["inside-br-app.pcap", "inside.pcap"].indexOf(named);
    // the other capture has a frame of that number as well
    expect(records.filter((record) => record.type === "unmatched" && record.frame === frame).length).toBeGreaterThan(0);
    const meant = records.find(
      (record) => record.side === "inside" && record.frame === frame && (record.capture ?? 0) === capture,
    );
    await link.click();
    expect(await page.locator("li[aria-current] .said b").textContent()).toMatch(`${meant?.verdict}`);
    expect(await page.locator("li[aria-current] .said").textContent()).toContain(`inside in ${named}`);
    expect(await page.locator("li[aria-current]").getAttribute("title")).toContain(`time: ${meant?.time}`);
  });

  it.skipIf(isSkipped("filters of several captures in tshark", tools(["tshark"])))(
    "gives commands for each of a side's captures, which name its frames",
    async () => {
      const { path, records } = await reportOf("two-bridges");
      const pairs = records.filter(({ type }) => type === "pair");
      const names = ["inside-br-app.pcap", "inside.pcap"];
      for (const [which, name] of names.entries()) {
        const flow = pairs.find(({ side, inside }) => side === undefined && isIn(inside, which))?.flow;
        const { page } = await openPage(browser, path, `#flow=${flow}`);
        const commands = await page.locator(".copies code").allTextContents();
        const command = commands.find((text) => text.startsWith("tshark") && text.includes(`/${name}`)) ?? "";
        const frames = records.flatMap((record) => {
          if (record.flow !== flow) return [];
          if (record.type === "pair") return isIn(record.inside, which) ? record.inside.frames : [];
          return record.side === "inside" && (record.capture ?? 0) === which ? [record.frame] : [];
        });
        expect(commands.some((text) => text.includes(names[1 - which]))).toBe(false);
        expect(linesOf(command)).toBe(new Set(frames).size);
        await page.close();
      }
    },
  );

  it.skipIf(isSkipped("a page's filters in tshark", tools(["tshark"])))(
    "gives filters with which tshark shows what the ladder has",
    async () => {
      const { path, records } = await reportOf("mixed");
      const { page } = await openPage(browser, path, "#flow=10");
      await page.locator(".copies summary").click();
      const texts = await page.locator(".copies code").allTextContents();
      const commands = texts.filter((text) => text.startsWith("tshark"));
      expect(commands).toHaveLength(2);
      for (const [at, side] of (["inside", "outside"] as const).entries()) {
        const frames = records.flatMap((record) => {
          if (record.flow !== 10) return [];
          if (record.type === "pair") return record[side].frames;
          return record.type === "unmatched" && record.side === side ? [record.frame] : [];
        });
        expect(linesOf(commands[at])).toBe(new Set(frames).size);
      }
      const filter = texts.find((text) => text.startsWith("ip.addr"));
      const shown = linesOf(`tshark -r fixtures/mixed/inside.pcap -Y '${filter}'`);
      expect(shown).toBeGreaterThan(0);
    },
  );

  it("draws what is in view of 100,000 flows, and finds one of them", async () => {
    const { path } = await reportOf("docker-ping");
    const lines = recordsIn(readFileSync(path, "utf8"));
    const flow = lines.find((line) => line.startsWith('{"type":"flow"')) ?? "";
    const many = Array.from({ length: 100_000 }, (_, at) => flow.replace(/"flow":\d+/, `"flow":${at + 1000}`));
    const { page, complaints } = await openPage(
      browser,
      withRecords(path, [lines[0], ...many, lines[lines.length - 1]]),
    );
    expect(await shownFlows(page)).toBe("100,000 flows");
    expect(await page.locator(".rows .row").count()).toBeLessThan(40);
    await page.locator(".rows .row").first().focus();
    await page.keyboard.press("End");
    expect(await page.locator(".rows .row:focus").count()).toBe(1);
    await page.getByRole("searchbox").fill("flow 21000");
    expect(await shownFlows(page)).toBe("1 of 100,000 flows");
    expect(complaints).toEqual([]);
  });

  it("takes nothing for markup, whatever names are", async () => {
    const { path } = await reportOf("docker-ping");
    const hostile = '</script><img src=x onerror=\\"alert(1)\\">\\u001b[2J';
    const lines = recordsIn(readFileSync(path, "utf8")).map((line) =>
      line
        .replaceAll(/"(?:src|dst)":"[^"]*"/g, (of) => `${of},"container":"${hostile}","srcName":"${hostile}"`)
        .replaceAll("inside.pcap", hostile),
    );
    const { page, complaints } = await openPage(browser, withRecords(path, lines), "#flow=1");
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.locator("h1").textContent()).toContain(String.raw`<img src=x onerror="alert(1)">\x1b[2J`);
    expect(complaints).toEqual([]);
  });

  it("says when captures ended, also where they lasted for a part of a second, and of no pair that it is in", async () => {
    const heads: (string | null)[] = [];
    for (const fixture of ["tso-off-drops", "drops", "proxy-ipv6"]) {
      const { page } = await openPage(browser, (await reportOf(fixture)).path);
      heads.push(await page.locator("header p").textContent());
    }
    const [short, longer, without] = heads;
    expect(short).toMatch(/, \d\d:46:52\.193847 to \d\d:46:52\.2134 .*; 339 pairs, all of them/);
    // the last frame is of 55.164
    expect(longer).toMatch(/, \d\d:45:52\.917186 to \d\d:45:55\.1\d\d /);
    expect(without).toMatch(/; no pairs$/);
  });

  it("says so where it is not complete", async () => {
    const { path } = await reportOf("docker-ping");
    const page = readFileSync(path, "utf8");
    const cut = scratch("cut.html");
    writeFileSync(
      cut,
      `${page.slice(0, page.indexOf('<script id="facts"'))}${page.slice(page.lastIndexOf("<script>"))}`,
    );
    const { page: shown } = await openPage(browser, cut);
    expect(await shown.locator("[role=alert]").textContent()).toContain(
      "the page is not complete: its run did not end",
    );
  });
});
