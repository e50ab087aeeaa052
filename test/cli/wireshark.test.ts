import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { VERDICTS } from "../../src/packets/results/verdicts.js";
import { natcorr, natcorrIn } from "../support/natcorr.js";
import { isSkipped, tools } from "../support/needs.js";
import { scratch } from "../support/scratch.js";

const ANNOTATED = join(import.meta.dirname, "../../src/report/annotated");
const DISSECTOR = join(ANNOTATED, "natcorr.lua");
const FIXTURES = join(import.meta.dirname, "../../fixtures");
const MAIN = join(import.meta.dirname, "../../dist/main.js");
const EXTCAP = ["--extcap-interface", "natcorr"] as const;

/** Where natcorr puts what, from a home directory on. */
const PLUGIN = ".local/lib/wireshark/plugins/natcorr.lua";
const LAUNCHERS = [".local/lib/wireshark/extcap/natcorr", ".config/wireshark/extcap/natcorr"];
const PROFILE = [
  ".config/wireshark/profiles/natcorr/colorfilters",
  ".config/wireshark/profiles/natcorr/preferences",
  ".config/wireshark/profiles/natcorr/recent",
] as const;
const ALL = [PLUGIN, ...LAUNCHERS, ...PROFILE];

/** What Wireshark is told of a filter. */
async function saidOf(filter: string): Promise<string> {
  const { code, stdout } = await natcorr("extcap", "--extcap-capture-filter", filter, ...EXTCAP);
  expect(code).toBe(0);
  return stdout;
}

/** Captures of these sides for Wireshark. */
const capture = (...sides: readonly string[]) =>
  natcorr("extcap", "--capture", ...EXTCAP, "--fifo", scratch("out.pcapng"), "--host=off", ...sides);

const pathsIn = (home: string, names: readonly string[] = ALL): string =>
  names.map((name) => `${join(home, name)}\n`).join("");

it("puts what Wireshark loads where it looks for that, and takes it away again", async () => {
  const { stdout } = await natcorr("wireshark");
  expect(readFileSync(stdout.trimEnd(), "utf8")).toBe(readFileSync(DISSECTOR, "utf8"));
  const home = scratch("home");
  const installed = { code: 0, stdout: pathsIn(home), stderr: "" };
  expect(await natcorrIn({ HOME: home }, "wireshark", "--install")).toEqual(installed);
  expect(readFileSync(join(home, PLUGIN))).toEqual(readFileSync(DISSECTOR));
  for (const name of LAUNCHERS) expect(statSync(join(home, name)).mode & 0o777).toBe(0o755);
  expect(await natcorrIn({ HOME: home }, "wireshark", "--install")).toEqual(installed);
  expect(await natcorrIn({ HOME: home }, "wireshark", "--uninstall")).toEqual(installed);
  expect(ALL.filter((name) => existsSync(join(home, name)))).toEqual([]);
  expect(existsSync(join(home, ".config/wireshark/profiles/natcorr"))).toBe(false);
  expect(await natcorrIn({ HOME: home }, "wireshark", "--uninstall")).toEqual({ code: 0, stdout: "", stderr: "" });
  await expect(natcorrIn({}, "wireshark", "--install")).rejects.toThrow("HOME is not set");
});

it("leaves a profile alone that was changed", async () => {
  const home = scratch("changed");
  await natcorrIn({ HOME: home }, "wireshark", "--install");
  const [colours, preferences] = PROFILE.map((name) => join(home, name));
  writeFileSync(preferences, "gui.column.format: \n");
  const others = ALL.filter((name) => name !== PROFILE[1]);
  const stderr = expect.stringContaining("is another one than natcorr's, and is left as it is");
  const again = await natcorrIn({ HOME: home, COLUMNS: "1000" }, "wireshark", "--install");
  expect(again).toEqual({ code: 0, stdout: pathsIn(home, others), stderr });
  const away = await natcorrIn({ HOME: home, COLUMNS: "1000" }, "wireshark", "--uninstall");
  expect(away).toEqual({ code: 0, stdout: pathsIn(home, others), stderr });
  expect([existsSync(colours), readFileSync(preferences, "utf8")]).toEqual([false, "gui.column.format: \n"]);
});

