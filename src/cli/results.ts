import type { ConntrackTable } from "../host/conntrack-table.js";
import type { UncapturedRoutes } from "../host/drops/uncaptured-routes.js";
import type { RuleHistory } from "../host/rules/times/rule-history.js";
import type { KnownHost } from "../host/snapshot/known-host.js";
import { type Containers, NO_CONTAINERS } from "../packets/results/containers.js";
import type { FrameNotes } from "../packets/results/frame-notes.js";
import type { Sink } from "../packets/results/results.js";
import { FailingResolvers } from "../report/failing-resolvers.js";
import { Limited } from "../report/limited.js";
import { INSIDE, OUTSIDE, type SideNames } from "../packets/sides.js";
import type { Callers } from "../report/published/arrivals.js";
import type { Origin } from "../report/published/use.js";
import type { PublishedPorts } from "../report/published/published-ports.js";
import { Pointing } from "../report/pointing.js";
import type { FrameFilter } from "../pipeline/frame-filter.js";
import type { Reporter } from "../report/reporter.js";
import type { DnsAnswers } from "./dns-answers.js";
import { type Explained, explained, type ExplainOptions, type HostSays } from "./explain-options.js";
import type { TracePoint } from "./asking/trace-match.js";
import type { Host } from "./host.js";
import { type HostOptions, isFollowed } from "./host-options.js";
import type { Messages } from "./messages.js";
import type { ReportOptions } from "./report-options.js";
import { makeReporter } from "./reporter.js";
import type { PagePlaces, RunPage } from "./serving/run-page.js";
import { LIVE, OFF } from "./option-words.js";
import { selecting, type SelectOptions, selectsPackets } from "./select-options.js";
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
  /** The firewall's rules, one after the other; undefined where they are not gone by. */
  readonly rules: RuleHistory | undefined;
  /** Hands on what is held back for larger writes. */
  readonly flush: () => void;
  /** What stands on a terminal meanwhile; undefined where the report is not for people. */
  readonly standing: Reporter["standing"];
  /** The page that is asked for, if one is. */
  readonly page: RunPage | undefined;
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
  /** The interfaces that are captured no more; there may be some later. */
  readonly gone?: ReadonlySet<string>;
  readonly known?: KnownHost | undefined;
  /** The packets that are to be traced, where the kernel traces some. */
  readonly points?: readonly TracePoint[] | undefined;
  /** What DNS answers say meanwhile. */
  readonly dns: DnsAnswers;
  /** Where it is noted what became of each frame; undefined where nobody reads that. */
  readonly notes?: FrameNotes | undefined;
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
  const { known, dns, container: words, isLive, gone, points, notes, marks } = options;
  const isFiltered = marks !== undefined;
  const reporter = makeReporter({ ...options, isFiltered }, host, {
    containers: known?.containers,
    answers: dns.answers,
  });
  const ends = known && words && (() => known.containers.of(words));
  const ofContainers = known && words && { containers: known.containers, words };
  const page = await pageOf(options, host);
  const isOfSome = selectsPackets({ ...options, isFiltered });
  const facts = { program: host.version, isOfSome, containers: known?.containers, answers: dns.answers, utcOffset };
  const noting = [
    ...(notes === undefined ? [] : [await commenting(notes, known?.containers)]),
    ...(page === undefined ? [] : [page.reportFor(facts)]),
  ];
  const { sink: selection, failing } = selecting(
    reporter,
    { ...options, isFiltered, ofContainers },
    options.format === "text",
    noting,
  );
  const pointing = new Pointing(selection);
  // what is read ahead of the last packet that is shown is chance
  const told = options.count === undefined ? new FailingResolvers(pointing, dns.resolvers) : pointing;
  const insideRoutes = known && (await routesOf(known, interfaces[INSIDE], gone));
  const { sink, says, conntrack, rules, contradictions, onFrames, onHostChanged, close } = await explained(
    told,
    options,
    {
      // what is true when the run begins need not be so for long
      facts: isLive && isFollowed(options) ? undefined : known?.facts,
      rules: isLive && isFollowed(options) ? undefined : known?.rules,
      leadsInside: (address) => insideRoutes?.isCapturedTo(address) === true,
      ownAddresses: known?.ownAddresses,
      setting: (name) => known?.setting(name),
      haveContainersChanged: (...time) => known?.haveContainersChanged(...time) === true,
      canMasquerade: known && ((flow, timeNs) => known.masqueradeSources.canGive(flow, interfaces, timeNs)),
    },
    interfaces,
    isLive,
    points && { points, ends },
  );
  if (known !== undefined) {
    known.onChange = onHostChanged;
    known.containers.outside = new Set(interfaces[OUTSIDE]);
    const { InsideForms } = await import("../host/inside-forms.js");
    const forms = new InsideForms(known, conntrack, options.conntrack !== OFF);
    known.containers.insideOf = (...packet) => forms.of(...packet);
  }
  // a host that is followed tells of its rules later
  const hasRules = (isLive && isFollowed(options)) || known?.snapshots.length !== 0;
  const routes = known && (await routesOf(known, interfaces.flat(), gone));
  const originOf = (address: string): Origin => {
    if (insideRoutes?.isCapturedTo(address) === true) return "inside";
    return routes?.uncapturedTo(address) === undefined ? undefined : "elsewhere";
  };
  const ports =
    known &&
    (await portsOf(sink, known, {
      names: interfaces[INSIDE],
      gone,
      originOf,
      isLive,
      isByListing: options.conntrack !== OFF,
      conntrack,
      rules,
    }));
  const counted = ports ?? sink;
  const grounded =
    known === undefined || !hasRules ? counted : await namingGrounds(counted, known, rules, interfaces, ports);
  const reasoned = isLive && options.trace === LIVE ? await namingReasons(grounded) : undefined;
  const reasons = reasoned?.sink ?? grounded;
  const all = known === undefined ? reasons : await namingClashes(reasons, known);
  return {
    sink: options.count === undefined ? all : new Limited(all),
    says: { ...says, routes, macs: known?.containers, selectsTwin: marks && (await selectingTwins(marks, known)) },
    onFrames,
    rules,
    flush: () => reporter.flush(),
    standing: reporter.standing?.bind(reporter),
    page,
    exitCode: (messages) => {
      const found = failing?.text ?? "";
      if (found !== "") messages.warn(`failed on ${found}`);
      return found !== "" || contradictions() > 0 ? FAILED : 0;
    },
    close: () => {
      close();
      reasoned?.close();
      page?.close();
    },
  };
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
  const { RunPage } = await import("./serving/run-page.js");
  return RunPage.open(places, host.page);
}

