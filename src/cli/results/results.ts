import type { KnownHost } from "../../host/snapshot/known-host.js";
import { type Containers, NO_CONTAINERS } from "../../packets/results/containers.js";
import type { FrameNotes } from "../../packets/results/frame-notes.js";
import type { Look, Sink } from "../../packets/results/results.js";
import { FailingResolvers } from "../../report/failing-resolvers.js";
import { Limited } from "../../report/limited.js";
import type { SideNames } from "../../packets/sides.js";
import { Pointing } from "../../report/pointing.js";
import type { FrameFilter } from "../../pipeline/frame-filter.js";
import type { Reporter } from "../../report/reporter.js";
import type { DnsAnswers } from "../../packets/results/dns-answers.js";
import type { ExplainOptions } from "../options/explain-options.js";
import { type Explained, explained, type HostSays, type Keeper } from "./explained.js";
import type { TracePoint } from "../../asking/trace-match.js";
import type { Host } from "../host.js";
import type { HostOptions } from "../options/host-options.js";
import { HostResults, NO_HOST } from "./host-results.js";
import type { Messages } from "../messages.js";
import type { ReportOptions } from "../options/report-options.js";
import { makeReporter } from "./reporter.js";
import type { PagePlaces, RunPage } from "../../serving/run-page.js";
import type { RunTables } from "../../serving/run-tables.js";
import { LIVE } from "../../asking/whom.js";
import { type Selecting, selecting, type SelectOptions, selectsPackets } from "../options/select-options.js";
import { utcOffset } from "./utc-offset.js";

/** Exit code where conntrack contradicts a translation, or something was found that the run is to fail on. */
const FAILED = 3;

/** Where a run's results go. */
export interface Results {
  readonly sink: Sink;
  /** What the host says of single packets. */
  readonly says: HostSays;
  /** To be told of what is read live, null at the end, and waited for. */
  readonly onFrames: Explained["onFrames"];
  /** Who keeps what is read live. */
  readonly keepers: readonly Keeper[];
  /** Hands on what is held back for larger writes. */
  readonly flush: () => void;
  /** What stands on a terminal meanwhile; undefined where the report is not for people. */
  readonly standing: Reporter["standing"];
  /** The page that is asked for, if one is. */
  readonly page: RunPage | undefined;
  /** A look at the run that also tells what is told here of it so far. */
  readonly looking: (look: Look) => Look;
  /** FAILED, having said on what, or 0. */
  readonly exitCode: (messages: Messages) => number;
  /** Ends what was started for it. */
  readonly close: () => void;
}

/** What is known of a run beside its options. */
interface RunFacts extends HostOptions, PagePlaces {
  /** The filter that says which packets are shown. */
  readonly marks: FrameFilter | undefined;
  readonly isLive: boolean;
  /** Whether what is heard meanwhile is kept. */
  readonly isKept?: boolean;
  /** The interfaces that are captured no more; there may be some later. */
  readonly gone?: ReadonlySet<string>;
  readonly known?: KnownHost | undefined;
  /** The packets that are to be traced, where the kernel traces some. */
  readonly points?: readonly TracePoint[] | undefined;
  /** What DNS answers say meanwhile. */
  readonly dns: DnsAnswers;
  /** Where it is noted what became of each frame; undefined where nobody reads that. */
  readonly notes?: FrameNotes | undefined;
  /** Is told what could not be written of what is written meanwhile. */
  readonly onUnwritten: (text: string) => void;
}

/**
 * Results on their way to the host's stdout: explained, counted for `--fail-on`, selected, and written. `interfaces`: names for the
 * rules, inside and outside, empty where they are not known. `isLive`: packets are captured from then on.
 *
 * @throws CaptureError where a file or the host's tables cannot be read.
 */
export async function resultsOf(
  options: ReportOptions & SelectOptions & ExplainOptions & RunFacts,
  interfaces: SideNames,
  host: Host,
): Promise<Results> {
  const { known, dns, isLive, points, marks } = options;
  const { reporter, page, tables, sink: selection, failing } = await selected(options, host);
  const pointing = new Pointing(selection);
  // what is read ahead of the last packet that is shown is chance
  const told = options.count === undefined ? new FailingResolvers(pointing, dns.resolvers) : pointing;
  const onHost = known && (await HostResults.of(known, interfaces, options));
  const words = options.container;
  const ends = known && words && (() => known.containers.of(words));
  const explaining = await explained(told, options, onHost?.tells ?? NO_HOST, interfaces, {
    isLive,
    isKept: options.isKept === true,
    toTrace: points && { points, ends },
  });
  const grounded = (await onHost?.grounding(explaining)) ?? explaining.sink;
  const reasoned = await namingReasons(grounded, options);
  const reasons = reasoned?.sink ?? grounded;
  const all = (await onHost?.namingClashes(reasons)) ?? reasons;
  return {
    sink: options.count === undefined ? all : new Limited(all),
    says: {
      ...explaining.says,
      routes: onHost?.routes,
      macs: known?.containers,
      selectsTwin: marks && (await selectingTwins(marks, known)),
    },
    onFrames: explaining.onFrames,
    keepers: [...explaining.keepers, ...(reasoned?.keeper === undefined ? [] : [reasoned.keeper])],
    flush: () => reporter.flush(),
    standing: reporter.standing?.bind(reporter),
    page,
    looking: (look) => onHost?.looking(look) ?? look,
    exitCode: (messages) => {
      const found = failing?.text ?? "";
      if (found !== "") messages.warn(`failed on ${found}`);
      return found !== "" || explaining.contradictions() > 0 ? FAILED : 0;
    },
    close: () => {
      explaining.close();
      reasoned?.close?.();
      page?.close();
      tables?.close();
    },
  };
}

