import type { FramePlaces } from "../../packets/frame-places.js";
import { printable } from "../../packets/printable.js";
import { type Reason, REASONS } from "../../packets/results/reasons.js";
import { otherSide, SIDE_NAMES, type Side } from "../../packets/sides.js";
import type { Causes } from "./causes.js";
import { endsText } from "./ends-text.js";
import { folded } from "./fold.js";
import { framesText, MOST_NAMED } from "./frames-text.js";
import { grouped } from "../grouped.js";
import { type Kind, kindOf, type Lost, type Said } from "./lost.js";
import type { Paint } from "./paint.js";

/** Conversations with one service that have a line each; where there are more, they have one together … */
const MOST_APART = 2;
/** … and services of one host: who asks for more looks for what there is. */
const MOST_SERVICES = 8;

/** How it is called what packets came to. */
const MARKS: Readonly<Record<Kind, string>> = {
  lost: "! LOST   ",
  unknown: "! dropped",
  refused: "  refused",
  unclear: "? unknown",
  ambiguous: "? ambiguous",
  elsewhere: "  elsewhere",
  resent: "  resent ",
  covered: "  covered",
};

/** How the frames are called that a line names behind its own. */
const FOLLOWED: Partial<Readonly<Record<Kind, string>>> = { resent: "again", refused: "answer" };

/** What lines are made by. */
export interface Telling {
  readonly causes: Causes;
  /** Reasons that are said above. */
  readonly told: ReadonlySet<Reason>;
  readonly width: number;
  readonly paint: Paint;
  /** By side: where frames are. */
  readonly frames: readonly [FramePlaces, FramePlaces];
}

/** Packets that are told of in one line, by what they came to: those of containers before what comes from outside, as scans do. */
export function byKind(all: Iterable<Lost>, causes: Causes): Map<Kind, Lost[][]> {
  const packets = [...all].filter((packet) => !causes.tellsAgain(packet));
  const byHosts = grouped(packets, (packet) => groupOf(packet, causes));
  const divided = (group: Lost[]): Lost[][] =>
    findingOf(group[0], causes) === undefined ? byService(group) : byConversation(group);
  const alike = [...byHosts.values()].flatMap(divided).toSorted(([a], [b]) => a.side - b.side);
  return grouped(alike, ([{ judgement }]) => kindOf(judgement));
}

/** Packets of some groups that are told of by their reasons instead, whoever's they are, whichever way they go: those of a side, as a host has another address on the other one. */
export function byReason(groups: readonly (readonly Lost[])[], causes: Causes): Lost[][] {
  return [...grouped(groups.flat(), (packet) => reasonThere(packet, causes)).values()];
}

/** A line for each of some groups; those with one reason follow each other, and the first of them says it. */
export function linesOf(kind: Kind, groups: readonly (readonly Lost[])[], telling: Telling): string[] {
  const { causes, told } = telling;
  const ofReasons = grouped(groups, ([packet]) => reasonThere(packet, causes));
  let said = "";
  return [...ofReasons.values()].flatMap((alike) => {
    const { reason: code } = alike[0][0].judgement;
    const why = code !== undefined && told.has(code) ? "" : reasonOf(kind, alike.flat(), causes);
    const isSaid = why === said;
    said = why;
    // where a finding tells it, each line names that; in full, it is said once
    const isNamed = findingOf(alike[0][0], causes) !== undefined;
    return alike.map((group, at) => lineOf(kind, group, isNamed || (at === 0 && !isSaid) ? why : "", telling));
  });
}

/** Packets between two hosts, together where they are of many services, and else for each. */
function byService(ofHosts: Lost[]): Lost[][] {
  const services = grouped(ofHosts, serviceOf);
  return services.size > MOST_SERVICES ? [ofHosts] : [...services.values()].flatMap(byConversation);
}

/** Packets of one service, together where they are of many conversations, and else for each. */
function byConversation(ofService: Lost[]): Lost[][] {
  const conversations = grouped(ofService, whoOf);
  return conversations.size > MOST_APART ? [ofService] : [...conversations.values()];
}

