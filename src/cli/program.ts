import { Command, CommanderError } from "commander";
import { addSideOptions, type FileOptions, sidesOf } from "./file-options.js";
import { addExplainOptions, type ExplainOptions } from "./explain-options.js";
import { printable } from "../packets/printable.js";
import type { Host } from "./host.js";
import { addLiveOptions, type LiveCommandOptions } from "./live-options.js";
import { addReportOptions, withColorValue } from "./report-options.js";
import { addSelectOptions } from "./select-options.js";

const EXAMPLES = `
Examples:
  natcorr file docker0.pcap enp0s3.pcap          every packet, inside and outside next to each other
  natcorr file -q docker0.pcap enp0s3.pcap       only problems, translations, findings and totals
  natcorr file --format ndjson in.pcapng.gz out.pcapng.zst | jq 'select(.verdict == "dropped")'
  ssh gateway tcpdump -w - -i eth0 | natcorr file lan.pcap - --clock-offset auto
  natcorr file both.pcapng --inside docker0 --outside enp0s3      both sides in one capture
  natcorr file any.pcap --inside 3 --outside 2                    the same of tcpdump -i any, by ifindex
`;

const LIVE_EXAMPLES = `
Examples:
  natcorr interfaces                                     what can be captured from
  natcorr live docker0 enp0s3                            every packet, inside and outside next to each other
  natcorr live docker0 enp0s3 -q                         a table of translations, refreshed in place
  natcorr live docker0 enp0s3 -w both.pcapng icmp or tcp port 443
  natcorr live docker0 enp0s3 --duration 1m --outside-filter 'host 180.101.49.11'
`;

/**
 * Runs the command line (without node and script) and returns the exit code: 0 done, 1 ended early, 2 wrong usage, 3 something was
 * found that is to fail it (`--fail-on`, or a translation that conntrack contradicts).
 */
export async function run(args: readonly string[], host: Host): Promise<number> {
  let exitCode = 0;
  const onEnd = (code: number): void => {
    exitCode = code;
  };
  const program = makeProgram(host, onEnd);
  addLive(program, host, onEnd);
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(withColorValue(args), { from: "user" });
    return exitCode;
  } catch (error) {
    // commander has said what is wrong, or shown the help that was asked for
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

function makeProgram(host: Host, onEnd: (exitCode: number) => void): Command {
  const program = new Command("natcorr")
    .description("What did my packet become on the other side of the NAT, and if it never got there, why?")
    .version(host.version, "-V, --version")
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      // it quotes the command line
      outputError: (text, write) => write(text.replace(/^error: /, "natcorr: ").replaceAll(/[^\n]+/g, printable)),
    })
    .exitOverride()
    .showHelpAfterError("natcorr --help shows what there is.")
    .addHelpText("after", EXAMPLES);

  const file: Command = program
    .command("file")
    .summary("pair the packets of two captures")
    .description(
      "Pairs the packets of two captures of the same traffic, taken before and behind a NAT: pcap or pcapng, also " +
        "compressed with gzip or zstd, FIFOs, and '-' for standard input.",
    )
    .argument("<inside>", "capture on the side of the containers (docker0), or of both sides: then with --inside")
    .argument("[outside]", "capture on the uplink")
    .showHelpAfterError("natcorr file --help shows what there is.")
    .addHelpText("after", EXAMPLES);
  addReportOptions(addSelectOptions(addExplainOptions(addSideOptions(file))), "auto").action(
    async (inside: string, outside: string | undefined, options: FileOptions & ExplainOptions) => {
      const { pairFiles } = await import("./file.js");
      const sides = sidesOf(file, options);
      if (sides !== undefined) {
        if (outside !== undefined) file.error("error: --inside and --outside are for one capture; two are given");
        // one capture has one clock, as long as nobody says otherwise
        if (file.getOptionValueSource("clockOffset") === "default") options.clockOffset = { kind: "none" };
        onEnd(await pairFiles({ path: inside, sides }, options, host));
        return;
      }
      if (outside === undefined) file.error("error: missing required argument 'outside'");
      if (inside === "-" && outside === "-") file.error("error: standard input can be one of the two captures only");
      onEnd(await pairFiles([inside, outside], options, host));
    },
  );
  program
    .command("interfaces")
    .summary("list what can be captured from")
    .description("Lists the network interfaces that natcorr live can capture from.")
    .action(async () => {
      const { showInterfaces } = await import("./interfaces.js");
      await showInterfaces(host.stdout);
    });
  program
    .command("schema")
    .summary("print the JSON Schema of the NDJSON output")
    .description(
      "Prints the JSON Schema (draft 2020-12) of a line of --format ndjson: every field, its type, its unit and its meaning.",
    )
    .action(async () => {
      const { SCHEMA } = await import("../report/schema.js");
      host.stdout.write(`${JSON.stringify(SCHEMA, null, 2)}\n`);
    });
  return program;
}

function addLive(program: Command, host: Host, onEnd: (exitCode: number) => void): void {
  const live = program
    .command("live")
    .summary("pair the packets of two interfaces as they pass")
    .description(
      "Captures on two interfaces at once, before and behind a NAT, and pairs their packets as they pass. SIGINT (Ctrl-C) ends " +
        "it, with totals; SIGUSR1 prints the totals so far.",
    )
    .argument("<inside>", "interface on the side of the containers (docker0)")
    .argument("<outside>", "interface of the uplink")
    .argument("[filter...]", "pcap filter for both, see man 7 pcap-filter")
    .showHelpAfterError("natcorr live --help shows what there is.")
    .addHelpText("after", LIVE_EXAMPLES);
  addLiveOptions(live).action(
    async (inside: string, outside: string, words: readonly string[], options: LiveCommandOptions) => {
      if (inside === outside) live.error("error: inside and outside must be two interfaces");
      if (options.write === "-") live.error("error: -w needs a file; standard output is for the report");
      const { pairLive } = await import("./live.js");
      const filter = (own = ""): string => allOf(words.join(" "), own);
      const filters = [filter(options.insideFilter), filter(options.outsideFilter)] as const;
      onEnd(await pairLive([inside, outside], filters, options, host));
    },
  );
}

/** A pcap filter that lets pass what both let pass; an empty one lets everything pass. */
function allOf(a: string, b: string): string {
  return a === "" || b === "" ? a + b : `(${a}) and (${b})`;
}
