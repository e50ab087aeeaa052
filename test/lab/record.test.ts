import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkFixture } from "../../scripts/lab/truth.js";
import { natcorr } from "../support/natcorr.js";
import { isSkipped, root, tools } from "../support/needs.js";

const ROOT = join(import.meta.dirname, "../..");
const TOOLS = ["ip", "iptables", "conntrack", "tcpdump", "dockerd", "runc", "busybox"];
const folder = mkdtempSync(join(tmpdir(), "natcorr-record-"));
afterAll(() => rmSync(folder, { recursive: true }));

function lab(...args: readonly string[]): void {
  const env = { ...process.env, LAB_NAME: `natcorr-test-${process.pid}` };
  execFileSync(join(ROOT, "scripts/lab/lab"), args, { env, stdio: "pipe" });
}

const skips = isSkipped("recording afresh in the lab", root, tools(TOOLS, "scripts/lab/install"));

describe.skipIf(skips)("a recording made afresh agrees with the kernel's conntrack", () => {
  // one engine for all: a recording begins with empty tables
  beforeAll(() => lab("up", "docker"));
  afterAll(() => lab("down", "docker"));

  it.each(["ping", "published-port", "downloads"])("%s", async (name) => {
    lab("record", name, folder);
    const captures = [join(folder, name, "inside.pcap"), join(folder, name, "outside.pcap")];
    const options = ["--format", "ndjson", "--clock-offset", "none"];
    const { stdout } = await natcorr("file", ...captures, ...options);
    expect(stdout).toContain('"type":"pair"');
    expect(checkFixture(join(folder, name), stdout)).toEqual([]);
  });

  it.each(["dropped-by-rules", "dropped-by-settings", "not-forwarded", "conntrack-full"])(
    "%s: what dropped packets is what it was when the fixture was recorded, and the host counted as many",
    async (name) => {
      lab("record", name, folder);
      const [inside, outside, before, after] = ["inside.pcap", "outside.pcap", "before.json", "after.json"].map(
        (file) => join(folder, name, file),
      );
      const options = ["--format", "ndjson", "--clock-offset", "none", "--host", `${before},${after}`];
      const { stdout } = await natcorr("file", inside, outside, ...options);
      const grounds = groundsIn(stdout);
      const recorded = readFileSync(join(ROOT, "fixtures", name, "expected-host.ndjson"), "utf8");
      expect(grounds.map(({ named }) => named)).toEqual(groundsIn(recorded).map(({ named }) => named));
      for (const { count, counted } of grounds) expect(counted).toBeGreaterThanOrEqual(count);
    },
  );
});

/** What is named as having dropped packets: what it is, with the rule or counter that tells, how many it dropped, and how many the host counted. */
function groundsIn(ndjson: string): { readonly named: string; readonly count: number; readonly counted: number }[] {
  return ndjson
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ code }) => code?.startsWith("drop-") === true)
    .map(({ code, rule, counter, count, counted = count }) => ({
      // a container may have another address than when that was recorded
      named: [code, counter ?? rule?.replaceAll(/\d+(?:\.\d+){3}\/32/g, "address")].join(" "),
      count,
      counted,
    }))
    .sort((a, b) => a.named.localeCompare(b.named));
}
