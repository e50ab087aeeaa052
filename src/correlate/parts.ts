import { FlowAccounts } from "../packets/flows/flow-accounts.js";
import type { Heap } from "../packets/memory/heap.js";
import type { Finding } from "../packets/results/findings.js";
import { type HostRules, NO_RULES } from "../packets/results/host-rules.js";
import type { Sink, Tables } from "../packets/results/results.js";
import type { HostRoutes } from "../packets/results/host-routes.js";
import { type ContainerMacs, NO_CONTAINER_MACS } from "../packets/results/container-macs.js";
import type { Traces } from "../packets/results/traces.js";
import { INSIDE, OUTSIDE, SIDE_NAMES, type Side, SIDES } from "../packets/sides.js";
import { Timeline } from "../packets/timeline.js";
import { NONE } from "../packets/tuples.js";
import { TupleTable } from "../packets/tuple-table.js";
import type { Clock } from "./clock/clock.js";
import type { Seen } from "./clock/beginning.js";
import { Feed } from "./intake/feed.js";
import { Tunnels } from "./intake/tunnels.js";
import type { CaptureIntake } from "./intake/capture-intake.js";
import { SentTwice } from "./intake/sent-twice.js";
import type { SideIntake } from "./intake/side-intake.js";
import { Buckets } from "./kernel/buckets.js";
import { Kernel } from "./kernel/kernel.js";
import { Translations } from "./kernel/translations.js";
import { Survivors } from "./matchers/altered/survivors.js";
import type { Notes } from "./kernel/base.js";
import { Likes } from "./matchers/equals/likes.js";
import { Matchers } from "./matchers/matchers.js";
import { Completeness } from "./matchers/order/completeness.js";
import { Pairs } from "./pairs.js";
import { Settling } from "./settling.js";
import { Shown } from "./shown.js";
import { Showing } from "./showing.js";
import { Clashes } from "./verdicts/flows/clashes.js";
import { Cover } from "./verdicts/captures/cover.js";
import { SideCover } from "./verdicts/captures/side-cover.js";
import { Findings } from "./verdicts/findings.js";
import { isOpenerKnown } from "./verdicts/flows/viewed-flow.js";
import { FlowBook } from "./verdicts/flows/flow-book.js";
import { Groups } from "./verdicts/flows/groups.js";
import { Impacts } from "./verdicts/impacts/impacts.js";
import { Misses } from "./verdicts/captures/misses.js";
import { Mistimed } from "./verdicts/captures/mistimed.js";
import { QuotedNames } from "./verdicts/claims/quoted-names.js";
import { Errors } from "./verdicts/claims/errors.js";
import { type CountJudged, Refusals } from "./verdicts/claims/refusals.js";
import { Resets } from "./verdicts/claims/resets.js";
import { SideTally } from "./verdicts/side-tally.js";
import { LateComers } from "./verdicts/updates/late-comers.js";
import { LateLosses } from "./verdicts/updates/late-losses.js";
import { OpenUnknowns } from "./verdicts/updates/open-unknowns.js";
import { tellReplaced } from "./verdicts/updates/replaced.js";
import { Revisions } from "./verdicts/updates/revisions.js";
import { Rerouted } from "./verdicts/updates/rerouted.js";
import { Teller } from "./verdicts/updates/teller.js";
import { Verdicts } from "./verdicts/verdicts.js";

/** What whoever has captures paired says of it. */
export interface PairingOptions {
  /** How far apart in time twins may be, nanoseconds, once the clock offset is taken out. */
  windowNs: number;
  /** How long a pair waits for earlier packets to be decided, so that pairs come in order of time; the window if not given. */
  patienceNs?: number;
  /** Stops once this many pairs were shown; Infinity for all. */
  maxPairs: number;
  /** What the host's NAT rules say, where that is known. */
  rules?: HostRules | undefined;
  /** How the host's routes lead, where that is known. */
  routes?: HostRoutes | undefined;
  /** Which MAC addresses are containers', where somebody says. */
  macs?: ContainerMacs | undefined;
  /** What a trace of the host's firewall says, where there is one. */
  traces?: Traces | undefined;
  /** Whether a packet without a twin that the filter does not select is selected by what it is on the other side, where somebody knows that. */
  selectsTwin?: ((tables: Tables, row: number) => boolean) | undefined;
  /** Told once all is decided, before the sink is given flows, findings and the summary. */
  onSettled?(): void;
  /** Told of each finding, before the sink is given it. */
  onFinding?(finding: Finding): void;
}

export interface RunOptions extends PairingOptions {
  heap: Heap;
  /** By side: what was seen of its capture before anything was placed. */
  seen: readonly [Seen, Seen];
  /** The coarser unit of both captures' stamps, and the finer one. */
  resolutionNs: number;
  finestNs: number;
  /** By side: whether its captures say, at their beginning, that they count the frames that they lose. */
  haveCounters: readonly [readonly boolean[], readonly boolean[]];
}

