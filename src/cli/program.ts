import { existsSync } from "node:fs";
import { Argument, Command, CommanderError, Option } from "commander";
import { addSideOptions, addWriteOption, type FileOptions, sidesOf } from "./options/file-options.js";
import { addExplainOptions, type ExplainOptions } from "./options/explain-options.js";
import { FilterError } from "../capture/errors.js";
import { printable } from "../packets/printable.js";
import type { Host } from "./host.js";
import { addHostOptions, type HostOptions, isFollowed, knownHost } from "./options/host-options.js";
import { addLiveOptions, type LiveCommandOptions } from "./options/live-options.js";
import { addReportOptions, withColorValue } from "./options/report-options.js";
import { addPathOptions, type PathOptions, pointsOf } from "./options/path-options.js";
import type { ExtcapOptions } from "./commands/extcap/extcap.js";
import type { SideNames } from "../packets/sides.js";
import { addSelectOptions } from "./options/select-options.js";
import { capturesIn, namesIn, sidesProblem } from "./options/side-words.js";
import { foldedLines } from "../report/text/fold.js";
import { widthOf } from "./width.js";

const EXAMPLES = `
Examples:
  natcorr file docker0.pcap enp0s3.pcap          every packet, inside and outside next to each other
  natcorr file -q docker0.pcap enp0s3.pcap       only problems, translations, findings and totals
  natcorr file docker0.pcap enp0s3.pcap host 172.17.0.2 and port 443      packets that are so on either side
  natcorr file --format ndjson in.pcapng.gz out.pcapng.zst | jq 'select(.verdict == "dropped")'
  ssh gateway tcpdump -w - -i eth0 | natcorr file lan.pcap - --clock-offset auto
  natcorr file docker0.pcap,br-app.pcap enp0s3.pcap      two bridges inside
  natcorr file both.pcapng --inside docker0 --outside enp0s3      both sides in one capture
  natcorr file any.pcap --inside 3 --outside 2                    the same of tcpdump -i any, by ifindex
`;

const LIVE_EXAMPLES = `
Examples:
  natcorr interfaces                                     what can be captured from
  natcorr live                                           Docker's bridges, and the interfaces of the default routes
  natcorr live docker0 enp0s3                            every packet, inside and outside next to each other
  natcorr live docker0,br-app enp0s3,wg0                 two bridges and two uplinks
  natcorr live docker0 enp0s3 -q                         a table of translations, refreshed in place
  natcorr live docker0 enp0s3 host 172.17.0.2            what becomes of one container's packets
  natcorr live docker0 enp0s3 -w both.pcapng icmp or tcp port 443      shows these, writes all
  natcorr live docker0 enp0s3 --duration 1m --outside-filter 'host 180.101.49.11'      captures no others there
`;

const PATH_EXAMPLES = `
Examples:
  natcorr path c1-eth0.pcap docker0.pcap enp0s3.pcap                      every packet, from the container to the uplink
  natcorr path -q docker0.pcap enp0s3.pcap router-lan.pcap router-wan.pcap      between which points packets were lost
  natcorr path --only lost docker0.pcap enp0s3.pcap router-wan.pcap             each packet that was lost for good, and where
  natcorr path --format ndjson docker0.pcap enp0s3.pcap router-wan.pcap | jq 'select(.type == "journey")'
`;

const WRONG_USAGE = 2;

const FILTER =
  "pcap filter (man 7 pcap-filter): show only packets that it selects on either side, with their twins; all are paired and counted";

/**
 * Runs the command line (without node and script) and returns the exit code: 0 done, 1 ended early, 2 wrong usage, 3 something was
 * found that is to fail it (`--fail-on`, or a translation that conntrack contradicts).
 */
export async function run(args: readonly string[], host: Host): Promise<number> {
  let exitCode = 0;
  const onEnd = (code: number): void => {
    exitCode = code;
  };
  const program = makeProgram(host);
  addFile(program, host, onEnd);
  addPrinting(program, host, onEnd);
  addLive(program, host, onEnd);
  addPath(program, host, onEnd);
  addExtcap(program, host, onEnd);
  addHelp(program);
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(withColorValue(args), { from: "user" });
    return exitCode;
  } catch (error) {
    // commander has said what is wrong, or shown the help that was asked for
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
    throw error;
  }
}

