import { CaptureError } from "../../capture/errors.js";
import type { CorrelateOptions } from "../../correlate/correlate.js";
import type { ConntrackTable } from "../../host/conntrack-table.js";
import type { Crossing } from "../../host/crossing.js";
import type { Setting } from "../../host/ended-entries.js";
import type { RuleHistory } from "../../host/rules/times/rule-history.js";
import type { ContainersEnds } from "../../host/snapshot/address-book.js";
import type { Masquerade } from "../../host/rules/rules.js";
import type { OwnAddresses } from "../../host/snapshot/own-addresses.js";
import type { HostFacts } from "../../host/snapshot/host-facts.js";
import type { Heard } from "../../host/snapshot/heard.js";
import type { HostNews } from "../../host/snapshot/snapshot.js";
import type { TraceSaid } from "../../host/trace/trace.js";
import type { Warns } from "../../asking/warns.js";
import type { FrameBatch, FrameSource } from "../../packets/batches/frames.js";
import { NO_RULES } from "../../packets/results/host-rules.js";
import type { Sink } from "../../packets/results/results.js";
import type { SideNames } from "../../packets/sides.js";
import type { ConntrackFollower } from "../../asking/follow-conntrack.js";
import type { RulesFollower } from "../../asking/follow-rules.js";
import type { TracePoint } from "../../asking/trace-match.js";
import { LIVE, OFF } from "../../asking/whom.js";
import type { ExplainOptions } from "../options/explain-options.js";
import type { ReportOptions } from "../options/report-options.js";

/** What a trace of a live run is of. */
interface ToTrace {
  readonly points: readonly TracePoint[];
  /** What the containers have now that it is limited to; undefined where it is not. */
  readonly ends: (() => ContainersEnds) | undefined;
}

/** What kind of run it is. */
interface ExplainedRun {
  /** Whether packets are captured from then on … */
  readonly isLive: boolean;
  /** … and what is heard meanwhile is kept. */
  readonly isKept: boolean;
  readonly toTrace: ToTrace | undefined;
}

/** So long behind its window a packet may still be judged: where packets queue, and where its verdict is taken back. */
const SETTLING_NS = 60_000_000_000n;

/** What the host says of single packets. */
export type HostSays = Pick<CorrelateOptions, "rules" | "routes" | "macs" | "traces" | "selectsTwin">;

/** What snapshots tell of the host, for those who go by its rules. */
export interface HostTells {
  /** What it said last; undefined where that is not gone by. */
  readonly facts: HostFacts | undefined;
  /** The rules as they were read while packets were captured, where that was kept … */
  readonly rules: RuleHistory | undefined;
  /** … and what was heard of conntrack and of traces. */
  readonly heard: Pick<Heard, "conntrack" | "trace"> | undefined;
  /** Whether its routes are known to lead to an address by a captured interface of the inside. */
  readonly leadsInside: (address: string) => boolean;
  readonly canMasquerade: Masquerade | undefined;
  readonly ownAddresses: OwnAddresses | undefined;
  readonly setting: Setting;
  /** Whether Docker told of a container that changed between two moments, epoch nanoseconds. */
  readonly haveContainersChanged: (fromNs: bigint, toNs: bigint) => boolean;
}

/** A sink that adds what conntrack and the rules say, and how many translations conntrack contradicts. */
export interface Explained {
  readonly sink: Sink;
  /** What is known of single packets: by the rules, by a trace. */
  readonly says: HostSays;
  /** What conntrack says; undefined where nothing of it is gone by. */
  readonly conntrack: ConntrackTable | undefined;
  /** The firewall's rules, one after the other; undefined where they are not gone by. */
  readonly rules: RuleHistory | undefined;
  /** Who keeps what is read live. */
  readonly keepers: readonly Keeper[];
  readonly contradictions: () => number;
  /** To be told of what is read live, and waited for: at the end, null, the host is asked what is still open. */
  readonly onFrames: (source: FrameSource, batch: FrameBatch | null) => Promise<void>;
  /** To be told when what Docker has rules for may have changed. */
  readonly onHostChanged: () => void;
  /** Ends what was started for it. */
  readonly close: () => void;
}