/** What any of the other parts may look at. */
type Ground = ReturnType<typeof groundOf>;

/** What a run is made of. */
export type Parts = ReturnType<typeof assemble>;

/** The tables of a run, the kernel on them, and what it is fed with: what any of the other parts may look at. */
function groundOf(intakes: readonly [SideIntake, SideIntake], clock: Clock, options: RunOptions, sink: Sink) {
  const {
    heap,
    windowNs,
    seen,
    resolutionNs,
    finestNs,
    rules = NO_RULES,
    routes,
    macs = NO_CONTAINER_MACS,
    traces,
  } = options;
  const isShowing = sink.wantsPairs || Number.isFinite(options.maxPairs) || sink.wantsVerdict("copy");
  const shiftNs = Number(intakes[OUTSIDE].epochNs - intakes[INSIDE].epochNs - clock.offsetNs);

  const tuples = new TupleTable(heap);
  const timeline = new Timeline(heap, undefined, undefined, [intakes[INSIDE].frames, intakes[OUTSIDE].frames]);
  const buckets = new Buckets(heap, timeline);
  // two clocks are apart by nanoseconds, whatever their stamps are in
  const accounts = new FlowAccounts(heap, undefined, clock.areTwo ? 1 : finestNs);
  const ground = { heap, timeline, tuples, buckets, accounts, clock, windowNs };
  const kernel = new Kernel({ ...ground, resolutionNs, shiftNs, isShowing });
  const translations = new Translations(accounts, timeline, tuples, kernel);
  const tunnels = new Tunnels(heap, tuples, windowNs);
  const feed = (side: Side) => new Feed(heap, side, intakes[side], tuples, tunnels);
  const feeds = [feed(INSIDE), feed(OUTSIDE)] as const;
  /** How long packets may take, either way, as far as that was seen. */
  const takesNs = (): number => {
    const known = [false, true].filter((isOutbound) => !kernel.isNew(isOutbound));
    return known.length === 0 ? windowNs : Math.min(windowNs, Math.max(...known.map((each) => kernel.limitNs(each))));
  };
  const coverOf = (side: Side) => (capture: CaptureIntake) => {
    const placed = (stampNs: number) => kernel.timeOf(side, stampNs + capture.shiftNs, 0);
    const name = intakes[side].captures.length === 1 ? SIDE_NAMES[side] : capture.source.name;
    return new Cover(name, capture, seen[side], windowNs, takesNs, placed);
  };
  const sideCoverOf = (side: Side) =>
    new SideCover(intakes[side].captures.map(coverOf(side)), {
      side,
      intake: intakes[side],
      whereabouts: feeds[side].whereabouts,
      timeline,
      translations,
      windowNs,
      stampAt: (timeNs) => timeNs - (kernel.timeOf(side, timeNs, 0) - timeNs),
    });
  const cover = [sideCoverOf(INSIDE), sideCoverOf(OUTSIDE)] as const;
  const tallies = [new SideTally(), new SideTally()] as const;
  const sentTwice = new SentTwice(windowNs);
  sentTwice.begin(intakes[INSIDE].atFirst, intakes[OUTSIDE].atFirst);
  for (const side of SIDES) kernel.setSentTwice(side, sentTwice.mayEnter(side));
  const repeatOf = (row: number): number | undefined => intakes[timeline.sideOf(row)].repeatOf(timeline.frame(row));
  const base = { ...ground, kernel, translations, repeatOf, sentTwice };
  return {
    ...base,
    completeness: new Completeness(base),
    likes: new Likes(base),
    survivors: new Survivors(kernel, windowNs),
    cover,
    tallies,
    sink,
    rules,
    routes,
    macs,
    traces,
    isShowing,
    tunnels,
    feeds,
  };
}

/** Adds what is known of packets, and said of them, once they are decided about. `isComplete`: whether all there was has been. */
function tellingOf(
  base: Omit<Ground, "feeds"> & { readonly epochNs: bigint },
  { windowNs, maxPairs }: RunOptions,
  isComplete: () => boolean,
) {
  const { heap, timeline, tuples, accounts, kernel, translations, cover } = base;
  const quotedNames = new QuotedNames(timeline, tuples);
  const impacts = new Impacts(heap, timeline, tuples, accounts, kernel);
  const unknowns = new OpenUnknowns();
  const judgedBefore: CountJudged = (...quoted) =>
    unknowns.isCrowded(...quoted)
      ? Number.POSITIVE_INFINITY
      : impacts.open.named(...quoted).length + unknowns.named(...quoted).length;
  const errors = new Errors(timeline);
  const refusals = new Refusals(timeline, quotedNames, windowNs, judgedBefore);
  const clashes = new Clashes(accounts, tuples, kernel.tally);
  const misses = new Misses(kernel.tally);
  const decidedNs = (side: Side) => (isComplete() ? cover[side].lastNs : kernel.time.nowNs - windowNs);
  const shown = Number.isFinite(maxPairs) ? new Shown() : undefined;
  const findings = new Findings({ ...base, clashes, misses, decidedNs, shown });
  const revisions = [new Revisions(heap), new Revisions(heap)] as const;
  const teller = new Teller({ ...base, impacts, findings, revisions });
  const known = { ...base, quotedNames, impacts, unknowns, errors, refusals, clashes, findings, revisions, teller };
  translations.onReplaced = (slot, row) => {
    tellReplaced(known, slot, row);
    if (shown === undefined) findings.replaced(slot, row);
  };
  return { ...known, groups: new Groups(timeline), misses, shown, lateLosses: new LateLosses(known) };
}