it("goes by where the environment, or an old folder, has Wireshark's settings", async () => {
  const home = scratch("elsewhere");
  const settings = async (env: Readonly<Record<string, string>>): Promise<string> => {
    const { stdout } = await natcorrIn({ HOME: home, ...env }, "wireshark", "--install");
    return stdout.split("\n")[2];
  };
  expect(await settings({ WIRESHARK_CONFIG_DIR: join(home, "named") })).toBe(join(home, "named/extcap/natcorr"));
  expect(await settings({ XDG_CONFIG_HOME: join(home, "xdg") })).toBe(join(home, "xdg/wireshark/extcap/natcorr"));
  mkdirSync(join(home, ".wireshark"));
  expect(await settings({})).toBe(join(home, ".wireshark/extcap/natcorr"));
  mkdirSync(join(home, ".config/wireshark"), { recursive: true });
  expect(await settings({})).toBe(join(home, ".config/wireshark/extcap/natcorr"));
});

it("what Wireshark runs is this program, whatever the folders are called that it is in", async () => {
  const home = scratch("it's a $HOME `id`");
  mkdirSync(home);
  await natcorrIn({ HOME: home }, "wireshark", "--install");
  const launcher = join(home, LAUNCHERS[0]);
  expect(execFileSync(launcher, ["--extcap-interfaces", "--extcap-version=4.0"], { encoding: "utf8" })).toMatch(
    /^extcap \{version=\d+\.\d+\.\d+\}.*\ninterface \{value=natcorr\}\{display=[^{}]+\}\n$/,
  );
  // the program is in a folder with a quote in its name
  const program = join(home, "main's.js");
  copyFileSync(launcher, join(home, "launcher"));
  writeFileSync(program, "console.log(process.argv.slice(2).join())");
  const quoted = `'${program.replaceAll("'", String.raw`'\''`)}'`;
  writeFileSync(
    join(home, "launcher"),
    readFileSync(launcher, "utf8").replace(`'${MAIN}'`, () => quoted),
  );
  expect(execFileSync(join(home, "launcher"), ["a b", "c"], { encoding: "utf8" })).toBe("extcap,a b,c\n");
});

it("answers what Wireshark asks, in sentences that it reads", async () => {
  const dlts = await natcorr("extcap", "--extcap-dlts", ...EXTCAP);
  expect(dlts).toEqual({ code: 0, stdout: "dlt {number=1}{name=EN10MB}{display=Ethernet}\n", stderr: "" });
  const { code, stdout, stderr } = await natcorr("extcap", "--extcap-config", ...EXTCAP, "--from-the-future");
  expect([code, stderr]).toEqual([0, ""]);
  const lines = stdout.trimEnd().split("\n");
  for (const line of lines) expect(line).toMatch(/^(arg|value) (\{\w+=[^{}]*\})+$/);
  const called = lines.map((line) => /^arg \{number=(\d)\}\{call=(--\w+)\}/.exec(line)?.slice(1).join(" ") ?? "");
  expect(called.filter(Boolean)).toEqual([
    "0 --inside",
    "1 --outside",
    "2 --container",
    "3 --window",
    "4 --host",
    "5 --rules",
    "6 --conntrack",
    "7 --snaplen",
  ]);
});

it("says in a line what is wrong with a capture filter, and nothing where nothing is", async () => {
  expect(await saidOf("host 172.17.0.2 and tcp port 80")).toBe("");
  expect(await saidOf("")).toBe("");
  expect(await saidOf("prt 80")).toMatch(/^filter 'prt 80': .+\n$/);
});

it("what cannot be captured from is an error, with what mends it", async () => {
  await expect(capture("--inside", "none0", "--outside", "none1")).rejects.toThrow("none0: there is no such interface");
  await expect(capture("--inside", "none0", "--outside", "none0")).rejects.toThrow("none0 is given as both");
  const wrong = await capture("--inside", "none0", "--outside", "none1", "--window", "soon");
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("It must be a duration")]);
});