/** What is made of results. */
interface Made {
  readonly reporter: Reporter;
  readonly page: RunPage | undefined;
  readonly tables: RunTables | undefined;
}

/** What writes the report, behind what selects from it; a page, tables, and notes of each frame, where they are asked for, are told all. */
async function selected(options: ReportOptions & SelectOptions & RunFacts, host: Host): Promise<Selecting & Made> {
  const { known, dns, container: words, notes, marks, isLive } = options;
  const names = { containers: known?.containers, answers: dns.answers };
  const isFiltered = marks !== undefined;
  const reporter = makeReporter({ ...options, isFiltered }, host, names);
  const page = await pageOf(options, host);
  const tables = await tablesOf(options);
  const isOfSome = selectsPackets({ ...options, isFiltered });
  const noting = [
    ...(notes === undefined ? [] : [await commenting(notes, known?.containers)]),
    ...(page === undefined ? [] : [page.reportFor({ ...names, program: host.version, isOfSome, utcOffset })]),
    ...(tables === undefined ? [] : [tables.reportFor({ ...names, program: host.version, isLive })]),
  ];
  const ofContainers = known && words && { containers: known.containers, words };
  const chosen = { ...options, isFiltered, ofContainers };
  return { reporter, page, tables, ...selecting(reporter, chosen, options.format === "text", noting) };
}

/** What selects packets without a twin by what they are on the other side. */
async function selectingTwins(
  marks: FrameFilter,
  { containers = NO_CONTAINERS }: { readonly containers?: Containers } = {},
): Promise<HostSays["selectsTwin"]> {
  const { TwinSelection } = await import("./twin-selection.js");
  const selection = new TwinSelection(marks, containers);
  return (tables, row) => selection.selects(tables, row);
}

/** Most runs have no page. */
async function pageOf(places: PagePlaces, host: Host): Promise<RunPage | undefined> {
  if (places.html === undefined && places.serve === undefined) return undefined;
  const { RunPage } = await import("../../serving/run-page.js");
  return RunPage.open(places, host.page);
}

/** Most runs have no tables. */
async function tablesOf({ parquet, onUnwritten }: ReportOptions & RunFacts): Promise<RunTables | undefined> {
  if (parquet === undefined) return undefined;
  const { RunTables } = await import("../../serving/run-tables.js");
  return new RunTables(parquet, onUnwritten);
}

/** What notes of each frame what became of it, and passes all on. */
async function commenting(notes: FrameNotes, containers: Containers = NO_CONTAINERS): Promise<(next: Sink) => Sink> {
  const { FrameComments } = await import("../../report/annotated/frame-comments.js");
  return (next) => new FrameComments(next, notes, containers);
}

/** A sink that is also told, at the end, why the kernel dropped what was dropped. */
interface Reasoned {
  readonly sink: Sink;
  readonly keeper?: Keeper;
  readonly close?: () => void;
}

/** Such a sink, where the kernel is asked, or was while packets were captured. */
async function namingReasons(
  next: Sink,
  { isLive, isKept, trace, known }: ExplainOptions & RunFacts,
): Promise<Reasoned | undefined> {
  const kept = trace === undefined ? known?.heard.drops : undefined;
  const isAsked = isLive && trace === LIVE;
  if (!isAsked && kept === undefined) return undefined;
  const { KernelReasons } = await import("../../report/kernel-reasons.js");
  if (kept !== undefined) return { sink: new KernelReasons(next, kept) };
  const { followDrops } = await import("../../asking/follow-drops.js");
  const { drops, close } = await followDrops();
  if (isKept !== true) return { sink: new KernelReasons(next, drops), close };
  const { DropsKeeper } = await import("../../asking/keep-trace.js");
  const keeper = new DropsKeeper(drops);
  return { sink: new KernelReasons(next, keeper), keeper, close };
}
