import { existsSync, readdirSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ClockOption, CorrelateOptions } from "../../correlate/correlate.js";
import { parseDuration } from "./duration.js";
import type { Host, Output } from "../host.js";

/** What results are written as: `reporter.ts` has a reporter for each. */
const FORMATS = ["text", "ndjson"] as const;
export type Format = (typeof FORMATS)[number];

const COLOR_CHOICES = ["auto", "always", "never"];

/** Options of every command that pairs packets, as commander gives them. */
export interface ReportOptions {
  quiet?: true;
  format: Format;
  html?: string;
  parquet?: string;
  count?: number;
  window: number;
  clockOffset: ClockOption;
  width?: number;
  color: "auto" | "always" | "never" | false;
}

/** Adds those options. `clock` is what `--clock-offset` is by default. */
export function addReportOptions(command: Command, clock: "auto" | "none"): Command {
  return addDisplayOptions(command)
    .option(
      "--html <file>",
      "write a page for a browser as well, with maps, ladders and latencies; it asks nobody for anything",
      fileToWrite,
    )
    .option("--parquet <dir>", "write tables for SQL as well, with all that NDJSON has, into a new folder", newFolder)
    .option("-c, --count <n>", "stop after n pairs, shown or not", positiveInteger)
    .addOption(
      new Option("--clock-offset <duration|auto|none>", "outside clock minus inside clock")
        .argParser(clockOption)
        .default({ kind: clock }, clock),
    );
}

/** Adds those that say how what is found is shown, and within which time twins are looked for. */
export function addDisplayOptions(command: Command): Command {
  return command
    .option("-q, --quiet", "no packets: only problems, translations, findings and totals")
    .addOption(
      new Option("--format <format>", "for people, or one JSON object a line").choices(FORMATS).default("text"),
    )
    .addOption(
      new Option("--window <duration>", "how far apart in time twins may be")
        .argParser(windowNs)
        .default(1_000_000_000, "1s"),
    )
    .option("--width <columns>", "columns a line may take (default: the terminal's)", positiveInteger)
    .addOption(new Option("--color [when]", "colours").choices(COLOR_CHOICES).default("auto"))
    .option("--no-color", "the same as --color never; NO_COLOR is honoured as well");
}

/** `--color` alone means always; commander would take the argument behind it, a file's name, for its value. */
export function withColorValue(args: readonly string[]): string[] {
  return args.map((arg, at) => (arg === "--color" && !COLOR_CHOICES.includes(args[at + 1]) ? "--color=always" : arg));
}

export function correlateOptions(options: ReportOptions): CorrelateOptions {
  return {
    windowNs: options.window,
    clock: options.clockOffset,
    maxPairs: options.count ?? Number.POSITIVE_INFINITY,
  };
}

/** https://no-color.org, https://force-color.org; what the command line says comes first. */
export function isColored(when: ReportOptions["color"], stdout: Output, env: Host["env"]): boolean {
  if (when === "always") return true;
  if (when !== "auto") return false;
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"]) return env["FORCE_COLOR"] !== "0";
  return stdout.isTerminal && env["TERM"] !== "dumb";
}

/** Parses an option's value: a whole number from 1 up. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("It must be a whole number from 1 up.");
  }
  return value;
}

/** Parses an option's value: a file that is written beside the report. */
export function fileToWrite(text: string): string {
  if (text === "-") throw new InvalidArgumentError("It must be a file: standard output is for the report.");
  return text;
}

/** Parses an option's value: a folder that is written into; what is in one already stays as it is. */
function newFolder(text: string): string {
  if (text === "-" || (existsSync(text) && !isEmptyFolder(text)))
    throw new InvalidArgumentError("It must be a new folder, or an empty one.");
  return text;
}

function isEmptyFolder(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return false;
  }
}

/** Parses an option's value: a duration, nanoseconds. */
export function durationNs(text: string): bigint {
  const ns = parseDuration(text);
  if (ns === undefined) {
    throw new InvalidArgumentError("It must be a duration, such as 1s, 250ms, 10us, 5ns, 2m or 1h.");
  }
  return ns;
}

function windowNs(text: string): number {
  const ns = durationNs(text);
  if (ns <= 0n || ns > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new InvalidArgumentError("It must be longer than nothing and shorter than 104 days.");
  }
  return Number(ns);
}

function clockOption(text: string): ClockOption {
  if (text === "auto" || text === "none") return { kind: text };
  try {
    return { kind: "given", offsetNs: durationNs(text) };
  } catch {
    throw new InvalidArgumentError("It must be auto, none, or a duration such as -3.5s.");
  }
}
