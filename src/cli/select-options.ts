import { type Command, InvalidArgumentError, Option } from "commander";
import type { Sink, Verdict } from "../packets/results.js";
import { SELECTABLE, Selected } from "../report/selection.js";
import { SORT_KEYS, type SortKey } from "../report/translations.js";
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

/** Verdicts of which the text report shows the count alone, unless it is asked for more. */
const UNEVENTFUL: readonly Verdict[] = ["local", "proxied", "copy"];

const WORDS = `any of ${SELECTABLE.join(", ")}`;

/** Adds those options. */
export function addSelectOptions(command: Command): Command {
  return command
    .option("--only <what,...>", `show nothing else; ${WORDS}`, words)
    .option("--flow <n,...>", "show only these flows, with their packets", flows)
    .option("--slower-than <duration>", "show only pairs that took longer", latencyNs)
    .addOption(
      new Option("--sort <key>", "what the table of translations shows first").choices(SORT_KEYS).default("problems"),
    )
    .option("--top <n>", "how many translations the table shows (default: 200)", positiveInteger)
    .option("-v, --verbose", "say on each line what decided it: evidence, TTL, lengths; and each translation's rule")
    .option("-a, --all", "show packets that are local, proxied or copies as well")
    .option("--fail-on <what,...>", "exit 3 if there is any; words as of --only", words);
}

/** What shows in a sink what the options, and a pcap filter, select of the results. `isForPeople`: in the text report. */
export function selected(
  next: Sink,
  options: SelectOptions & { readonly isFiltered: boolean },
  isForPeople: boolean,
): Sink {
  const { only, flow, slowerThan, all, isFiltered } = options;
  const isHidden = isForPeople && all !== true;
  const hidden = isHidden ? UNEVENTFUL.filter((verdict) => only?.has(verdict) !== true) : [];
  // a sink more is a call more for every pair
  const isAll = only === undefined && flow === undefined && slowerThan === undefined && !isFiltered;
  if (isAll && hidden.length === 0) return next;
  return new Selected(next, { only, flows: flow, slowerThanNs: slowerThan, hidden: new Set(hidden), isFiltered });
}

function words(text: string, before: ReadonlySet<string> = new Set()): ReadonlySet<string> {
  const named = text.split(",").map((word) => word.trim());
  const unknown = named.find((word) => !SELECTABLE.includes(word));
  if (unknown !== undefined) throw new InvalidArgumentError(`'${unknown}' is none of ${SELECTABLE.join(", ")}.`);
  return new Set([...before, ...named]);
}

function flows(text: string, before: ReadonlySet<number> = new Set()): ReadonlySet<number> {
  return new Set([...before, ...text.split(",").map((word) => positiveInteger(word.trim()))]);
}

function latencyNs(text: string): number {
  return Number(durationNs(text));
}