/** Who has what is read live written down: from then on, and at last, once all is decided. */
export interface Keeper {
  keepIn(keep: (news: HostNews) => void, messages: Warns): void;
  keepLast?(): void;
}

/** Where neither conntrack nor rules nor a trace are gone by. */
const NOTHING_SAID: Omit<Explained, "sink"> = {
  says: {},
  conntrack: undefined,
  rules: undefined,
  keepers: [],
  contradictions: () => 0,
  onFrames: async () => {},
  onHostChanged: nothing,
  close: nothing,
};

/**
 * Has a sink told what conntrack and the rules make of each translation, by what the options ask for, or else by what the `host` said.
 * `interfaces`: names for the rules, inside and outside, empty where they are not known.
 *
 * @throws CaptureError where a file or the host's tables cannot be read.
 */
export async function explained(
  next: Sink,
  options: ExplainOptions & Pick<ReportOptions, "window">,
  host: HostTells,
  interfaces: SideNames,
  run: ExplainedRun,
): Promise<Explained> {
  const { leadsInside, canMasquerade, ownAddresses, setting, haveContainersChanged } = host;
  const following: (() => void)[] = [];
  const conntrack = await conntrackOf(options, host, run, following);
  const rules = await rulesOf(options, host, run, following);
  const traced = await traceOf(options, host, rules?.history, run, following);
  const trace = traced?.trace;
  if (conntrack === undefined && rules === undefined && trace === undefined) return { sink: next, ...NOTHING_SAID };
  const { Explaining } = await import("../../host/explaining.js");
  const { ConntrackFacts } = await import("../../host/conntrack-facts.js");
  const { RuleFacts } = await import("../../host/rules/rule-facts.js");
  const { InterfaceName } = await import("../../host/interfaces.js");
  const explaining = new Explaining(next, {
    conntrack,
    rules: rules?.history,
    trace,
    setting,
    interfaces,
    canMasquerade,
    haveContainersChanged,
  });
  const [inside, outside] = interfaces;
  const names = [new InterfaceName(inside), new InterfaceName(outside)] as const;
  const facts = rules && new RuleFacts(rules.history, names, ownAddresses, leadsInside, canMasquerade);
  const reach = (timeNs: bigint): void => {
    conntrack?.table.reach(timeNs);
    facts?.reach(timeNs - BigInt(Math.ceil(options.window)) - SETTLING_NS);
  };
  return {
    sink: explaining,
    says: {
      rules:
        conntrack === undefined ? facts : new ConntrackFacts(conntrack.table, conntrack.crossing, facts ?? NO_RULES),
      traces: trace,
    },
    conntrack: conntrack?.table,
    rules: rules?.history,
    keepers: [rules, conntrack?.follower, traced].flatMap((each) => each?.keeper ?? []),
    contradictions: () => explaining.contradictions,
    onFrames: async ({ epochNs }, batch) => {
      if (batch === null) await Promise.all([conntrack?.follower?.listAtEnd(), rules?.follower?.readAtEnd()]);
      else if (batch.reachedNs > Number.NEGATIVE_INFINITY) reach(epochNs + BigInt(Math.floor(batch.reachedNs)));
    },
    onHostChanged: () => {
      rules?.follower?.ask();
      traced?.onHostChanged();
    },
    close: () => {
      for (const stop of following) stop();
    },
  };
}

/** What conntrack says, and who speaks by the interfaces, which is learnt as the run goes on. */
interface Told {
  readonly table: ConntrackTable;
  readonly crossing: Crossing;
  /** Who reads into the table what comes. */
  readonly follower?: ConntrackFollower;
}

