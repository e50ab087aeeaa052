import { setTimeout as sleep } from "node:timers/promises";
import { CaptureError, FilterError, UnreadError } from "../capture/errors.js";
import { listInterfaces } from "../capture/live/open.js";
import { PcapngWriter } from "../capture/pcapng-writer.js";
import { printable } from "../packets/printable.js";
import type { SideNames } from "../packets/sides.js";
import { frameFilter } from "../pipeline/compile-filter.js";
import { AnnotatedLive } from "./annotated-live.js";
import { DockerEngine } from "./asking/docker-api.js";
import { ownInterfaces } from "./asking/own-interfaces.js";
import type { Console, Host, Output } from "./host.js";
import { pairLive } from "./live.js";
import type { LiveCommandOptions } from "./live-options.js";
import { selectsPackets } from "./select-options.js";
import { namesIn, sidesProblem } from "./side-words.js";

/**
 * What Wireshark asks of a program that captures for it, as commander gives it; doc/extcap.adoc of Wireshark 4 tells of these and of the sentences that it reads.
 */
export interface ExtcapOptions {
  extcapInterfaces?: true;
  extcapDlts?: true;
  extcapConfig?: true;
  extcapCaptureFilter?: string;
  capture?: true;
  fifo?: string;
  inside?: string;
  outside?: string;
  container?: string;
  window?: string;
  host?: string;
  rules?: true;
  conntrack?: true;
  snaplen?: string;
}

/** What Wireshark calls the interface, in its preferences too. */
const NAME = "natcorr";
const HELP = "https://www.wireshark.org/docs/man-pages/extcap.html";
/** What writes the file, as its readers are told: it has what natcorr made of a capture, and is not that itself. */
const WRITER = "natcorr live, annotated";
/** Whoever opens the dialog waits for the answer. */
const SOON_MS = 500;
/** An engine that hangs leaves time for the rest of what the host says. */
const ANSWER_MS = 3000;
/** Wireshark opens the FIFO after it has started this. */
const READER_EVERY_MS = 20;

/** What only `--capture` needs: the options of a live run, of the words that stand for them. */
type LiveOptionsOf = (words: readonly string[]) => LiveCommandOptions;

/**
 * `natcorr extcap`, which Wireshark runs: answers what it asks, or captures for it. Wireshark shows what stderr says as an error, once the capture has ended: so stderr says
 * nothing but errors.
 *
 * @returns the exit code, as of `pairLive`.
 * @throws CaptureError, or FilterError, as `pairLive` does.
 */
export async function extcap(options: ExtcapOptions, liveOptions: LiveOptionsOf, host: Host): Promise<number> {
  const { stdout, version } = host;
  if (options.capture === true) return captureFor(options, liveOptions, host);
  if (options.extcapInterfaces === true)
    stdout.write(
      sentences(
        ["extcap", { version, help: HELP, display: "natcorr" }],
        ["interface", { value: NAME, display: "Both sides of the NAT" }],
      ),
    );
  else if (options.extcapDlts === true)
    // each interface says its own in what is written
    stdout.write(sentences(["dlt", { number: "1", name: "EN10MB", display: "Ethernet" }]));
  else if (options.extcapConfig === true) stdout.write(sentences(...(await questions(host))));
  else if (options.extcapCaptureFilter !== undefined) stdout.write(await filterProblem(options.extcapCaptureFilter));
  return 0;
}

type Sentence = readonly [what: string, values: Readonly<Record<string, string>>];

/** What Wireshark reads, a sentence a line. It knows no way to write a brace in a value. */
function sentences(...each: readonly Sentence[]): string {
  return each
    .map(([what, values]) => {
      const parts = Object.entries(values).map(
        ([key, value]) => `{${key}=${printable(value).replaceAll(/[{}]/g, "")}}`,
      );
      return `${what} ${parts.join("")}\n`;
    })
    .join("");
}

/** What the dialog asks: an option each, with the interfaces that there are now. */
async function questions(host: Host): Promise<Sentence[]> {
  const [inside, outside] = await taken(host);
  const interfaces = (await listInterfaces()).filter(({ isLoopback }) => !isLoopback);
  const side = (
    number: string,
    call: string,
    display: string,
    tooltip: string,
    usual: readonly string[],
  ): Sentence[] => [
    ["arg", { number, call, display, tooltip, type: "multicheck" }],
    ...interfaces.map(({ name, addresses, isUp }): Sentence => {
      const facts = [...addresses, ...(isUp ? [] : ["down"]), ...(usual.includes(name) ? ["automatic"] : [])];
      return ["value", { arg: number, value: name, display: [name, ...facts].join("  "), default: "false" }];
    }),
  ];
  return [
    ...side("0", "--inside", "Inside", "The side of the containers. None: the bridges of Docker's networks.", inside),
    ...side("1", "--outside", "Outside", "The uplink. None: the interfaces of the default routes.", outside),
    [
      "arg",
      {
        number: "2",
        call: "--container",
        display: "Containers",
        type: "string",
        tooltip: "Only the packets of these, with commas between. None: all packets.",
      },
    ],
    [
      "arg",
      {
        number: "3",
        call: "--window",
        display: "Window",
        type: "string",
        default: "1s",
        tooltip:
          "How far apart in time twins may be: a packet is shown once it is known what became of it, so much later at the latest.",
      },
    ],
    [
      "arg",
      {
        number: "4",
        call: "--host",
        display: "Host",
        type: "selector",
        tooltip: "Whether to ask the host who its containers are, and what it dropped.",
      },
    ],
    ["value", { arg: "4", value: "live", display: "ask", default: "true" }],
    ["value", { arg: "4", value: "off", display: "do not ask", default: "false" }],
    [
      "arg",
      {
        number: "5",
        call: "--rules",
        display: "Go by the firewall's rules",
        type: "boolflag",
        default: "false",
        tooltip: "natcorr live --rules live; takes root",
      },
    ],
    [
      "arg",
      {
        number: "6",
        call: "--conntrack",
        display: "Go by conntrack",
        type: "boolflag",
        default: "false",
        tooltip: "natcorr live --conntrack live; takes root",
      },
    ],
    [
      "arg",
      {
        number: "7",
        call: "--snaplen",
        display: "Bytes kept of a frame",
        type: "unsigned",
        range: "0,262144",
        default: "0",
        tooltip: "0: all",
      },
    ],
  ];
}

