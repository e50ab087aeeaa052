import type { AnsweredNames } from "../../packets/results/answers.js";
import type { Containers } from "../../packets/results/containers.js";
import { FINDINGS } from "../../packets/results/finding-codes.js";
import { VERDICTS } from "../../packets/results/verdicts.js";
import { NdjsonReporter } from "../../report/ndjson/ndjson.js";
import type { Reporter } from "../../report/reporter.js";
import { TextReporter } from "../../report/text/text.js";
import type { Host } from "../host.js";
import type { HostOptions } from "../options/host-options.js";
import { type Format, isColored, type ReportOptions } from "../options/report-options.js";
import { askedBy, type SelectOptions } from "../options/select-options.js";
import { utcOffset } from "./utc-offset.js";
import { widthOf } from "../width.js";

/** Words of `--only` that nothing but a finding is called: packets with the others are counted all the same. */
const FINDING_ALONE = new Set<string>(Object.keys(FINDINGS));
for (const verdict of VERDICTS) FINDING_ALONE.delete(verdict);

type Options = ReportOptions & SelectOptions & HostOptions & { readonly isFiltered: boolean };

/** Who had which address, and what others were called, as far as that is known. */
interface Known {
  readonly containers?: Containers | undefined;
  readonly answers: AnsweredNames;
}

/** The reporters of all formats, writing to the host's stdout. */
const REPORTERS: Readonly<Record<Format, (options: Options, host: Host, known: Known) => Reporter>> = {
  ndjson: ({ quiet = false }, { stdout, version }, { containers, answers }) =>
    new NdjsonReporter((utf8, onTaken) => stdout.write(utf8, onTaken), {
      quiet,
      program: version,
      answers,
      ...(containers !== undefined && { containers }),
    }),
  text: (options, { stdout, env }, { containers, answers }) =>
    new TextReporter((text) => stdout.write(text), {
      quiet: options.quiet === true,
      width: options.width ?? widthOf(stdout, env),
      ...(options.top !== undefined && { top: options.top }),
      sort: options.sort,
      isOfSome:
        [options.only, options.flow, options.slowerThan, options.container].some((each) => each !== undefined) ||
        options.isFiltered,
      asksFor: askedBy(options, true),
      asked: [...(options.only ?? [])].filter((word) => FINDING_ALONE.has(word)),
      isVerbose: options.verbose === true,
      answers,
      ...(containers !== undefined && { containers }),
      color: isColored(options.color, stdout, env),
      utcOffset,
    }),
};

/** The reporter that the options ask for. */
export function makeReporter(options: Options, host: Host, known: Known): Reporter {
  return REPORTERS[options.format](options, host, known);
}
