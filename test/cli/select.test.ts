import { join } from "node:path";
import { expect, it } from "vitest";
import { natcorr, type Printed } from "../support/natcorr.js";

const CAPTURES = ["inside", "outside"].map((side) => join(import.meta.dirname, `../../fixtures/mixed/${side}.pcap`));

const mixed = (...options: string[]): Promise<Printed> => natcorr("file", ...CAPTURES, ...options);

it("--fail-on ends a run with 3 where there is such a thing, and says what", async () => {
  const failed = await mixed("-q", "--fail-on", "dropped,leak", "--fail-on", "refused");
  expect(failed.code).toBe(3);
  expect(failed.stderr).toContain("natcorr: failed on dropped (6), refused (1)\n");
  const passed = await mixed("-q", "--fail-on", "leak,no-overlap");
  expect([passed.code, passed.stderr.includes("failed on")]).toEqual([0, false]);
});

it("the summary says which frames were lost, whatever else is shown, and counts all of them", async () => {
  const [quiet, flow] = [await mixed("-q", "--width", "200"), await mixed("--flow", "19", "--width", "200")];
  const line = "! LOST    udp 172.17.0.4.5353 > 180.101.49.11.53  flow 19  inside #541";
  const summed =
    "Packets that never arrived: 1 lost (no later copy got through); 1 dropped, maybe sent again; 4 dropped and made up for; 1 refused.\n";
  expect(quiet.stdout).toContain(summed);
  expect(flow.stdout).toContain(summed.replace(":", ", selected or not:"));
  for (const { stdout } of [quiet, flow]) {
    expect(stdout).toContain(line);
    expect(stdout).toMatch(/inside +941 +=/);
  }
  expect(quiet.stdout.match(/^..(LOST|dropped|refused|resent|covered) +(tcp|udp)/gm)).toHaveLength(5);
  expect(flow.stdout.match(/^..(LOST|refused|resent|covered) +(tcp|udp)/gm)).toHaveLength(1);
});

it("what drops came to is selected, and failed on, by its name", async () => {
  const { stdout } = await mixed("--only", "covered", "--format", "ndjson");
  expect(stdout.match(/"type":"unmatched","side":"outside","frame":(763|779),.*"impact":"covered"/g)).toHaveLength(2);
  expect(stdout.match(/"type":"unmatched"/g)).toHaveLength(2);
  const failed = await mixed("-q", "--fail-on", "lost,resent");
  expect([failed.code, failed.stderr.includes("failed on lost (1), resent (2)\n")]).toEqual([3, true]);
});

it.each([
  [["--flow", "19", "--fail-on", "lost"], "lost (1)"],
  [["--flow", "10", "--fail-on", "lost"], undefined],
  [["--flow", "6", "--fail-on", "port-rewritten"], "port-rewritten (2)"],
  [["--flow", "10", "--fail-on", "port-rewritten,dropped"], "dropped (2)"],
  [["--flow", "5", "--fail-on", "pair"], "pair (40)"],
  [["--slower-than", "99us", "--fail-on", "pair"], undefined],
  [["--slower-than", "95us", "--fail-on", "pair"], "pair (2)"],
  [["--slower-than", "1s", "--fail-on", "refused"], "refused (1)"],
  [["--only", "leak", "--fail-on", "refused"], "refused (1)"],
  // what a drop came to is called unknown, too
  [["--fail-on", "unknown"], undefined],
])("%j: a run fails on what is among the packets that are selected, whatever is shown of them", async (options, on) => {
  const { code, stderr } = await mixed("-q", ...options);
  expect([code, /failed on (.*)/.exec(stderr)?.[1]]).toEqual([on === undefined ? 0 : 3, on]);
});

it.each([
  [["--only", "lost"], ["19"]],
  [["--only", "dropped", "--flow", "34"], ["34"]],
  [
    ["--only", "port-rewritten"],
    ["6", "19"],
  ],
  [["--only", "refused"], []],
  [["--only", "unknown"], []],
  [["--slower-than", "95us"], ["20"]],
  [["--slower-than", "95us", "--only", "dropped"], []],
])("%j shows the flows of what it shows, quietly or not", async (options, flows) => {
  for (const quiet of [[], ["-q"]]) {
    const { stdout } = await mixed(...options, ...quiet, "--format", "ndjson");
    const shown = [...stdout.matchAll(/^{"type":"flow","flow":(\d+)/gm)].map(([, id]) => id);
    expect(shown).toEqual(flows);
    expect(stdout.match(/^{"type":"(summary|header)"/gm)).toHaveLength(2);
  }
});

it("text counts what is uneventful, and shows it with -a or where it is asked for; NDJSON always", async () => {
  const local = /· local/;
  expect((await mixed()).stdout).not.toMatch(local);
  expect((await mixed()).stdout).toContain("outside 38 local");
  expect((await mixed("-a")).stdout).toMatch(local);
  expect((await mixed("--only", "local")).stdout).toMatch(local);
  expect((await mixed("--flow", "25")).stdout).toMatch(/flow 25 .*\n? *· proxied/);
  expect((await mixed("--format", "ndjson")).stdout).toContain('"verdict":"local"');
});

it.each([
  [["--only", "drops"], "'drops' is none of pair, ambiguous, problem, dropped"],
  [["--fail-on", "leak,"], "'' is none of"],
  [["--flow", "a"], "It must be a whole number from 1 up."],
  [["--slower-than", "10"], "It must be a duration"],
])("%j is wrong usage, which is explained", async (options, text) => {
  const { code, stdout, stderr } = await mixed(...options);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(text);
});

it.each([
  ["leak,port-rewritten,tunnel,dropped", "Not found: leak, tunnel."],
  ["port-rewritten", "Packets that never arrived"],
  ["capture-loss", "Packets that never arrived"],
])("says which findings that were asked for there are none of: %s", async (only, first) => {
  expect((await mixed("-q", "--only", only)).stdout.startsWith(first)).toBe(true);
});
