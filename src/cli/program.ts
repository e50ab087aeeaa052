import { Command, CommanderError } from "commander";
import type { Host } from "./host.js";
import { addReportOptions, type ReportOptions, withColorValue } from "./report-options.js";

const EXAMPLES = `
Examples:
  natcorr file docker0.pcap enp0s3.pcap          every packet, inside and outside next to each other
  natcorr file -q docker0.pcap enp0s3.pcap       only translations, findings and totals
  natcorr file --format ndjson in.pcapng.gz out.pcapng.zst | jq 'select(.verdict == "dropped")'
  ssh gateway tcpdump -w - -i eth0 | natcorr file lan.pcap - --clock-offset auto
`;

/** Runs the command line (without node and script) and returns the exit code: 0 done, 2 wrong usage. */
export async function run(args: readonly string[], host: Host): Promise<number> {
  const program = makeProgram(host);
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(withColorValue(args), { from: "user" });
    return 0;
  } catch (error) {
    // commander has said what is wrong, or shown the help that was asked for
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

function makeProgram(host: Host): Command {
  const program = new Command("natcorr")
    .description("What did my packet become on the other side of the NAT, and if it never got there, why?")
    .version(host.version, "-V, --version")
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "natcorr: ")),
    })
    .exitOverride()
    .showHelpAfterError("natcorr --help shows what there is.")
    .addHelpText("after", EXAMPLES);

  const file = program
    .command("file")
    .summary("pair the packets of two captures")
    .description(
      "Pairs the packets of two captures of the same traffic, taken before and behind a NAT: pcap or pcapng, also " +
        "compressed with gzip or zstd, FIFOs, and '-' for standard input.",
    )
    .argument("<inside>", "capture on the side of the containers (docker0)")
    .argument("<outside>", "capture on the uplink")
    .showHelpAfterError("natcorr file --help shows what there is.")
    .addHelpText("after", EXAMPLES);
  addReportOptions(file, "auto").action(async (inside: string, outside: string, options: ReportOptions) => {
    if (inside === "-" && outside === "-") file.error("error: standard input can be one of the two captures only");
    const { pairFiles } = await import("./file.js");
    await pairFiles([inside, outside], options, host);
  });
  return program;
}