/** What the packets of one line have in common: what became of them, and their hosts, but where a finding names their flows. */
function groupOf(packet: Lost, causes: Causes): string {
  const kind = kindOf(packet.judgement);
  const finding = findingOf(packet, causes);
  if (finding !== undefined && kind !== "refused") return `${kind} ${packet.side} ${finding}`;
  const why = isMadeUpFor(kind) ? "" : causeOf(packet, causes);
  return `${kind} ${packet.side} ${hostsOf(packet)} ${why}`;
}

/** The finding that a line names for why its packets never arrived. */
function findingOf(packet: Lost, causes: Causes): string | undefined {
  const { judgement } = packet;
  return judgement.rule !== undefined || isMadeUpFor(kindOf(judgement)) ? undefined : causes.of(packet);
}

function isMadeUpFor(kind: Kind): boolean {
  return kind === "resent" || kind === "covered";
}

/**
 * What packets have in common that have one reason: the rule that a trace names, the finding that tells it, or its code, as words have frames and times in them that differ; of what was
 * refused, what is said of that, and by whom.
 */
function causeOf(packet: Lost, causes: Causes): string {
  const { judgement } = packet;
  return judgement.verdict === "refused"
    ? `${whyOf(judgement)} ${causes.of(packet) ?? ""}`
    : (judgement.rule ?? causes.of(packet) ?? judgement.reason ?? judgement.why);
}

/** The same, of one side. */
function reasonThere(packet: Lost, causes: Causes): string {
  return `${causeOf(packet, causes)} ${packet.side}`;
}

/** Why, without the frame that says so. */
function whyOf({ why, byFrame }: Said): string {
  return byFrame === undefined ? why : why.replace(/ \(frame \d.*?\)(?=$|[:,])/, "");
}

function reasonOf(kind: Kind, group: readonly Lost[], causes: Causes): string {
  const [{ judgement }] = group;
  const finding = findingOf(group[0], causes);
  if (finding !== undefined && kind === "refused") return `${printable(whyOf(judgement))}: see ${finding}`;
  if (finding !== undefined) return `see ${finding}`;
  if (kind === "resent") return "";
  if (kind === "covered") return "a later acknowledgement covers it";
  const isSame = kind === "refused" || group.every(({ judgement: { why } }) => why === judgement.why);
  if (!isSame && judgement.reason !== undefined) return naming(REASONS[judgement.reason], group);
  return printable(kind === "refused" ? whyOf(judgement) : judgement.why);
}

/** What is said of some packets, with the interface that all of them leave by. */
function naming(text: string, group: readonly Lost[]): string {
  const [name, ...others] = new Set(group.map(({ judgement: { leavesBy } }) => leavesBy));
  if (name === undefined || others.length > 0) return text;
  return text.replace("an interface that is not captured", `${printable(name)}, which is not captured`);
}

function lineOf(kind: Kind, group: readonly Lost[], reason: string, { width, paint, frames: places }: Telling): string {
  const [{ side: first }] = group;
  const framesOn = (on: Side): number[] =>
    group.flatMap(({ side, frame, alike }) => (side === on ? (alike?.here ?? [frame]) : (alike?.there ?? [])));
  const frames = [first, otherSide(first)].map((side) => [side, framesOn(side)] as const);
  const where = frames.flatMap(([side, some]) =>
    some.length === 0 ? [] : `  ${SIDE_NAMES[side]} ${named(some, places[side])}`,
  );
  const facts = `${groupText(group)}${where.join("")}${followedText(kind, group, places[first])}`;
  const mark = MARKS[kind];
  const indent = mark.length + 1;
  const painted = mark.startsWith("!") ? paint.bad(mark) : mark.startsWith("?") ? paint.doubtful(mark) : mark;
  const head = folded(`${painted} ${facts}`, width, indent);
  if (reason === "") return `${head}\n`;
  if (indent + facts.length + reason.length + 2 <= width) return `${head}  ${reason}\n`;
  return `${head}\n${folded(" ".repeat(indent) + reason, width, indent)}\n`;
}

