import { join } from "node:path";
import { parseArgs } from "node:util";
import { accuracy, simulated } from "./accuracy.js";
import { ADVERSARIES } from "./adversary/adversaries.js";
import { generateAdversary } from "./adversary/adversary.js";
import { answerer, chatter } from "./chatter.js";
import { flood, sink } from "./flood.js";
import { generate } from "./generate.js";
import { linear } from "./linear.js";
import { LINEAR_INPUTS } from "./linear-inputs.js";
import { live } from "./live.js";
import { measureMixes } from "./mix-speed.js";
import { MIXES } from "./mixes.js";
import { newcomers } from "./newcomers.js";
import { joinTsharks, readWithPcapParser } from "./rivals.js";
import { SCENARIOS, type Scenario, scenarioNamed } from "./scenarios.js";
import { soak } from "./soak.js";
import { storm } from "./storm.js";
import { cleanSpeed, speed } from "./speed.js";
import { measureWritten } from "./written.js";

const USAGE = `Usage: npm run bench -- <command> [options]

  generate <scenario> <dir>   write inside.pcap, outside.pcap and truth.bin
      --seed <n>              default 1
      --packets <n>           frames inside; the outside has about as many
      --snaplen <n>           bytes kept of a frame on both sides
  accuracy                    natcorr against the truth; exits 1 on a wrong pair or a frame unaccounted for,
                              a packet that leaves before it enters, a false statement, or less found than was asked for
      --seeds <n>             seeds 1 … n, default 20; or --seed <n>, that one alone
      --scenario <name>       may be repeated, or be a theme: simulated, wrong, said or recall;
                              default all but those for speed
      --packets <n>           frames a side
      --natcorr <file>        entry to run, default dist/main.js
  speed                       natcorr beside tcpdump, tshark and pcap-parser, then all mixes, as Markdown tables
      --quick                 a tenth of the packets, each run once
      --natcorr <file>        entry to run, default dist/main.js
  mixes                       natcorr on one mix of traffic after the other, against tcpdump
      --mix <name>            may be repeated; default all of them
      --packets <n>           frames a side, default 600000
      --quick                 a tenth of the packets, each run once
      --natcorr <file>        entry to run, default dist/main.js
  written                     a page and annotated captures, against the report alone, tables against NDJSON; takes Debian's chromium
      --packets <n>           frames inside, default 1000000
      --natcorr <file>        entry to run, default dist/main.js
  linear                      natcorr on N and 2N of what may cost more than twice as much then; exits 1 where one does
      --input <name>          may be repeated; default all of them
      --natcorr <file>        entry to run, default dist/main.js
  live                        natcorr live beside tcpdump and --engine cap in a flooded lab; takes root
      --packets <n>           packets a flood sends, default 1000000
      --natcorr <file>        entry to run, default dist/main.js
  flood <ipv4> <port> <n> <bytes>, sink <port>
                              what live sends with, and where to
  soak                        natcorr live for long: memory, and whether all is accounted for; takes root
      --minutes <n>           default 60
      --natcorr <file>        entry to run, default dist/main.js
  chatter <ipv4> <seconds>, answerer <ipv4>
                              what soak talks with, and to whom
  storm                       natcorr live with conntrack and Docker beside 5,000 new conversations a second: memory, and whether
                              what it claims is so; takes root and Docker
      --minutes <n>           default 2
      --rate <n>              new conversations a second, default 5000
      --forget <seconds>      how long conntrack keeps an entry that nothing uses, default as the kernel has it: then its table
                              grows for minutes
      --natcorr <file>        entry to run, default dist/main.js
  newcomers <from> <to> <seconds> <rate>
                              what storm sends with
  tshark-join <in> <out>      what speed compares with: tshark on both, joined; --packets <n> of each
  pcap-parser <file>…         what speed compares with: pcap-parser, reading alone
  clean                       delete the captures that speed keeps

Mixes:
${[...MIXES].map(([name, { about }]) => `  ${name.padEnd(32)} ${about}`).join("\n")}

Inputs of linear:
${[...LINEAR_INPUTS].map(([name, { about, count }]) => `  ${name.padEnd(32)} ${about}; N is ${count}`).join("\n")}

Scenarios:
${[...SCENARIOS, ...ADVERSARIES].map(([name, { about }]) => `  ${name.padEnd(32)} ${about}`).join("\n")}
`;

/** Commands that a further word means nothing to: `soak 5` would go on for an hour. */
const WITHOUT_WORDS: ReadonlySet<string> = new Set([
  "accuracy",
  "speed",
  "mixes",
  "written",
  "linear",
  "live",
  "soak",
  "storm",
  "clean",
]);

/** How often each mix is measured: the best of them counts. */
const MIX_RUNS = 5;
/** And each of these, whose ratios are far from the limit, or far beyond it. */
const LINEAR_RUNS = 2;

class UsageError extends Error {}

function wholeNumber(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new UsageError(`--${option} takes a whole number from 1, not ${text}`);
  return number;
}

function given(path: string | undefined): string {
  if (path === undefined) throw new UsageError("a capture is missing");
  return path;
}

function known(name: string | undefined): Scenario {
  if (name === undefined || !SCENARIOS.has(name))
    throw new UsageError(`there is no scenario ${name ?? "without a name"}`);
  return scenarioNamed(name);
}

