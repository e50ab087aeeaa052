import type { Command } from "commander";
import { CaptureError } from "../capture/errors.js";
import type { AddressBook } from "../host/snapshot/address-book.js";
import type { HostFacts } from "../host/snapshot/host-facts.js";
import type { Published } from "../packets/results/published.js";
import { wordsIn } from "./select-options.js";

/** Options of a command that goes by what the host said. */
export interface HostOptions {
  /** Files that `natcorr snapshot` printed, with commas between, or "off". */
  host?: string;
  /** Names of containers, or of services. */
  container?: ReadonlySet<string>;
}

/** What the host said, and whom addresses belonged to by that. */
export interface KnownHost {
  /** In the order of time. */
  readonly snapshots: readonly HostFacts[];
  /** The last of them. Rules that changed are no rules to go by. */
  readonly facts: HostFacts;
  readonly containers: AddressBook;
  /** The ports of the containers that are selected. */
  readonly published: readonly Published[];
}

/** Adds those options. */
export function addHostOptions(command: Command): Command {
  return command
    .option(
      "--host <snapshot,...|off>",
      "what natcorr snapshot printed: names containers, and gives rules and conntrack's entries where --rules and --conntrack give none; " +
        "one before the capture and one behind it tell what may have dropped packets",
    )
    .option("--container <name,...>", "show only packets of these containers, or services, and their flows", words);
}

/**
 * What the host said, where the options name a snapshot. What is wrong with them ends the command.
 *
 * @throws CaptureError where a snapshot cannot be read.
 */
export async function knownHost(command: Command, { host, container }: HostOptions): Promise<KnownHost | undefined> {
  if (host === undefined || host === "off") {
    if (container !== undefined) command.error("error: --container needs --host, which says who the containers are");
    return undefined;
  }
  const { AddressBook } = await import("../host/snapshot/address-book.js");
  const { publishedOf } = await import("../host/snapshot/published.js");
  const { haveSameRules } = await import("../host/snapshot/host-facts.js");
  const read = await Promise.all(wordsIn(host).map(readFacts));
  const snapshots = read.toSorted((one, other) => (one.timeNs < other.timeNs ? -1 : 1));
  const last = snapshots[snapshots.length - 1];
  const facts = haveSameRules(snapshots) ? last : { ...last, rules: undefined };
  const containers = new AddressBook(snapshots);
  const unknown = [...(container ?? [])].find((word) => !containers.words.has(word));
  if (unknown !== undefined) {
    const known = [...containers.words].join(", ") || "none with an address";
    command.error(`error: ${host} has no container, and no service, that is called '${unknown}'; there are: ${known}`);
  }
  return { snapshots, facts, containers, published: publishedOf(facts, container) };
}

async function readFacts(path: string): Promise<HostFacts> {
  const { readSnapshot } = await import("../host/snapshot/host-facts.js");
  const { readText } = await import("./host-tables.js");
  const { failureText } = await import("./host-tools.js");
  const text = await readText(path);
  try {
    return readSnapshot(text);
  } catch (error) {
    throw new CaptureError(`${path}: cannot be read: ${failureText(error)}`);
  }
}

function words(text: string, before: ReadonlySet<string> = new Set()): ReadonlySet<string> {
  return new Set([...before, ...wordsIn(text)]);
}