it.skipIf(isSkipped("colours and columns of Wireshark's profile", tools(["tshark"])))(
  "each verdict has its colour, and columns have what natcorr notes",
  async () => {
    const home = scratch("profile");
    await natcorrIn({ HOME: home }, "wireshark", "--install");
    const shown = (name: string, ...more: readonly string[]): string[] => {
      const { HOME: _, XDG_CONFIG_HOME: __, ...env } = process.env;
      const args = ["-C", "natcorr", "-r", scratch(`${name}.pcapng`), ...more];
      const stdio = ["ignore", "pipe", "pipe"] as const;
      return execFileSync("tshark", args, { encoding: "utf8", env: { ...env, HOME: home }, stdio: [...stdio] })
        .trimEnd()
        .split("\n");
    };
    const seen = new Map<string, Set<string>>();
    for (const name of ["mixed", "drops", "capture-loss", "second-uplink", "article-as-printed", "proxy-udp"]) {
      const sides = ["inside", "outside"].map((side) => `${FIXTURES}/${name}/${side}.pcap`);
      await natcorr("file", ...sides, "-q", "-w", scratch(`${name}.pcapng`));
      const fields = ["natcorr.verdict", "natcorr.impact", "natcorr.twin", "frame.coloring_rule.name"];
      for (const line of shown(name, "--color", "-T", "fields", ...fields.flatMap((field) => ["-e", field]))) {
        const [verdict, impact, twin, rule = ""] = line.split("\t");
        const of = verdict === "dropped" ? `${verdict} ${impact}` : verdict || (twin === "" ? "nothing" : "pair");
        seen.set(of, (seen.get(of) ?? new Set()).add(rule));
      }
    }
    const rules: Readonly<Record<string, string>> = {
      "dropped lost": "natcorr: lost",
      "dropped resent": "natcorr: dropped and made up for",
      "dropped covered": "natcorr: dropped and made up for",
      "dropped unknown": "natcorr: dropped",
      refused: "natcorr: refused",
      local: "natcorr: not to cross",
      proxied: "natcorr: not to cross",
      copy: "natcorr: not to cross",
      "capture-loss": "natcorr: lost by the capture",
      elsewhere: "natcorr: elsewhere",
      "no-overlap": "natcorr: not known",
      ambiguous: "natcorr: ambiguous",
      unknown: "natcorr: not known",
      pair: "natcorr: crossed",
    };
    seen.delete("nothing");
    expect(seen.size).toBeGreaterThan(9);
    for (const [of, found] of seen) expect([of, ...found]).toEqual([of, rules[of]]);
    const first = shown("mixed", "-T", "psml").filter((line) => line.startsWith("<section>"));
    expect(first.slice(0, 14).map((line) => line.replaceAll(/<\/?section>/g, ""))).toEqual(
      ["No.", "Time", "Interface", "Source", "Destination", "Protocol", "Length", "Flow", "Verdict", "Twin"].concat([
        "Latency",
        "Rewrite",
        "Container",
        "Info",
      ]),
    );
    const [pair] = shown("mixed", "-Y", "natcorr.twin", "-T", "tabs");
    expect(pair.split("\t").slice(8, 13)).toEqual([
      expect.stringMatching(/^\d+$/),
      "",
      expect.stringMatching(/^\d+$/),
      expect.stringMatching(/^\d+\.\d{9}$/),
      expect.stringContaining(" → "),
    ]);
  },
);

it("each column has a width, by what Wireshark calls it where it keeps that", () => {
  const [columns, widths] = ["preferences", "recent"].map((name) => {
    const text = readFileSync(join(ANNOTATED, "profile", name), "utf8");
    return [...text.matchAll(/"(%[^"]+)"/g)].map(([, column]) => column);
  });
  expect(columns.length).toBeGreaterThan(10);
  expect(widths).toEqual(columns.map((column) => column.replace(/:0:R$/, "")));
});

it("the colours name every verdict", () => {
  const text = readFileSync(join(ANNOTATED, "profile/colorfilters"), "utf8");
  for (const verdict of [...VERDICTS, "ambiguous"]) expect(text).toContain(`natcorr.verdict == "${verdict}"`);
});