/** Does what a command is for; a filter that is none is wrong usage of it. `unless`: what else its words were to be, if anything. */
async function exitCodeOf(command: Command, pairAll: () => Promise<number>, unless = ""): Promise<number> {
  try {
    return await pairAll();
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return command.error(`error: ${error.message}; man 7 pcap-filter tells what is possible${unless}`);
  }
}

function makeProgram(host: Host): Command {
  return (
    new Command("natcorr")
      .description("What did my packet become on the other side of the NAT, and if it never got there, why?")
      .version(host.version, "-V, --version")
      .configureOutput({
        writeOut: (text) => host.stdout.write(text),
        writeErr: (text) => host.stderr.write(text),
        // it quotes the command line
        outputError: (text, write) =>
          write(
            foldedLines(
              text.replace(/^error: /, "natcorr: ").replaceAll(/[^\n]+/g, printable),
              widthOf(host.stderr, host.env),
            ),
          ),
      })
      .exitOverride()
      .showHelpAfterError("natcorr --help shows what there is.")
      // commander's own takes any word for a command
      .helpCommand(false)
      .addHelpText("after", EXAMPLES)
  );
}

function addFile(program: Command, host: Host, onEnd: (exitCode: number) => void): void {
  const file: Command = program
    .command("file")
    .summary("pair the packets of two captures")
    .description(
      "Pairs the packets of two captures of the same traffic, taken before and behind a NAT: pcap or pcapng, also " +
        "compressed with gzip or zstd, FIFOs, and '-' for standard input.",
    )
    .argument("<inside>", "capture on the side of the containers (docker0), or of both sides: then with --inside")
    .argument("[outside]", "capture on the uplink")
    .argument("[filter...]", FILTER)
    .showHelpAfterError("natcorr file --help shows what there is.")
    .addHelpText("after", EXAMPLES);
  addReportOptions(
    addSelectOptions(
      addWriteOption(addExplainOptions(addHostOptions(addSideOptions(file), "what the inside capture holds"))),
    ),
    "auto",
  ).action(
    async (
      inside: string,
      second: string | undefined,
      more: string[],
      given: FileOptions & ExplainOptions & HostOptions,
    ) => {
      const { pairFiles } = await import("./commands/file.js");
      const options = { ...given, known: await knownHost(file, given, inside, host) };
      const sides = sidesOf(file, options);
      if (sides !== undefined) {
        const words = second === undefined ? [] : [second, ...more];
        // a filter may begin with an address, but no file is called so
        if (second !== undefined && /[./]/.test(second) && existsSync(second))
          file.error(`error: --inside and --outside are for one capture; '${second}' is a second one`);
        // one capture has one clock, as long as nobody says otherwise
        if (file.getOptionValueSource("clockOffset") === "default") options.clockOffset = { kind: "none" };
        await refuseToWrite(file, options, [inside]);
        onEnd(await exitCodeOf(file, () => pairFiles({ path: inside, sides }, filterOf(words), options, host)));
        return;
      }
      if (second === undefined) {
        const { adviceOnSides } = await import("./options/sides-advice.js");
        file.error(`error: missing required argument 'outside'${await adviceOnSides(inside)}`);
      }
      const captures = [capturesIn(inside), capturesIn(second)] as const;
      const paths = captures.map((side) => side.flat());
      const both = paths[0].find((path) => paths[1].includes(path));
      if (both === "-") file.error("error: standard input can be one of the captures only");
      if (both !== undefined) {
        const { adviceOnSides } = await import("./options/sides-advice.js");
        file.error(`error: '${both}' is given as both sides${await adviceOnSides(both)}`);
      }
      await refuseToWrite(file, options, paths.flat());
      onEnd(await exitCodeOf(file, () => pairFiles(captures, filterOf(more), options, host)));
    },
  );
}

