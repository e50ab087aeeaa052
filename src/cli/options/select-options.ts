import { type Command, InvalidArgumentError, Option } from "commander";
import type { Sink } from "../../packets/results/results.js";
import type { Verdict } from "../../packets/results/verdicts.js";
import { Failing } from "../../report/failing.js";
import { Asked, SELECTABLE } from "../../report/asked.js";
import { type OfContainers, Selected, type Selection } from "../../report/selection.js";
import { SORT_KEYS, type SortKey } from "../../report/text/sort-keys.js";
import { durationNs, positiveInteger } from "./report-options.js";

/** Options that say which results are shown, and which of them the run is to fail on, as commander gives them. */
export interface SelectOptions {
  only?: ReadonlySet<string>;
  flow?: ReadonlySet<number>;
  slowerThan?: number;
  sort: SortKey;
  top?: number;
  verbose?: true;
  all?: true;
  failOn?: ReadonlySet<string>;
}

/** Verdicts of which the text report shows the count alone, unless it is asked for more, or for a flow. */
const UNEVENTFUL: readonly Verdict[] = ["local", "proxied", "copy"];

const WORDS = `any of ${SELECTABLE.join(", ")}`;

/** Adds those options. */
export function addSelectOptions(command: Command): Command {
  return addAskedOptions(command, ", among what the filter, --flow and --slower-than select")
    .option("--flow <n,...>", "show only these flows, with their packets", flows)
    .option("--slower-than <duration>", "show only pairs that took longer, and their flows", latencyNs)
    .addOption(
      new Option("--sort <key>", "what the table of translations shows first").choices(SORT_KEYS).default("problems"),
    )
    .option("--top <n>", "how many translations the table shows (default: 200)", positiveInteger)
    .option("-v, --verbose", "say on each line what decided it: evidence, TTL, lengths; and each translation's rule");
}

/** Adds those that go by words for what is found. `among`: what a run may fail on, as the end of a clause. */
export function addAskedOptions(command: Command, among = ""): Command {
  return command
    .option("--only <what,...>", `show nothing else, and the flows of that; ${WORDS}`, words)
    .option("-a, --all", "show packets that are local, proxied or copies as well")
    .option("--fail-on <what,...>", `exit 3 if there is any${among}; words as of --only`, words);
}

/** What the options ask for. `isForPeople`: in the text report. */
export function askedBy(
  { only, slowerThan, flow, all }: Pick<SelectOptions, "only" | "slowerThan" | "flow" | "all">,
  isForPeople: boolean,
): Asked {
  const words = slowerThan === undefined ? only : pairsOf(only);
  const isHidden = isForPeople && all !== true && flow === undefined;
  return new Asked(words, new Set(isHidden ? UNEVENTFUL.filter((verdict) => words?.has(verdict) !== true) : []));
}

/** Where results go, and what a run is to fail on among them. */
export interface Selecting {
  readonly sink: Sink;
  readonly failing: Failing | undefined;
}

/**
 * What shows in a sink what the options, and a pcap filter, select of the results, and counts what the run is to fail on. That is among the packets that the
 * filter and the options select, whatever is shown of them; and so is what each of `noting` is told, which passes it on. `isForPeople`: in the text report.
 */
export function selecting(
  next: Sink,
  options: SelectOptions & { readonly isFiltered: boolean; readonly ofContainers: OfContainers | undefined },
  isForPeople: boolean,
  noting: readonly ((next: Sink) => Sink)[],
): Selecting {
  const { flow: flows, slowerThan: slowerThanNs, failOn, isFiltered, ofContainers } = options;
  const shown = { asked: askedBy(options, isForPeople), slowerThanNs, isSummedUp: isForPeople };
  const packets = { flows, slowerThanNs, isFiltered, ofContainers };
  const isOfSome = selectsPackets({ ...options, container: ofContainers?.words });
  const showing = selected(next, { ...shown, isFiltered: false });
  const failing = failOn && new Failing(showing, failOn, isOfSome);
  const told = noting.reduce((sink, note) => note(sink), failing ?? showing);
  return { sink: selected(told, { ...packets, asked: new Asked(undefined, new Set()) }), failing };
}

/** Whether packets are selected, and not all are, whatever is shown of them. */
export function selectsPackets({
  flow,
  slowerThan,
  container,
  isFiltered,
}: Pick<SelectOptions, "flow" | "slowerThan"> & {
  readonly container?: ReadonlySet<string> | undefined;
  readonly isFiltered: boolean;
}): boolean {
  return isFiltered || [flow, slowerThan, container].some((each) => each !== undefined);
}

/** A sink more is a call more for every pair. */
function selected(next: Sink, selection: Selection): Sink {
  const { asked, flows, slowerThanNs, isFiltered, ofContainers } = selection;
  const isAll = [flows, slowerThanNs, ofContainers].every((each) => each === undefined) && !isFiltered;
  return isAll && asked.isAll ? next : new Selected(next, selection);
}

/** What is left of words where pairs alone are shown. */
function pairsOf(only: ReadonlySet<string> | undefined): ReadonlySet<string> {
  return new Set(only === undefined || only.has("pair") ? ["pair"] : []);
}

/** The words of a list, between commas. */
export function wordsIn(text: string): string[] {
  return text.split(",").map((word) => word.trim());
}

function words(text: string, before: ReadonlySet<string> = new Set()): ReadonlySet<string> {
  const named = wordsIn(text);
  const unknown = named.find((word) => !SELECTABLE.includes(word));
  if (unknown !== undefined) throw new InvalidArgumentError(`'${unknown}' is none of ${SELECTABLE.join(", ")}.`);
  return new Set([...before, ...named]);
}

function flows(text: string, before: ReadonlySet<number> = new Set()): ReadonlySet<number> {
  return new Set([...before, ...wordsIn(text).map((word) => positiveInteger(word))]);
}

function latencyNs(text: string): number {
  return Number(durationNs(text));
}
