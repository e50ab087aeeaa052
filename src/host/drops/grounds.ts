import type { Dropped, Drops, DropsExplained, StopReason } from "../../packets/results/drops.js";
import { type Finding, findingOf } from "../../packets/results/findings.js";
import { Gathered } from "../../packets/results/gathered.js";
import { FINDINGS } from "../../packets/results/finding-codes.js";
import { Few } from "../../packets/results/few.js";
import { said, saidFew, type Sentence } from "../../packets/results/sentence.js";
import type { Side, SideNames } from "../../packets/sides.js";
import type { RuleReading, RulesInForce } from "../rules/times/rule-history.js";
import type { HostFacts, Settings } from "../snapshot/host-facts.js";
import { Beginnings } from "./beginnings.js";
import { Between } from "./between.js";
import { ConntrackGrounds } from "./conntrack-grounds.js";
import { type Ground, isDropped, isStopped, packetsIn } from "./ground.js";
import { countsText, hostDrops } from "./host-counts.js";
import { LengthGrounds } from "./length-grounds.js";
import { neighbourGrounds } from "./neighbour-grounds.js";
import { QueueGrounds } from "./queue-grounds.js";
import { RouteGrounds } from "./route-grounds.js";
import { FilterBook } from "./filter-book.js";
import { readTables } from "../rules/rule-tables.js";
import { RuleBook } from "../rules/rules.js";
import { RuleGrounds } from "./rule-grounds.js";
import { RuleTimes, type Stretch } from "./rule-times.js";
import { silentGrounds } from "./silent-grounds.js";
import { Ways } from "./ways.js";
import { whileOff } from "./while-off.js";

const TWO_SNAPSHOTS =
  "natcorr snapshot > before.json before the capture and > after.json behind it, then --host before.json,after.json: what the host counted in between shows what dropped them";

/**
 * What could have dropped packets, the likeliest first, and only what the host's tables and counters speak for; as findings, with those that it leaves unexplained.
 *
 * @param snapshots of the host that dropped them, in the order of time: counters tell of what was dropped between the first and the last.
 * @param names the interfaces that the sources of both sides are of; empty where one is not known.
 * @param inForce its rules as they were read meanwhile, in the order of time.
 * @param settings its settings, likewise.
 */
export function groundsOf(
  drops: Drops,
  snapshots: readonly HostFacts[],
  names: SideNames,
  inForce: readonly RulesInForce[] = [],
  settings: readonly Settings[] = [],
): DropsExplained & { readonly grounds: readonly Ground[] } {
  const [before, after] = [snapshots[0], snapshots.at(-1)];
  if (before === undefined || after === undefined) return { grounds: [], findings: [], stopped: new Map() };
  const beginnings = new Beginnings([before, after], drops.dropped);
  const waysOf = (facts: HostFacts, book: RuleBook): Ways => new Ways(facts, book, names, drops, beginnings);
  const snapshot = (facts: HostFacts): AtSnapshot => {
    const book = new RuleBook(facts.rules ?? "");
    return { facts, book, ways: waysOf(facts, book) };
  };
  const [first, last] = [snapshot(before), snapshot(after)];
  const { ways } = last;
  const between = new Between(before, after, settings);
  const counted = drops.dropped.filter(({ firstNs, lastNs }) => before.timeNs <= firstNs && lastNs <= after.timeNs);
  const byRules = new RuleGrounds(timesOf(first, last, inForce, waysOf)).grounds(
    counted.filter((kind) => isStopped(kind) || mayMeetRules(kind, ways)),
  );
  const tables = [
    ...new RouteGrounds(between, ways).grounds(counted),
    ...new LengthGrounds(between, ways).grounds(counted.filter(isDropped)),
    ...byRules.grounds,
  ];
  const certain = new Set(tables.filter(({ isCertain }) => isCertain).flatMap(({ kinds }) => kinds));
  const open = counted.filter((kind) => isDropped(kind) && !certain.has(kind));
  const queued = new QueueGrounds(between, ways).of(open);
  const grounds = [
    ...tables,
    ...silentGrounds(open, counted, tables, between),
    ...neighbourGrounds(open, drops.unreachable),
    ...whileOff(open, tables, between),
    ...queued.grounds,
    ...new ConntrackGrounds(between).grounds(open),
  ];
  const stopped = stoppedBy(tables, ways);
  const told = grounds.map((ground) => findingIn(ground, drops, stopped));
  const rest = unexplained(drops, counted, grounds, [
    ...countsText(between, grounds),
    ...queued.doubts,
    ...byRules.doubts,
  ]);
  return {
    grounds,
    stopped,
    findings: [...told, ...(rest.length > 0 ? rest : hostDrops(between, grounds, drops.dropped))],
  };
}

/** A snapshot, its rules, and the ways that packets take by it. */
interface AtSnapshot {
  readonly facts: HostFacts;
  readonly book: RuleBook;
  readonly ways: Ways;
}