/** Ends the command where a file that is asked for cannot be written. */
async function refuseToWrite(
  command: Command,
  { write, html }: FileOptions,
  captures: readonly string[],
): Promise<void> {
  if (write === undefined && html === undefined) return;
  const { annotatingProblem, overwriting } = await import("./options/written-files.js");
  const problem =
    (html === undefined ? undefined : overwriting("--html", html, captures)) ??
    (write === undefined ? undefined : annotatingProblem(write, captures));
  if (problem !== undefined) command.error(`error: ${problem}`);
}

/** Adds the commands that print what there is. */
function addPrinting(program: Command, host: Host, onEnd: (exitCode: number) => void): void {
  program
    .command("snapshot")
    .summary("print what the host knows now, for natcorr file --host")
    .description(
      "Prints what the host knows now as one JSON object: containers, networks and published ports, addresses and routes, the firewall's rules and " +
        "conntrack's entries with their counters, and the sysctls that decide about forwarding. What cannot be read is named in it, and nothing is " +
        "required. The environment and the commands of containers are left out.",
    )
    .option("--docker <socket|off>", "Docker's socket (default: that of DOCKER_HOST, else /var/run/docker.sock)")
    .action(async ({ docker }: { docker?: string }) => {
      const { showSnapshot } = await import("./commands/snapshot.js");
      onEnd(await showSnapshot(docker, host));
    });
  program
    .command("interfaces")
    .summary("list what can be captured from")
    .description("Lists the network interfaces that natcorr live can capture from.")
    .action(async () => {
      const { showInterfaces } = await import("./commands/interfaces.js");
      await showInterfaces(host.stdout);
    });
  program
    .command("wireshark")
    .summary("have Wireshark show what natcorr notes of packets, and capture by natcorr live")
    .description(
      "Prints where the dissector is that makes fields of the comments of natcorr file -w, for wireshark -X lua_script:<file> and tshark: natcorr.verdict, " +
        "natcorr.twin, natcorr.latency and more. Installed, Wireshark has these fields at all times, the interface natcorr in its list, which captures both sides " +
        "as natcorr live does, each packet with what became of it, and the profile natcorr, with columns and colours (wireshark -C natcorr).",
    )
    .addOption(
      new Option("--install", "put it into the folders that Wireshark has for its user, and print the files").conflicts(
        "uninstall",
      ),
    )
    .option("--uninstall", "take that away again")
    .action(async (options: { install?: true; uninstall?: true }) => {
      const { install, showDissector, uninstall } = await import("./commands/wireshark.js");
      if (options.install === true) install(host);
      else if (options.uninstall === true) uninstall(host);
      else showDissector(host);
    });
  program
    .command("schema")
    .summary("print the JSON Schema of the NDJSON output, or of what is kept of a host")
    .description(
      "Prints the JSON Schema (draft 2020-12) of a line of --format ndjson, of what natcorr snapshot prints, or of a container's change, which natcorr live " +
        "keeps with -w: every field, its type, its unit and its meaning.",
    )
    .addArgument(new Argument("[of]", "which of these").choices(["output", "snapshot", "change"]).default("output"))
    .action(async (of: "output" | "snapshot" | "change") => {
      host.stdout.write(`${JSON.stringify(await schemaOf(of), null, 2)}\n`);
    });
}

async function schemaOf(of: "output" | "snapshot" | "change"): Promise<object> {
  if (of === "output") return (await import("../report/ndjson/schema.js")).SCHEMA;
  const { CHANGE_SCHEMA, SCHEMA } = await import("../host/snapshot/schema.js");
  return of === "snapshot" ? SCHEMA : CHANGE_SCHEMA;
}