/** What notes of each frame what became of it, and passes all on. */
async function commenting(notes: FrameNotes, containers: Containers = NO_CONTAINERS): Promise<(next: Sink) => Sink> {
  const { FrameComments } = await import("../report/annotated/frame-comments.js");
  return (next) => new FrameComments(next, notes, containers);
}

/** A sink that is also told, at the end, why the kernel dropped what was dropped, and what ends that. */
async function namingReasons(next: Sink): Promise<{ sink: Sink; close: () => void }> {
  const { KernelReasons } = await import("../report/kernel-reasons.js");
  const { BootClock } = await import("./asking/clocks.js");
  const { followDrops } = await import("./asking/follow-drops.js");
  const { drops, close } = await followDrops();
  const clock = new BootClock();
  return { sink: new KernelReasons(next, drops, () => clock.aheadUs()), close };
}

/** A sink that is also told, at the end, what could have dropped what was dropped, and which rules of Docker's are gone; and so are the ports that it was to come to. */
async function namingGrounds(
  next: Sink,
  known: KnownHost,
  rules: RuleHistory | undefined,
  interfaces: SideNames,
  ports: PublishedPorts | undefined,
): Promise<Sink> {
  const { GatheredDrops } = await import("../report/gathered-drops.js");
  const { groundsOf } = await import("../host/drops/grounds.js");
  const { natMissing } = await import("../host/rules/nat-missing.js");
  return new GatheredDrops(next, (drops) => {
    const { grounds, findings, stopped } = groundsOf(
      drops,
      known.snapshots,
      interfaces,
      rules?.hasGaps === true ? [] : rules?.inForce,
    );
    for (const { kinds, cause } of grounds) if (cause.rule !== undefined) ports?.closedBy(cause.rule, kinds, stopped);
    return { stopped, findings: [...findings, ...natMissing(known.snapshots.at(-1), drops.asTheyCame)] };
  });
}

/** A sink that is also told, at the end, which containers' addresses another host has, too. */
async function namingClashes(next: Sink, known: KnownHost): Promise<Sink> {
  const { AddressClashes } = await import("../report/address-clashes.js");
  return new AddressClashes(next, known.containers);
}

/** How the routes of a host lead, of which these interfaces are captured, those that are gone no more. */
async function routesOf(
  known: KnownHost,
  names: readonly string[],
  gone: ReadonlySet<string> | undefined,
): Promise<UncapturedRoutes> {
  const { UncapturedRoutes } = await import("../host/drops/uncaptured-routes.js");
  return new UncapturedRoutes(known, names.includes("") ? [] : names, gone);
}

/** What is known of who uses published ports. */
interface PortFacts {
  /** The interfaces of the inside's captures, empty where one is not known; and those that are gone. */
  readonly names: readonly string[];
  readonly gone: ReadonlySet<string> | undefined;
  readonly originOf: Callers["originOf"];
  /** There may be ports later. */
  readonly isLive: boolean;
  /** Whether what snapshots list of conntrack counts. */
  readonly isByListing: boolean;
  readonly conntrack: ConntrackTable | undefined;
  readonly rules: RuleHistory | undefined;
}

/** A sink that is also told, at the end, what went through each published port; undefined where there is none. */
async function portsOf(
  next: Sink,
  known: KnownHost,
  { names, gone, originOf, isLive, isByListing, conntrack, rules }: PortFacts,
): Promise<PublishedPorts | undefined> {
  if (known.ports.all.length === 0 && !isLive) return undefined;
  const { PublishedPorts } = await import("../report/published/published-ports.js");
  const { OwnConversations } = await import("../host/own-conversations.js");
  const { CapturedLinks } = await import("../host/captured-links.js");
  const { CalledPorts } = await import("../host/rules/called-ports.js");
  const own = new OwnConversations(known, conntrack, isByListing);
  const called = new CalledPorts(known, names, rules);
  const links = new CapturedLinks(known, names, gone);
  return new PublishedPorts(next, known, own, {
    capturedOf: (of) => links.capturedOf(of),
    originOf,
    mayHaveCalled: (...call) => called.mayHaveCalled(...call),
  });
}