/** When which rules were in force, from one snapshot to another; by the network of both, as nobody else tells of that. */
function timesOf(
  first: AtSnapshot,
  last: AtSnapshot,
  inForce: readonly RulesInForce[],
  waysOf: (facts: HostFacts, book: RuleBook) => Ways,
): RuleTimes {
  const [before, after] = [first.facts, last.facts];
  const atSnapshot = ({ facts: { timeNs }, book, ways }: AtSnapshot): Stretch => ({
    fromNs: timeNs,
    toNs: timeNs,
    books: [new FilterBook(book.read)],
    ways: [ways],
  });
  const isBetween = ({ askedNs, answeredNs }: RuleReading): boolean =>
    before.timeNs <= askedNs && answeredNs <= after.timeNs;
  const between = inForce.flatMap(({ book, first, last }): Stretch[] => {
    const readings = (first === last ? [first] : [first, last]).filter(isBetween);
    if (readings.length === 0) return [];
    return [
      {
        fromNs: before.timeNs > first.answeredNs ? before.timeNs : first.answeredNs,
        toNs: after.timeNs < last.heldNs ? after.timeNs : last.heldNs,
        books: readings.map((each) => new FilterBook(each === first ? book.read : readTables(each.text))),
        ways: [before, after].map((facts) => waysOf(facts, book)),
      },
    ];
  });
  return new RuleTimes([atSnapshot(first), ...between, atSnapshot(last)]);
}

/** Whether packets that were not seen to be dropped are known to go where rules are asked. */
function mayMeetRules(kind: Dropped, ways: Ways): boolean {
  if (ways.isTaken(kind)) return ways.cameBy(kind) !== "";
  if (kind.fate === "bridged") return ways.isBridged(kind);
  if (kind.fate === "unpaired" && !ways.hasEntered(kind)) return false;
  return ways.mustCross(kind);
}

/** Of packets that were to be forwarded, and of which nothing else tells what became of them, those that the host stops for certain, by what. */
function stoppedBy(grounds: readonly Ground[], ways: Ways): Map<Dropped, StopReason> {
  const hasEntered = (kind: Dropped): boolean => kind.fate !== "unpaired" || ways.hasEntered(kind);
  const isOpen = (kind: Dropped): boolean =>
    !isStopped(kind) && kind.fate !== "bridged" && ways.of(kind).destination !== undefined && hasEntered(kind);
  return new Map(
    grounds.flatMap(({ kinds, stops }) =>
      stops === undefined ? [] : kinds.filter(isOpen).map((kind) => [kind, stops] as const),
    ),
  );
}

function findingIn(
  { code, kinds, text, hint, cause }: Ground,
  { kindOf, saidOf }: Drops,
  stopped: DropsExplained["stopped"],
): Finding {
  const [gathered, known] = [gatheredOf(kinds), new Set(kinds)];
  const isAbout = (side: Side, frame: number): boolean => {
    const kind = kindOf(side, frame);
    return kind !== undefined && known.has(kind);
  };
  const others = new Few<Sentence>();
  for (const kind of kinds) if (!isStopped(kind) && !stopped.has(kind)) others.addMade(() => saidOf(kind));
  const isOfOthers = others.count > 0;
  // of those that were dropped, lines of their own tell
  const told = isOfOthers ? said`${text}; not seen to be dropped: ${saidFew(others)}` : text;
  return { ...findingOf(code, gathered.count, told, gathered, hint), isAbout, isOfOthers, ...cause };
}

/** What no ground tells of, and what would. */
function unexplained(
  { dropped, others }: Drops,
  counted: readonly Dropped[],
  grounds: readonly Ground[],
  doubts: readonly string[],
): Finding[] {
  const told = new Set(grounds.flatMap(({ kinds }) => kinds));
  const rest = dropped.filter((kind) => isDropped(kind) && !kind.isTold && !told.has(kind));
  if (rest.length === 0) return [];
  const gathered = gatheredOf(rest);
  const uncounted = packetsIn(rest.filter((kind) => !counted.includes(kind)));
  const parts = [
    "no rule, setting or route that natcorr goes by tells what dropped them",
    ...(uncounted > 0 ? [`${uncounted} were not dropped between two snapshots`] : []),
    ...(others > 0 ? [`${others} more were not looked at: too many, or known to be dropped too late`] : []),
    ...doubts,
  ];
  const hint = uncounted > 0 ? TWO_SNAPSHOTS : FINDINGS["drop-unexplained"].hint;
  return [findingOf("drop-unexplained", gathered.count, parts.join("; "), gathered, hint)];
}

function gatheredOf(kinds: readonly Dropped[]): Gathered {
  const all = new Gathered();
  for (const { gathered } of kinds) all.addAll(gathered);
  return all;
}