function addLive(program: Command, host: Host, onEnd: (exitCode: number) => void): void {
  const live = program
    .command("live")
    .summary("pair the packets of interfaces as they pass")
    .description(
      "Captures on interfaces before and behind a NAT at once, and pairs their packets as they pass. Without interfaces, these are Docker's bridges " +
        "and those of the default routes. SIGINT (Ctrl-C), SIGTERM and SIGHUP end it, with totals; SIGUSR1 prints the totals so far.",
    )
    .argument("[inside]", "interface on the side of the containers (docker0), or several with commas between")
    .argument("[outside]", "interface of the uplink, or several with commas between")
    .argument("[filter...]", FILTER)
    .showHelpAfterError("natcorr live --help shows what there is.")
    .addHelpText("after", LIVE_EXAMPLES);
  addLiveOptions(live).action(
    async (
      inside: string | undefined,
      outside: string | undefined,
      more: readonly string[],
      options: LiveCommandOptions,
    ) => {
      const words = [inside, outside, ...more].filter((word) => word !== undefined);
      const given = await interfacesIn(live, words);
      const known = isFollowed(options) ? undefined : await knownHost(live, options, undefined, host);
      const { pairLive } = await import("./commands/live.js");
      const filter = filterOf(given === undefined ? words : more);
      const unless =
        given === undefined && words.length > 0 ? `; if these are to be interfaces: none is called '${words[0]}'` : "";
      onEnd(await exitCodeOf(live, () => pairLive(given, filter, { ...options, known }, host), unless));
    },
  );
}

function addPath(program: Command, host: Host, onEnd: (exitCode: number) => void): void {
  const path = program
    .command("path")
    .summary("follow packets along several capture points")
    .description(
      "Follows packets along any number of capture points, from the container outwards: pairs those of each two neighbouring points as natcorr file does, and " +
        "shows each packet once, with what it became at each point, how long each hop took, and where it was last seen. A packet that bypasses a point is not lost there.",
    )
    .argument("<point>", "capture of the innermost point, or several with commas between")
    .argument("<next>", "capture of the next point outwards …")
    .argument("[points...]", "… and of all others, in this order")
    .showHelpAfterError("natcorr path --help shows what there is.")
    .addHelpText("after", PATH_EXAMPLES);
  addPathOptions(path).action(async (first: string, next: string, more: readonly string[], options: PathOptions) => {
    const points = pointsOf(path, [first, next, ...more], options);
    const { followPath } = await import("./commands/path.js");
    onEnd(await followPath(points, options, host));
  });
}

/** What Wireshark runs to capture; nobody else needs to know of it. */
function addExtcap(program: Command, host: Host, onEnd: (exitCode: number) => void): void {
  const valued = ["--fifo", "--inside", "--outside", "--container", "--window", "--host", "--snaplen"];
  const asked = ["--extcap-interfaces", "--extcap-dlts", "--extcap-config", "--capture", "--rules", "--conntrack"];
  const command = program
    .command("extcap", { hidden: true })
    .summary("capture for Wireshark, which runs this")
    .option("--extcap-capture-filter <filter>")
    // later versions of Wireshark may say more
    .allowUnknownOption()
    .allowExcessArguments();
  for (const name of valued) command.option(`${name} <value>`);
  for (const name of asked) command.option(name);
  const liveOptions = (words: readonly string[]): LiveCommandOptions =>
    addLiveOptions(new Command("live").copyInheritedSettings(program)).parse(words, { from: "user" }).opts();
  command.action(async (options: ExtcapOptions) => {
    const { extcap } = await import("./commands/extcap/extcap.js");
    onEnd(await exitCodeOf(command, () => extcap(options, liveOptions, host)));
  });
}

function addHelp(program: Command): void {
  program
    .command("help")
    .summary("tell about a command")
    .argument("[command]")
    .action((name?: string) => {
      const named = name === undefined ? program : program.commands.find((command) => command.name() === name);
      (named ?? program.error(`error: there is no command '${name}'`)).outputHelp();
    });
}

/** The interfaces that the first two words name; undefined where they name none, and are a filter's. What is wrong with them ends the command. */
async function interfacesIn(command: Command, [inside, outside]: readonly string[]): Promise<SideNames | undefined> {
  if (inside === undefined) return undefined;
  const { namesInterface } = await import("../asking/own-interfaces.js");
  const names = [namesIn(inside), namesIn(outside ?? "")] as const;
  if (!(await namesInterface(names.flat()))) return undefined;
  if (outside === undefined) command.error("error: missing required argument 'outside'");
  const problem = sidesProblem(names);
  if (problem !== undefined) command.error(`error: ${problem}`);
  return names;
}

/** The filter that words of the command line make up, as in tcpdump. */
function filterOf(words: readonly string[]): string {
  return words.join(" ").trim();
}
