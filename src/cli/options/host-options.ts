import type { Command } from "commander";
import { CaptureError } from "../../capture/errors.js";
import type { HostFacts } from "../../host/snapshot/host-facts.js";
import type { KnownHost } from "../../host/snapshot/known-host.js";
import { WHY_OFF_LINKS } from "../../host/snapshot/unfollowed.js";
import { printable } from "../../packets/printable.js";
import type { DockerEngine } from "../../asking/docker-api.js";
import type { Host } from "../host.js";
import { Messages } from "../messages.js";
import { wordsIn } from "./select-options.js";
import { widthOf } from "../width.js";
import { LIVE, OFF } from "../../asking/whom.js";

/** Options of a command that goes by what the host said. */
export interface HostOptions {
  /** Files that `natcorr snapshot` printed, with commas between, "live" or "off". */
  host?: string;
  /** Docker's socket, or "off". */
  docker?: string;
  /** Names of containers, or of services. */
  container?: ReadonlySet<string>;
}

const NEEDS_HOST =
  "error: --container needs --host, or a capture that natcorr live wrote, which says who the containers are";

/** Adds those options. `usual`: what is gone by without `--host`. */
export function addHostOptions(command: Command, usual: string): Command {
  return command
    .option(
      "--host <snapshot,...|live|off>",
      `what the host says, which names containers: what natcorr snapshot printed, or of the host that natcorr runs on; one snapshot from before the capture and one from behind it tell what may have dropped packets (default: ${usual})`,
    )
    .option(
      "--docker <socket|off>",
      "Docker's socket, of the host that natcorr runs on (default: that of DOCKER_HOST, else /var/run/docker.sock)",
    )
    .option("--container <name,...>", "show only packets of these containers, or services, and their flows", words);
}

/** Whether a live run follows the host that it runs on. */
export function isFollowed({ host }: HostOptions): boolean {
  return host === undefined || host === LIVE;
}

/**
 * What the host said, as far as the options tell where that is, or else by what a `capture` holds. What is wrong with them ends the command.
 *
 * @throws CaptureError where a snapshot cannot be read.
 */
export async function knownHost(
  command: Command,
  options: HostOptions,
  capture: string | undefined,
  host: Host,
): Promise<KnownHost | undefined> {
  const { container } = options;
  const messages = new Messages(host.stderr, widthOf(host.stderr, host.env));
  const known = await hostOf(options, capture, host, messages);
  if (known === undefined) {
    if (container !== undefined) command.error(NEEDS_HOST);
    return undefined;
  }
  for (const text of known.unfollowed) messages.warn(text);
  const there = known.containers.words;
  const unknown = [...(container ?? [])].find((word) => !there.has(word));
  if (unknown !== undefined) {
    const source = options.host ?? capture;
    const names = printable([...there].join(", ")) || "none with an address";
    const what = known.isUnasked(unknown)
      ? `no address of '${printable(unknown)}', which was gone before docker could be asked about it; with one`
      : known.containers.isRunning(unknown)
        ? `no address that natcorr can follow of '${printable(unknown)}', which runs (${WHY_OFF_LINKS}); with one`
        : `no container, and no service, that is called '${printable(unknown)}'; there`;
    command.error(`error: ${source} has ${what} are: ${names}`);
  }
  return known;
}

async function hostOf(
  { host: from, docker, container }: HostOptions,
  capture: string | undefined,
  { env, version }: Host,
  messages: Messages,
): Promise<KnownHost | undefined> {
  if (from === OFF) return undefined;
  if (from === undefined) return capture === undefined ? undefined : keptIn(capture, container, messages);
  const { KnownHost } = await import("../../host/snapshot/known-host.js");
  const known = new KnownHost(container);
  if (from === LIVE) {
    const { DockerEngine } = await import("../../asking/docker-api.js");
    known.take(await takeFacts(new DockerEngine(docker, env["DOCKER_HOST"]), version, messages));
    return known;
  }
  const snapshots = await Promise.all(wordsIn(from).map(readFacts));
  for (const facts of snapshots.toSorted((one, other) => (one.timeNs < other.timeNs ? -1 : 1))) known.take(facts);
  return known;
}

async function takeFacts(engine: DockerEngine, version: string, messages: Messages): Promise<HostFacts> {
  const { takeSnapshot } = await import("../../asking/take-snapshot.js");
  const { factsOf } = await import("../../host/snapshot/host-facts.js");
  const snapshot = await takeSnapshot(engine, version);
  engine.close();
  for (const { source, why } of snapshot.missing) messages.warn(`the host does not tell ${source}: ${why}`);
  return factsOf(snapshot);
}

async function readFacts(path: string): Promise<HostFacts> {
  const { readSnapshot } = await import("../../host/snapshot/host-facts.js");
  const { readText } = await import("../../asking/tables.js");
  const { failureText } = await import("../../asking/tools.js");
  const text = await readText(path);
  try {
    return readSnapshot(text);
  } catch (error) {
    throw new CaptureError(`${path}: cannot be read: ${failureText(error)}`);
  }
}

/** What a capture holds of what its host said while natcorr took it; undefined where that is nothing, or nothing that can be gone by. */
async function keptIn(
  path: string,
  words: ReadonlySet<string> | undefined,
  messages: Messages,
): Promise<KnownHost | undefined> {
  const { notesIn } = await import("../../capture/notes.js");
  let known: KnownHost | undefined;
  for await (const note of notesIn(path)) {
    const { KnownHost } = await import("../../host/snapshot/known-host.js");
    const { newsOf } = await import("../../host/snapshot/host-facts.js");
    const { parseJson } = await import("../../host/snapshot/json.js");
    const { failureText } = await import("../../asking/tools.js");
    known ??= new KnownHost(words);
    try {
      known.take(newsOf(parseJson(note)));
    } catch (error) {
      // without it, the rest may be wrong
      messages.warn(`${path}: what it holds of its host is not used: ${failureText(error)}`);
      return undefined;
    }
  }
  if (known?.rules?.hasGaps === true)
    messages.warn(
      `${path}: the rules of its host changed while it was captured, and the file does not have each version (--rules live keeps them): verdicts do not go by them`,
    );
  return known;
}

function words(text: string, before: ReadonlySet<string> = new Set()): ReadonlySet<string> {
  return new Set([...before, ...wordsIn(text)]);
}
