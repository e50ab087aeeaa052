import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
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
});
