import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { natcorr } from "../support/natcorr.js";

const MAIN = join(import.meta.dirname, "../../dist/main.js");
const WEB = join(import.meta.dirname, "../../fixtures/docker-web");
const CONNTRACK = join(WEB, "conntrack.txt");
const CAPTURES = [join(WEB, "inside.pcap"), join(WEB, "outside.pcap")];
const MASQUERADE = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";

const folder = mkdtempSync(join(tmpdir(), "natcorr-explain-"));
afterAll(() => rmSync(folder, { recursive: true }));

function saved(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What is said of the recording of a web server. */
async function explained(...options: readonly string[]): Promise<{ code: number; records: Record<string, unknown>[] }> {
  const { code, stdout } = await natcorr("file", ...CAPTURES, "-q", "--format", "ndjson", ...options);
  const lines = stdout.split("\n").filter((line) => line !== "");
  const records: Record<string, unknown>[] = lines.map((line) => JSON.parse(line));
  return { code, records };
}

it("--conntrack confirms the translations of a recording", async () => {
  const { code, records } = await explained("--conntrack", CONNTRACK);
  expect(code).toBe(0);
  expect(records).toContainEqual(expect.objectContaining({ type: "finding", code: "conntrack", count: 5 }));
});

it("a translation that conntrack contradicts is a finding, and exit code 3", async () => {
  const text = readFileSync(CONNTRACK, "utf8");
  const other = text.replaceAll("dst=10.0.2.15 sport=80 dport=38450", "dst=10.0.2.15 sport=80 dport=999");
  expect(other).not.toBe(text);
  const { code, records } = await explained("--conntrack", saved("other.txt", other));
  expect(code).toBe(3);
  expect(records).toContainEqual(
    expect.objectContaining({ type: "finding", code: "conntrack-contradicted", flows: [2] }),
  );
});

it("what left untranslated points to what ended its entry, and text says that first, and shows it to whoever asks for the leak", async () => {
  const fixture = join(import.meta.dirname, "../../fixtures/leak");
  const captures = ["inside.pcap", "outside.pcap"].map((name) => join(fixture, name));
  const args = ["file", ...captures, "--conntrack", join(fixture, "conntrack.txt"), "-q", "--only", "leak"];
  const { stdout: text } = await natcorr(...args, "--width", "80");
  const { stdout: ndjson } = await natcorr(...args, "--format", "ndjson");
  expect(ndjson).toMatch(
    /"code":"leak",.*"explainedBy":\["conntrack-deleted"\],.*"hint":"see conntrack-deleted, which tells why"/,
  );
  expect(text).toMatch(
    /- conntrack-deleted: [^!]*next: who runs conntrack -D[^!]*! leak [^!]*next: see conntrack-deleted/,
  );
});

it("--rules names the rule behind each translation", async () => {
  const rules = `*nat\n:POSTROUTING ACCEPT [0:0]\n${MASQUERADE}\nCOMMIT\n`;
  const { code, records } = await explained("--rules", saved("rules.txt", rules));
  expect(code).toBe(0);
  const flow = records.find((record) => record["type"] === "flow" && record["nat"] === "snat");
  expect(flow?.["rule"]).toBe(MASQUERADE);
  expect(records).toContainEqual(expect.objectContaining({ type: "finding", code: "rule-missing", count: 2 }));
});

it.each(["--conntrack", "--rules"])("%s with a file that is not there says so, and nothing else happens", (option) => {
  const args = [MAIN, "file", ...CAPTURES, "-q", "--format", "ndjson", option, join(folder, "missing.txt")];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("missing.txt: cannot be read");
});