/** Makes what a run is made of, and tells each part of those that it asks. `isComplete`: whether all there was has been decided about. */
export function assemble(
  intakes: readonly [SideIntake, SideIntake],
  clock: Clock,
  options: RunOptions,
  sink: Sink,
  isComplete: () => boolean,
) {
  const { maxPairs, patienceNs = Number.POSITIVE_INFINITY, haveCounters } = options;
  const { feeds, ...ground } = groundOf(intakes, clock, options, sink);
  const base = tellingOf({ ...ground, epochNs: intakes[INSIDE].epochNs }, options, isComplete);
  const { timeline, accounts, kernel, errors } = base;
  const epochsNs = [intakes[INSIDE].epochNs, intakes[OUTSIDE].epochNs] as const;
  const mistimed = new Mistimed(timeline, options.windowNs);
  const notes: Notes[] = [errors, base.refusals, mistimed, base.likes];
  const showing = new Showing({
    ...base,
    notes,
    maxPairs,
    patienceNs,
  });
  const matchers = new Matchers({
    ...base,
    pairing: new Pairs({ ...base, showing }),
    mayBecome: (entered, left) => errors.mayBeOne(entered, left),
    isNat: (address) => verdicts.locals.isNat(address),
    link: (tuples, begin) => {
      verdicts.taken.note(tuples);
      book.link(tuples, begin);
    },
    join: (tuple, to) => book.join(tuple, to),
  });
  notes.push(matchers);
  const verdicts = new Verdicts({
    ...base,
    matchers,
    epochsNs,
    resets: new Resets(timeline, base.macs),
    mistimed,
  });
  const book = new FlowBook({ ...base, matchers });
  const lateComers = new LateComers(base);
  const tables = tablesOf({ ...base, book }, intakes, haveCounters);
  const selectsTwin = (row: number): boolean => options.selectsTwin?.(tables, row) === true;
  const rerouted = new Rerouted({ ...base, epochsNs });
  const deciding = { ...base, matchers, verdicts, book, showing, lateComers, rerouted, selectsTwin };
  const settling = new Settling(deciding);
  kernel.meet({
    onFlow: (slot) => {
      verdicts.learn(accounts, slot);
      for (const tuple of [accounts.insideTuple(slot), accounts.outsideTuple(slot)]) {
        base.unknowns.noteCrossing(tuple);
        matchers.translated(tuple);
      }
    },
    onWanted: (row, wants) => matchers.admitLater(row, wants),
    onOverdue: (row) => settling.judgeAlone(row),
  });
  sink.begin(tables);
  return { ...deciding, epochsNs, feeds, mistimed, settling };
}

/** What tells of what results refer to. */
type Referred = Pick<Ground, "timeline" | "tuples" | "accounts" | "tunnels" | "translations" | "clock" | "cover"> & {
  readonly book: FlowBook;
  readonly groups: Groups;
  readonly errors: Errors;
};

/** What results refer to. */
function tablesOf(
  parts: Referred,
  intakes: readonly [SideIntake, SideIntake],
  haveCounters: RunOptions["haveCounters"],
): Tables {
  const { timeline, tuples, accounts, tunnels, translations, clock, cover, book, groups, errors } = parts;
  const beganNs = (row: number): number => {
    const slot = translations.slotOf(row);
    const passedNs = timeline.timeNs(row);
    return slot === NONE ? passedNs : Math.min(passedNs, accounts.firstNs(slot));
  };
  return {
    timeline,
    tuples,
    epochsNs: [intakes[INSIDE].epochNs, intakes[OUTSIDE].epochNs],
    offsetNs: clock.offsetNs,
    haveCounters,
    isUnfiltered: [cover[INSIDE].isUnfiltered, cover[OUTSIDE].isUnfiltered],
    flowOf: (row) => book.flowOf(row),
    twinOf: (row) => translations.twinOf(row),
    beganNs: (row) => intakes[INSIDE].epochNs + BigInt(Math.round(beganNs(row))),
    framesOf: (row) => groups.framesOf(row),
    isOpenerKnown: ({ slot, insideTuple }) => isOpenerKnown(accounts, tuples, slot, insideTuple),
    missingOf: (row) => groups.missingOf(row),
    lengthOf: (row) => groups.lengthOf(row),
    quoteOf: (row) => errors.of(row),
    tunnelOf: (row) => tunnels.of(timeline.tunnel(row)),
  };
}
