import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkFixture } from "../../scripts/lab/truth.js";

const ROOT = join(import.meta.dirname, "../..");
const TOOLS = ["ip", "iptables", "conntrack", "tcpdump", "dockerd", "runc", "busybox"];
/** A minute is plenty: bringing a Docker engine up takes six seconds, a case up to ten. */
const TIMEOUT_MS = 60_000;

const missing = process.env["CI"] === undefined ? whatIsMissing() : undefined;
if (missing !== undefined) console.info(`nothing is recorded afresh in the lab: ${missing}`);

function whatIsMissing(): string | undefined {
  if (process.geteuid?.() !== 0) return "it takes root";
  const tool = TOOLS.find((name) => spawnSync("bash", ["-c", `command -v ${name}`]).status !== 0);
  return tool && `${tool} is not installed (scripts/lab/install)`;
}

const folder = mkdtempSync(join(tmpdir(), "natcorr-record-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(missing !== undefined)("a recording made afresh agrees with the kernel's conntrack", () => {
  it.each(["ping", "published-port", "downloads"])("%s", { timeout: TIMEOUT_MS }, (name) => {
    const env = { ...process.env, LAB_NAME: `natcorr-test-${process.pid}` };
    execFileSync(join(ROOT, "scripts/lab/lab"), ["record", name, folder], { env, stdio: "pipe" });
    const captures = [join(folder, name, "inside.pcap"), join(folder, name, "outside.pcap")];
    const options = ["--format", "ndjson", "--clock-offset", "none"];
    const main = join(ROOT, "dist/main.js");
    const ndjson = execFileSync(process.execPath, [main, "file", ...captures, ...options], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(ndjson).toContain('"type":"pair"');
    expect(checkFixture(join(folder, name), ndjson)).toEqual([]);
  });
});
