import { setTimeout as sleep } from "node:timers/promises";
import { CaptureError, UnreadError } from "../../../capture/errors.js";
import { PcapngWriter } from "../../../capture/pcapng-writer.js";
import type { SideNames } from "../../../packets/sides.js";
import { AnnotatedLive } from "../../../pipeline/writing/annotated-live.js";
import { DockerEngine } from "../../../asking/docker-api.js";
import { ownInterfaces } from "../../../asking/own-interfaces.js";
import type { Console, Host, Output } from "../../host.js";
import { pairLive } from "../live.js";
import type { LiveCommandOptions } from "../../options/live-options.js";
import { selectsPackets } from "../../options/select-options.js";
import { namesIn, sidesProblem } from "../../options/side-words.js";

/** What is asked for a capture, as commander gives it. */
export interface CaptureOptions {
  extcapCaptureFilter?: string;
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

/** The options of a live run, of the words that stand for them. */
export type LiveOptionsOf = (words: readonly string[]) => LiveCommandOptions;

/** What writes the file, as its readers are told: it has what natcorr made of a capture, and is not that itself. */
const WRITER = "natcorr live, annotated";
/** An engine that hangs leaves time for the rest of what the host says. */
const ANSWER_MS = 3000;
/** Wireshark opens the FIFO after it has started this. */
const READER_EVERY_MS = 20;

/**
 * Captures for Wireshark, into the FIFO that it reads, until it is told to end or nobody reads any more. Stop in Wireshark is SIGTERM, and today's Wireshark reads on then until
 * the FIFO is closed, for up to 30 seconds: so what still waits is written once the run has decided about it.
 *
 * @returns the exit code, as of `pairLive`.
 * @throws CaptureError, or FilterError, as `pairLive` does.
 */
export async function captureFor(options: CaptureOptions, liveOptions: LiveOptionsOf, host: Host): Promise<number> {
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
function wordsOf({ container, window, host, rules, conntrack, snaplen }: CaptureOptions): string[] {
  const valued = Object.entries({ container, window, host, snaplen }).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [`--${name}=${value}`],
  );
  const flagged = Object.entries({ rules, conntrack }).flatMap(([name, isOn]) => (isOn ? [`--${name}=live`] : []));
  return ["--quiet", "--format=ndjson", ...valued, ...flagged];
}

/** Both sides' interfaces: those that are named, or else what is found. */
async function interfacesOf(
  { inside = "", outside = "" }: CaptureOptions,
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