/** The frames that followed: copies that got through, or what the host answered. */
function followedText(kind: Kind, group: readonly Lost[], places: FramePlaces): string {
  const name = FOLLOWED[kind];
  const frames = new Set(group.flatMap(({ judgement: { byFrame } }) => byFrame ?? []));
  return name === undefined || frames.size === 0 ? "" : `  ${name} ${named([...frames], places)}`;
}

function whoOf({ proto, ends, error }: Lost): string {
  return `${proto} ${endsText(ends, 0, String)}${error === undefined ? "" : ` ${error}`}`;
}

/** The same without the port, or ICMP id, that its conversation's opener took for that alone. */
function serviceOf(packet: Lost): string {
  return `${packet.proto} ${endOf(packet, "src")} > ${endOf(packet, "dst")}`;
}

/** The same without any port. */
function hostsOf({ proto, ends }: Lost): string {
  return `${proto} ${ends.src} > ${ends.dst}`;
}

/** An end of a packet, with its port if that is the service's. */
function endOf({ ends, isFromOpener }: Lost, end: "src" | "dst"): string {
  const port = end === "src" ? ends.srcPort : ends.dstPort;
  return port === undefined || isFromOpener !== (end === "dst") ? ends[end] : `${ends[end]}.${port}`;
}

/** Whose the packets of a line are, and which flow to look at. */
function groupText(group: readonly Lost[]): string {
  const [first] = group;
  const { flow } = first;
  const others = new Set(group.map(whoOf)).size - 1;
  if (others === 0) return `${whoOf(first)}${behindText(group)}${flowsText(group)}`;
  const protocols = [
    ...new Set(group.map(({ proto, error }) => (error === undefined ? proto : `${proto} error`))),
  ].join(", ");
  const flows = flow === undefined ? `${others + 1} conversations` : `flow ${flow}${andOthers(others)}`;
  const destinations = new Set(group.map(({ ends }) => ends.dst));
  const isBothWays = group.some(({ ends }) => destinations.has(ends.src));
  const there = isBothWays ? group.map(asOpeners) : group;
  return `${protocols} ${allEnds(there, "src")} ${isBothWays ? "<>" : ">"} ${allEnds(there, "dst")}${behindText(group)}  ${flows}`;
}

/** A packet as if it went the way that its conversation's opener's do. */
function asOpeners(packet: Lost): Lost {
  if (packet.isFromOpener) return packet;
  const { src, srcPort, dst, dstPort, ...rest } = packet.ends;
  const ends = { ...rest, src: dst, dst: src, srcPort: dstPort, dstPort: srcPort };
  return { ...packet, ends, isFromOpener: true };
}

/** What the ends of a line's packets have in common, or the first of their hosts, and how many others there are. */
function allEnds(group: readonly Lost[], end: "src" | "dst"): string {
  const ports = new Set(group.map((packet) => endOf(packet, end)));
  const hosts = new Set(group.map(({ ends }) => ends[end]));
  const [text] = ports.size === 1 ? ports : hosts;
  return `${text}${andOthers(hosts.size - 1)}`;
}

/** The containers of a line's packets that their addresses do not show. */
function behindText(group: readonly Lost[]): string {
  const behind = [...new Set(group.flatMap((packet) => packet.behind))];
  return behind.length === 0 ? "" : `  container ${behind[0]}${andOthers(behind.length - 1)}`;
}

/** Which flows the packets of a conversation are of, which may have had several, one after the other. */
function flowsText(group: readonly Lost[]): string {
  const flows = [...new Set(group.flatMap(({ flow }) => flow ?? []))];
  return flows.length === 0 ? "" : `  flow ${flows[0]}${andOthers(flows.length - 1)}`;
}

/** How many there are beside one that is named. */
function andOthers(count: number): string {
  return count === 0 ? "" : count === 1 ? " and another" : ` and ${count} others`;
}

/** The first of some frames, and how many more there are. */
function named(frames: readonly number[], places: FramePlaces): string {
  const more = frames.length - MOST_NAMED;
  return `${framesText(frames, places)}${more > 0 ? ` and ${more} more` : ""}`;
}