/** The interfaces that are taken where none are chosen, as far as that is known soon. */
async function taken({ env }: Host): Promise<SideNames> {
  const engine = new DockerEngine(undefined, env["DOCKER_HOST"], SOON_MS);
  try {
    return (await ownInterfaces(engine)).names;
  } catch {
    return [[], []];
  } finally {
    engine.close();
  }
}

/** What is wrong with a filter, in a line; nothing where nothing is. */
async function filterProblem(filter: string): Promise<string> {
  try {
    if (filter.trim() !== "") await frameFilter(filter);
    return "";
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return `${printable(error.message)}\n`;
  }
}

async function captureFor(options: ExtcapOptions, liveOptions: LiveOptionsOf, host: Host): Promise<number> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  host.stop.addEventListener("abort", end);
  if (host.stop.aborted) end();
  // before anything can go wrong: whoever opened the FIFO waits for somebody to write to it, and then for the end
  const writer = await writerTo(options.fifo ?? "", stop.signal);
  if (writer === undefined) return 0;
  try {
    const live = liveOptions(wordsOf(options));
    const filter = (options.extcapCaptureFilter ?? "").trim();
    const annotated = new AnnotatedLive(writer, !selectsPackets({ ...live, isFiltered: filter !== "" }), end);
    const said = new Kept();
    const code = await pairLive(
      await interfacesOf(options, live, host),
      filter,
      { ...live, annotated },
      { ...host, stdout: NOWHERE, stderr: said, stop: stop.signal },
    );
    if (annotated.hasty > 0) said.write(hastyText(annotated.hasty));
    if (code === 0 && annotated.hasty === 0) return 0;
    host.stderr.write(said.text);
    return code === 0 ? 1 : code;
  } finally {
    closeQuietly(writer);
  }
}

/** What is left to be written where nobody reads any more, or the run has failed, is missed by nobody. */
function closeQuietly(writer: PcapngWriter): void {
  try {
    writer.close();
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
  }
}

/** The words of `natcorr live` that stand for what was asked for. */
function wordsOf({ container, window, host, rules, conntrack, snaplen }: ExtcapOptions): string[] {
  const valued = Object.entries({ container, window, host, snaplen }).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [`--${name}=${value}`],
  );
  const flagged = Object.entries({ rules, conntrack }).flatMap(([name, isOn]) => (isOn ? [`--${name}=live`] : []));
  return ["--quiet", "--format=ndjson", ...valued, ...flagged];
}

/** Both sides' interfaces: those that are named, or else what is found. */
async function interfacesOf(
  { inside = "", outside = "" }: ExtcapOptions,
  { docker }: LiveCommandOptions,
  { env }: Host,
): Promise<SideNames> {
  const given = [namesIn(inside), namesIn(outside)] as const;
  const problem = sidesProblem(given);
  if (problem !== undefined) throw new CaptureError(problem);
  if (given.every((side) => side.length > 0)) return given;
  const engine = new DockerEngine(docker, env["DOCKER_HOST"], ANSWER_MS);
  try {
    return (await ownInterfaces(engine, given)).names;
  } finally {
    engine.close();
  }
}

/** Begins a FIFO once somebody reads it; undefined where an end is wanted before. */
async function writerTo(fifo: string, stop: AbortSignal): Promise<PcapngWriter | undefined> {
  while (!stop.aborted)
    try {
      return new PcapngWriter(fifo, [], WRITER);
    } catch (error) {
      if (!(error instanceof UnreadError)) throw error;
      await sleep(READER_EVERY_MS, undefined, { signal: stop }).catch(() => {});
    }
  return undefined;
}

function hastyText(frames: number): string {
  return `natcorr: ${frames} frames were written, or left out, before it was known what became of them, as more came than a window's can wait; fewer come with a smaller snaplen, or a shorter window\n`;
}

/** Takes what a report would print. */
const NOWHERE: Output = {
  isTerminal: false,
  columns: undefined,
  write: (_, onTaken) => onTaken?.(),
  block: () => {},
  drained: () => Promise.resolve(),
};

/** Keeps the beginning of what is said. */
class Kept implements Console {
  readonly isTerminal = false;
  readonly rows = undefined;
  readonly columns = undefined;
  text = "";

  write(text: string): void {
    if (this.text.length < MOST_KEPT_CHARACTERS) this.text += text;
  }
}

const MOST_KEPT_CHARACTERS = 10_000;