/** conntrack's table, where there is one to go by; what ends its events is added to `following`. */
async function conntrackOf(
  { conntrack }: ExplainOptions,
  { facts: host, heard }: HostTells,
  { isLive, isKept }: ExplainedRun,
  following: (() => void)[],
): Promise<Told | undefined> {
  const listed = conntrack === undefined ? host?.conntrack : undefined;
  const kept = conntrack === undefined ? heard?.conntrack : undefined;
  if (conntrack === OFF || (conntrack === undefined && listed === undefined && kept === undefined)) return undefined;
  const { ConntrackTable } = await import("../../host/conntrack-table.js");
  const { Crossing } = await import("../../host/crossing.js");
  const crossing = new Crossing();
  if (kept !== undefined) return { table: kept, crossing };
  if (conntrack === LIVE) {
    const { followConntrack } = await import("../../asking/follow-conntrack.js");
    const { ConntrackKeeper } = await import("../../asking/keep-conntrack.js");
    const table = new ConntrackTable({ isLive });
    const follower = await followConntrack(table, isKept ? new ConntrackKeeper() : undefined);
    following.push(() => follower.stop());
    return { table, crossing, follower };
  }
  const table = new ConntrackTable({ listedNs: listed === undefined ? undefined : host?.timeNs });
  if (listed !== undefined) table.read(listed);
  else if (conntrack !== undefined) {
    const { linesIn } = await import("../../asking/lines.js");
    for await (const line of linesIn(conntrack)) table.read(line);
  }
  return { table, crossing };
}

/** The firewall's rules, and who reads them again. */
interface Ruled {
  readonly history: RuleHistory;
  readonly follower?: RulesFollower;
  readonly keeper?: Keeper;
}

/** The firewall's rules, where there are some to go by; what ends the watch on them is added to `following`. */
async function rulesOf(
  { rules }: ExplainOptions,
  { facts: host, rules: read }: HostTells,
  { isLive, isKept }: ExplainedRun,
  following: (() => void)[],
): Promise<Ruled | undefined> {
  if (rules === undefined && read !== undefined) return { history: read };
  const saved = rules === undefined ? host?.rules : undefined;
  if (rules === OFF || (rules === undefined && saved === undefined)) return undefined;
  const { RuleHistory } = await import("../../host/rules/times/rule-history.js");
  const { followRules, readRules } = await import("../../asking/follow-rules.js");
  if (rules === LIVE && isLive) {
    const follower = await followRules();
    following.push(() => follower.stop());
    return { history: follower.history, follower, ...(isKept && { keeper: await rulesKeeper(follower.history) }) };
  }
  const { readText } = await import("../../asking/tables.js");
  const text = saved ?? (rules === undefined || rules === LIVE ? (await readRules()).text : await readText(rules));
  return { history: new RuleHistory(text) };
}

/** Keeps the rules as they change. */
async function rulesKeeper(rules: RuleHistory): Promise<Keeper> {
  const { keepRules } = await import("../../asking/keep-rules.js");
  return { keepIn: (keep, messages) => keepRules(rules, keep, messages) };
}

/** What a trace says, and what is to be told that the containers may be others. */
interface Traced {
  readonly trace: TraceSaid;
  readonly onHostChanged: () => void;
  readonly keeper?: Keeper;
}

/** A trace, which grows where the kernel makes it; undefined where none is gone by. What ends the tracing is added to `following`. */
async function traceOf(
  { trace: path }: ExplainOptions,
  { heard }: HostTells,
  rules: RuleHistory | undefined,
  { toTrace, isKept }: ExplainedRun,
  following: (() => void)[],
): Promise<Traced | undefined> {
  if (path === undefined) return heard?.trace && { trace: heard.trace, onHostChanged: nothing };
  const { Trace } = await import("../../host/trace/trace.js");
  if (path === LIVE) {
    if (toTrace === undefined)
      throw new CaptureError("--trace live is for natcorr live: the kernel traces packets as they come");
    const { followTrace } = await import("../../asking/follow-trace.js");
    const trace = new Trace({ isLive: true, rules });
    const { points, ends } = toTrace;
    const follower = await followTrace(trace, points);
    following.push(follower.stop);
    const select = (): void => {
      if (ends !== undefined) follower.select(ends());
    };
    select();
    if (!isKept) return { trace, onHostChanged: select };
    const { TraceKeeper } = await import("../../asking/keep-trace.js");
    const keeper = new TraceKeeper(trace);
    return { trace: keeper, keeper, onHostChanged: select };
  }
  const { linesIn } = await import("../../asking/lines.js");
  const trace = new Trace({ rules });
  for await (const line of linesIn(path)) trace.read(line);
  return { trace, onHostChanged: nothing };
}

function nothing(): void {}
