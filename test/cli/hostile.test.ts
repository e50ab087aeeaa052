import { spawnSync } from "node:child_process";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Blocks, packed, stored } from "../capture/files.js";
import { natcorr } from "../support/natcorr.js";
import { echo, ethernet, ipv4 } from "../support/packets.js";
import { runs } from "../support/runs.js";

const MAIN = join(import.meta.dirname, "../../dist/main.js");
const ESCAPES = "eth0\u001B]0;owned\u0007\u001B[2J\r\u009B31m\u2028\u202Ertl";
/** What acts on a terminal, but for the ends of lines. */
const ACTIVE = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

/** A text of characters that act, and others. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\u001B", "[2J", "\u0007", "\r", "\n", "\u007F", "\u0085", "\u009B", "a", " ", "é"),
    fc.constantFrom("\u00AD", "\u200F", "\u2028", "\u202E", "\u2066", "\uFEFF", "\u{E0001}"),
  ),
  minLength: 1,
});

/** A capture of pings, none of which has a twin, one frame of an unknown link type, and losses. */
function capture(name: string, host: string): Uint8Array {
  const blocks = new Blocks();
  const ping = (seq: number): Uint8Array => ethernet(ipv4({ src: host, dst: "8.8.8.8" }, echo({ id: 7, seq })));
  return Buffer.concat([
    blocks.section(),
    blocks.describe({ name }),
    blocks.describe({ name, linkType: 105 }),
    ...[1, 2, 3].map((seq) => blocks.enhanced(0, BigInt(seq), ping(seq))),
    blocks.enhanced(1, 4n, ping(4)),
    blocks.statistics(0, blocks.option(5, packed(false, [32, 35], [32, 0]))),
    blocks.enhanced(0, 5n, ping(5)).subarray(0, 40),
  ]);
}

it("whatever a capture and its interfaces are called, no byte of it acts on a terminal", async () => {
  await fc.assert(
    fc.asyncProperty(hostile, fc.constantFrom("text", "ndjson"), async (name, format) => {
      const paths = [
        stored(capture(name, "172.17.0.2"), `${name}.pcapng`),
        stored(capture(name, "10.0.2.15"), "out.pcapng"),
      ];
      const { stdout, stderr } = await natcorr("file", ...paths, "--format", format);
      expect(stdout).not.toMatch(ACTIVE);
      expect(stderr).not.toMatch(ACTIVE);
      expect(stderr).toContain("not supported");
      if (format === "text") return;
      const [header] = stdout.split("\n");
      expect(JSON.parse(header).captures.inside[0].name).toBe(paths[0]);
    }),
    { numRuns: runs(20), examples: [[ESCAPES, "text"]] },
  );
});

it.each([
  [
    "an interface that a message names",
    [stored(capture(ESCAPES, "10.0.0.1"), "one.pcapng"), "--inside", "nope", "--outside", "1"],
    1,
  ],
  ["files that are not there, whichever is missed first", [`missing ${ESCAPES}`, `absent ${ESCAPES}`], 1],
  ["an option that there is not", [`--${ESCAPES}`, "a.pcap", "b.pcap"], 2],
])("%s does not act on a terminal either", (_, args, code) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "file", ...args], { encoding: "utf8" });
  expect([status, stdout]).toEqual([code, ""]);
  expect(stderr).not.toMatch(ACTIVE);
  expect(stderr).toContain(String.raw`eth0\x1b]0;owned\x07`);
});
