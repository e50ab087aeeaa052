import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { natcorr } from "../support/natcorr.js";
import { factsIn, recordsIn } from "../support/page.js";
import { scratch } from "../support/scratch.js";

const FIXTURES = join(import.meta.dirname, "../../fixtures");
const capturesOf = (name: string): [inside: string, outside: string] => [
  `${FIXTURES}/${name}/inside.pcap`,
  `${FIXTURES}/${name}/outside.pcap`,
];

/** As a policy names a script or style. */
function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** The page of a run, and what the run printed. */
async function pageOf(...args: string[]) {
  const path = scratch("report.html");
  const ran = await natcorr("file", ...args, "--html", path);
  return { ...ran, page: readFileSync(path, "utf8") };
}

it.each(["mixed", "drops", "proxy-ipv6", "tso-off-drops", "identical-heartbeats", "hairpin", "nat64"])(
  "has NDJSON's records, and all of them of a small capture: %s",
  async (name) => {
    const captures = capturesOf(name);
    const { stdout } = await natcorr("file", ...captures, "--format", "ndjson");
    const { page } = await pageOf("-q", ...captures);
    expect(recordsIn(page)).toEqual(stdout.split("\n").filter((line) => line !== ""));
  },
);

it("changes nothing of what is printed, and says what the terminal says first", async () => {
  const captures = capturesOf("mixed");
  const { stdout, stderr } = await natcorr("file", "-q", "--width", "1000", ...captures);
  const { page, ...ran } = await pageOf("-q", "--width", "1000", ...captures);
  expect(ran.stdout).toBe(stdout);
  const { text, said } = factsIn(page);
  expect(stdout.startsWith(text["answer"])).toBe(true);
  expect(stdout).toContain(text["totals"]);
  expect(said).toEqual(
    stderr
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/^natcorr: /, "")),
  );
});

it("shows what filters and options select, whatever is shown on the terminal", async () => {
  const captures = capturesOf("mixed");
  const { page } = await pageOf("-q", ...captures, "--flow", "10", "--only", "mtu");
  const records = recordsIn(page).map((line) => JSON.parse(line));
  const flows = new Set(records.filter(({ type }) => type === "pair").map(({ flow }) => flow));
  expect(flows).toEqual(new Set([10]));
});

it("lets a browser run and show nothing but its own script and style, and ask nobody", async () => {
  const { page } = await pageOf("-q", ...capturesOf("docker-ping"));
  const [script, style] = [/<script>([^]*?)<\/script>/, /<style>([^]*?)<\/style>/].map(
    (of) => of.exec(page)?.[1] ?? "",
  );
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
  expect(policy).toBe(
    `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; base-uri 'none'; form-action 'none'`,
  );
});

it.each([
  ["-", "It must be a file: standard output is for the report."],
  ["inside.pcap", "--html would overwrite 'inside.pcap', which is one of the captures"],
])("refuses to write to %s", async (name, problem) => {
  const [inside, outside] = capturesOf("docker-ping");
  const copy = scratch("inside.pcap");
  copyFileSync(inside, copy);
  const bytes = readFileSync(copy);
  const { stderr, code } = await natcorr("file", copy, outside, "--html", name === "-" ? name : copy);
  expect(code).toBe(2);
  expect(stderr.replaceAll(/\s+/g, " ")).toContain(problem.replaceAll("inside.pcap", copy));
  expect(readFileSync(copy)).toEqual(bytes);
});

it("says where it cannot be written, or not all of it", async () => {
  const captures = capturesOf("docker-ping");
  const path = join(scratch("no-folder"), "report.html");
  await expect(natcorr("file", "-q", ...captures, "--html", path)).rejects.toThrow(`${path}: cannot be written: `);
  await expect(natcorr("file", "-q", ...captures, "--html", "/dev/full")).rejects.toThrow(
    "/dev/full: cannot be written: ENOSPC",
  );
});

it("has nothing in it that a browser would take for markup, whatever captures are called", async () => {
  const [inside, outside] = capturesOf("docker-ping");
  const copy = scratch("a<!--<script>alert(1)<img src=x>.pcap");
  writeFileSync(copy, readFileSync(inside));
  const { page } = await pageOf("-q", copy, outside);
  expect(page.slice(page.indexOf("<main"))).not.toMatch(/<img|<!--<|alert\(1\)<img/);
  expect(recordsIn(page)[0]).toContain("<img src=x>");
});