/** The scenario of this name, or all of this theme. */
function meantBy(name: string): string[] {
  if (SCENARIOS.has(name)) return [name];
  if (name === "simulated") return simulated();
  const names = [...ADVERSARIES.keys()].filter((other) => other === name || other.startsWith(`${name}/`));
  if (names.length === 0) throw new UsageError(`there is no scenario ${name}`);
  return names;
}

function asked() {
  return parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      packets: { type: "string" },
      minutes: { type: "string" },
      forget: { type: "string" },
      rate: { type: "string" },
      snaplen: { type: "string" },
      scenario: { type: "string", multiple: true, default: [] },
      mix: { type: "string", multiple: true, default: [] },
      input: { type: "string", multiple: true, default: [] },
      natcorr: { type: "string", default: join("dist", "main.js") },
      quick: { type: "boolean", default: false },
    },
  });
}

type Options = ReturnType<typeof asked>["values"];

/** Does what a command says, with the words behind it; gives false where what it looked for is not so. */
type Command = (options: Options, words: readonly string[]) => unknown;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["generate", written],
  [
    "accuracy",
    ({ scenario, seed, seeds, packets, natcorr }) =>
      accuracy({
        seeds: wholeNumber(seeds, "seeds") ?? 20,
        seed: wholeNumber(seed, "seed"),
        scenarios: scenario.flatMap(meantBy),
        packets: wholeNumber(packets, "packets"),
        natcorr,
      }),
  ],
  ["speed", ({ quick, natcorr }) => speed({ isQuick: quick, natcorr })],
  [
    "mixes",
    ({ mix, packets, quick, natcorr }) =>
      measureMixes({
        packets: wholeNumber(packets, "packets"),
        scale: quick ? 0.1 : 1,
        runs: quick ? 1 : MIX_RUNS,
        natcorr,
        names: allKnown(mix, MIXES, "mix"),
      }),
  ],
  ["written", ({ packets, natcorr }) => measureWritten(wholeNumber(packets, "packets") ?? 1_000_000, natcorr)],
  [
    "linear",
    ({ input, natcorr }) => linear({ natcorr, names: allKnown(input, LINEAR_INPUTS, "input"), runs: LINEAR_RUNS }),
  ],
  ["live", ({ packets, natcorr }) => live({ packets: wholeNumber(packets, "packets") ?? 1_000_000, natcorr })],
  ["flood", (_, [address, port, count, bytes]) => flood(address, Number(port), Number(count), Number(bytes))],
  ["sink", (_, [port]) => sink(Number(port))],
  ["soak", ({ minutes, natcorr }) => soak({ minutes: wholeNumber(minutes, "minutes") ?? 60, natcorr })],
  ["chatter", (_, [address, seconds]) => chatter(address, Number(seconds))],
  ["answerer", (_, [address]) => answerer(address)],
  [
    "storm",
    ({ minutes, rate, forget, natcorr }) =>
      storm({
        minutes: wholeNumber(minutes, "minutes") ?? 2,
        rate: wholeNumber(rate, "rate") ?? 5000,
        forgetS: wholeNumber(forget, "forget"),
        natcorr,
      }),
  ],
  ["newcomers", (_, [from, to, seconds, rate]) => newcomers(from, to, Number(seconds), Number(rate))],
  [
    "tshark-join",
    async ({ packets }, [inside, outside]) => {
      const pairs = await joinTsharks(given(inside), given(outside), wholeNumber(packets, "packets") ?? 0);
      process.stdout.write(`${pairs} pairs\n`);
    },
  ],
  [
    "pcap-parser",
    async (_, paths) => {
      process.stdout.write(`${await readWithPcapParser([...paths])} packets\n`);
    },
  ],
  ["clean", cleanSpeed],
]);

/** Writes a scenario's captures, and its truth, into a folder. */
function written(options: Options, [name, folder]: readonly string[]): void {
  if (folder === undefined) throw new UsageError("generate needs a folder");
  const seed = wholeNumber(options.seed, "seed") ?? 1;
  const packets = wholeNumber(options.packets, "packets");
  const adversary = ADVERSARIES.get(name);
  if (adversary !== undefined) {
    generateAdversary(adversary, folder, seed, packets);
    return;
  }
  const scenario = known(name);
  const snaplen = wholeNumber(options.snaplen, "snaplen");
  const kept = snaplen === undefined ? {} : { insideSnaplen: snaplen, outsideSnaplen: snaplen };
  generate({ ...scenario, ...kept, packets: packets ?? scenario.packets }, folder, seed);
}

/** The names asked for, all of which there are. */
function allKnown(names: string[], among: ReadonlyMap<string, unknown>, what: string): string[] {
  const unknown = names.find((name) => !among.has(name));
  if (unknown !== undefined) throw new UsageError(`there is no ${what} ${unknown}`);
  return names;
}

async function main(): Promise<number> {
  const { values, positionals } = asked();
  const [name, ...words] = positionals;
  if (name === undefined) throw new UsageError("which command?");
  const command = COMMANDS.get(name);
  if (command === undefined) throw new UsageError(`there is no command ${name}`);
  if (words.length > 0 && WITHOUT_WORDS.has(name)) throw new UsageError(`${name} takes options alone, not ${words[0]}`);
  return (await command(values, words)) === false ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const isUsage = error instanceof UsageError || ("code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"));
  process.stderr.write(isUsage ? `${error.message}\n\n${USAGE}` : `${error.stack}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
