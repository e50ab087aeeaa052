import { MOST_NAMED } from "../packets/results/few.js";
import { type Sentence, timesText } from "../packets/results/sentence.js";
import { type Finding, findingOf, ofFlows, ofNamed } from "../packets/results/findings.js";
import { Gathered, Named, oneFlow } from "../packets/results/gathered.js";
import { copyOf, type FlowSummary } from "../packets/results/results.js";
import type { Side } from "../packets/sides.js";
import type { Answer } from "./answer.js";
import {
  type ConntrackEntry,
  type ConntrackTable,
  entryText,
  isTranslated,
  type Life,
  livesOf,
} from "./conntrack-table.js";
import type { Crossing } from "./crossing.js";
import { EndedEntries, type Refused, type Setting } from "./ended-entries.js";
import { comingIn, entriesOf } from "./entries-of.js";
import type { Tracking } from "./rules/rule-check.js";
import { saidFlow } from "./said-flow.js";
import { passage, tupleText } from "./tuples.js";

/** How late conntrack may be to tell of what happened, nanoseconds: it stamps events when it reads them (17 ms later were seen, on a busy machine 300). */
const LATE_NS = 100_000_000n;
const BUSY_NS = 1_000_000_000n;
/** An end that is told of this soon behind a flow's first packet may be that of an entry that began before it: busy, conntrack is later than that. */
const EARLIER_NS = 1_000_000_000n;
/** So many flows wait for the kernel's answer: of more, it cannot be told whether they had an entry. */
const MOST_ASKED = 1000;
/** Of so many flows that are not over, packets are remembered that came from outside and did not cross, or that the host refused: some two megabytes. */
const MOST_ALONE = 10_000;

/** What leaves as it came so soon behind the end of its entry goes on what that translated, nanoseconds. */
const WENT_ON_NS = 10_000_000_000n;

const UNREPLIED = "answers came from outside, none of which conntrack took for one ([UNREPLIED])";

/**
 * Holds natcorr's translations against conntrack's.
 *
 * An entry's two tuples are what its packets look like as they come to the NAT, in one direction and in the other; of a flow,
 * they are those of its packets from inside as captured there, and of those from outside. Which of them is conntrack's original
 * is left open: who opened a conversation that was under way when the captures (or conntrack) began, neither can know.
 *
 * A bridge hands its packets to the rules before a capture on it sees them (br_netfilter): what comes from inside may have its
 * destination rewritten already. So may what comes from outside, where that is a bridge too: answers to what is masqueraded then look
 * as if nothing were rewritten.
 */
export class CrossCheck {
  readonly #table: ConntrackTable;
  readonly #crossing: Crossing;
  readonly #confirmed = new Gathered();
  #contradicted = 0;
  readonly #missing = new Gathered();
  /** Flows without an entry, of which the kernel is asked. */
  #asked: FlowSummary[] = [];
  #answers = 0;
  /** Flows without an entry that may have had one. */
  readonly #untold = new Gathered();
  /** Flows that left as they came beside an entry that translates them, and those entries. */
  readonly #bypassing = new Named();
  readonly #unseen = new Named();
  readonly #ended = new EndedEntries();
  /** Flows whose answers conntrack did not take for such; and those, by their entries, of which the kernel is asked whether it did. */
  readonly #unreplied = new Named();
  /** How many of these have their entry in a zone. */
  #zoned = 0;
  #unsure: { readonly entry: ConntrackEntry; readonly flow: FlowSummary }[] = [];
  /** By flow, who sent it packets that were seen outside alone. */
  readonly #alone = new Map<number, Set<string>>();
  /** By flow, its packets that the host took for its own, and refused. */
  readonly #refused = new Map<number, Refused>();
  readonly #setting: Setting;
  /** From when to when both captures are known to have run: from a time that is given, to the last pair. */
  #sinceNs = 0n;
  /** Where the timeline begins, epoch nanoseconds. */
  #epochNs = 0n;
  #lastNs = 0n;

  /** `crossing`: who speaks by the two interfaces, as far as is known by then. `setting`: what the host says of its settings, at the end. */
  constructor(table: ConntrackTable, crossing: Crossing, setting: Setting) {
    this.#table = table;
    this.#setting = setting;
    this.#crossing = crossing;
    table.onLetGo((entry) => this.#noteUnseen(entry));
  }

  /** Takes note since when both captures run, and where the timeline begins, epoch nanoseconds. */
  begin(sinceNs: bigint, epochNs: bigint): void {
    this.#sinceNs = sinceNs;
    this.#epochNs = epochNs;
  }

  /** Takes note that a packet of a flow which is not over was seen outside alone, with the address that sent it. */
  alone(flow: number, src: string): void {
    const senders = this.#alone.get(flow) ?? new Set();
    if (this.#alone.size === MOST_ALONE && !this.#alone.has(flow)) return;
    this.#alone.set(flow, senders.add(src));
    this.#table.hearing.wonder();
  }

  /** Takes note that the host took a packet of a flow which is not over for its own, and refused it. `frames`: its own, and that of what the host answered. */
  refused(flow: number, timeNs: bigint, side: Side, frames: readonly number[]): void {
    const before = this.#refused.get(flow);
    if (before === undefined && this.#refused.size === MOST_ALONE) return;
    const refused = before ?? { firstNs: timeNs, lastNs: timeNs, listed: [] };
    if (timeNs > refused.lastNs) refused.lastNs = timeNs;
    if (refused.listed.length < MOST_NAMED) refused.listed.push({ side, frames, timeNs });
    this.#refused.set(flow, refused);
  }

  /**
   * Checks a finished flow against what conntrack has said so far. Gives a finding for each flow that conntrack has another translation
   * for: it may be one that was looked at before. What left as it came shows that itself: an entry says what becomes of packets that
   * conntrack takes for valid. docker-proxy's flows are none of conntrack's: it has two connections there. Nor are those
   * that it leaves alone (`tracking`).
   */
  flow(flow: FlowSummary, tracking: Tracking = "tracked"): Finding[] {
    if (flow.lastNs > this.#lastNs) this.#lastNs = flow.lastNs;
    if (flow.nat === "proxy") return [];
    // of one that it may have left alone, an entry that is not there tells nothing
    const hasAll = tracking === "tracked" && this.#table.hasAllOf(flow);
    const found = tracking === "untracked" ? [] : this.#check(flow, hasAll);
    const findings = [...this.#answered(), ...found];
    this.#table.close(flow);
    this.#alone.delete(flow.id);
    this.#refused.delete(flow.id);
    return findings;
  }

  /** What there is to say of all flows together; call it once, after the last. */
  end(): Finding[] {
    const contradictions = this.#answered();
    for (const flow of this.#asked) this.#untold.addFlow(flow);
    for (const entry of this.#table.entries()) this.#noteUnseen(entry, this.#lastNs);
    const confirmed = this.#confirmed.flows.count;
    const checked = confirmed + this.#contradicted + this.#missing.flows.count + this.#untold.flows.count;
    const share = `${confirmed} of ${checked} translations confirmed by conntrack`;
    const lacking = `conntrack has no entry for ${this.#missing.flows.count === 1 ? "it" : "them"}`;
    const bypassing = "packets left as they came, though conntrack has an entry that translates their flow";
    const findings = [
      ...contradictions,
      ...(checked === 0 ? [] : [findingOf("conntrack", confirmed, share, this.#confirmed)]),
      ...ofFlows("conntrack-missing", this.#missing, lacking),
      ...ofNamed("conntrack-bypassed", this.#bypassing, bypassing),
      ...ofNamed("conntrack-unseen", this.#unseen, "conntrack translated, but no pair shows it"),
      ...this.#ended.findings(this.#setting),
      ...ofNamed("conntrack-unreplied", this.#unreplied, `${UNREPLIED}${this.#zonedText()}`),
      ...this.#incomplete(),
    ];
    const { unread, firstUnread } = this.#table;
    if (unread > 0) {
      const text = `${unread} lines of conntrack's could not be read, the first is line ${firstUnread}`;
      findings.push(findingOf("conntrack-unread", unread, text));
    }
    return findings;
  }

  /** `hasAll`: whether the table has all entries that there may have been of it. */
  #check(flow: FlowSummary, hasAll: boolean): Finding[] {
    const { proto } = flow;
    const { fromInside } = comingIn(flow);
    const { sharing, confirming } = entriesOf(flow, this.#table);
    if (confirming.length > 0) {
      this.#confirmed.addFlow(flow);
      for (const entry of confirming) Object.assign(entry, { isSeen: true, crossedNs: flow.lastNs });
      this.#noteFate(confirming[0], flow);
      return [];
    }
    if (!this.#tellsOf(flow)) return [];
    const rivals = [...sharing, ...this.#table.having(tupleText(proto, fromInside))].filter(({ isZoned }) => !isZoned);
    const ended = flow.nat === "none" ? rivals.findLast((entry) => wentOnAs(lifeOf(entry, flow), flow)) : undefined;
    if (ended !== undefined) {
      const { crossedNs } = ended;
      const isBefore = crossedNs !== undefined && crossedNs < flow.firstNs;
      this.#ended.add(
        lifeOf(ended, flow).ending,
        flow,
        this.#nameOf(flow),
        isBefore ? flow.firstNs - crossedNs : undefined,
        [],
      );
      return [];
    }
    const mayHave = rivals.some((entry) => wasAliveIn(lifeOf(entry, flow), flow) === undefined);
    const contradicting = hasAll ? rivals.find((entry) => wasAliveIn(lifeOf(entry, flow), flow) === true) : undefined;
    if (!contradicting) {
      if (hasAll && !mayHave) this.#noteMissing(flow);
      else this.#untold.addFlow(flow);
      return [];
    }
    if (flow.nat === "none") {
      if (entered(flow).some((tuple) => tuple === contradicting.originalText || tuple === contradicting.replyText)) {
        this.#bypassing.addFlow(flow);
        this.#bypassing.named.add({ text: entryText(contradicting) });
      }
      return [];
    }
    this.#contradicted++;
    contradicting.isSeen = true;
    const { entering, leaving } = passage(flow);
    const paired = `${tupleText(proto, entering)} → ${tupleText(proto, leaving)}`;
    const text = `paired as ${paired}, but conntrack has ${entryText(contradicting)}`;
    return [findingOf("conntrack-contradicted", 1, text, oneFlow(flow))];
  }

  /** Takes note of what conntrack made of a flow that it has an entry for. */
  #noteFate(entry: ConntrackEntry, flow: FlowSummary): void {
    // what the host refused, as it took it for its own, was of the conversation as well
    const refused = this.#refused.get(flow.id);
    const lastNs = refused !== undefined && refused.lastNs > flow.lastNs ? refused.lastNs : flow.lastNs;
    const outlived = livesOf(entry).findLast((life) => endedBefore(life, lastNs));
    if (outlived?.diedNs !== undefined) {
      const { bornNs, diedNs, ending } = outlived;
      const hasBegunWith = bornNs !== undefined && flow.firstNs <= bornNs + LATE_NS;
      if (!hasBegunWith && flow.firstNs + EARLIER_NS >= diedNs) return;
      const isBefore = refused !== undefined && flow.lastNs < refused.firstNs && flow.lastNs <= diedNs;
      const since = refused?.listed.filter(({ timeNs }) => timeNs + LATE_NS >= diedNs) ?? [];
      this.#ended.add(ending, flow, this.#nameOf(flow), isBefore ? refused.firstNs - flow.lastNs : undefined, since);
    } else if (this.#isAnswered(flow)) this.#noteAnswered(entry, flow);
  }

  /** Takes note of a flow whose answers came from outside alone, if conntrack took none of them for one. */
  #noteAnswered(entry: ConntrackEntry, flow: FlowSummary): void {
    const { hearing } = this.#table;
    if (entry.isReplied === true || !this.#table.heardAllIn(flow)) return;
    if (entry.isGone || hearing.wasAskedSince(flow.lastNs)) {
      if (entry.isReplied !== false) return;
      this.#unreplied.addFlow(flow);
      this.#unreplied.named.addMade(this.#nameOf(flow));
      if (entry.isZoned) this.#zoned++;
    } else if (this.#unsure.length < MOST_ASKED) {
      this.#unsure.push({ entry, flow: copyOf(flow) });
      hearing.ask();
    }
  }

  /** A rule of the raw table gives packets of one interface a zone, and not those that answer by another one (iptables-extensions(8), CT). */
  #zonedText(): string {
    if (this.#zoned === 0) return "";
    const entries = this.#zoned === this.#unreplied.flows.count ? "their entries" : `${this.#zoned} of their entries`;
    return `; ${entries} are in a zone (CT --zone), where it looks for an answer only if a rule puts that there, too`;
  }

  #nameOf(flow: FlowSummary): () => Sentence {
    return () => saidFlow(flow, this.#epochNs);
  }

  /** Whether answers came from outside, none of which crossed. */
  #isAnswered({ id, initiator, outside, pairs, pairsOutbound }: FlowSummary): boolean {
    if (initiator !== "inside" || pairs > pairsOutbound) return false;
    return this.#alone.get(id)?.has(outside.dst) === true;
  }

  /** Whether an entry that is not there tells anything of a flow: a list of a moment does only of what lived then. */
  #tellsOf({ firstNs, lastNs }: FlowSummary): boolean {
    const { listedNs } = this.#table;
    return listedNs === undefined || (firstNs <= listedNs && listedNs <= lastNs);
  }

  /** The kernel is asked, since the flow's last packet, before its entry is missing. */
  #noteMissing(flow: FlowSummary): void {
    if (this.#table.isAskedSince(flow.lastNs)) this.#missing.addFlow(flow);
    else if (this.#asked.length === MOST_ASKED) this.#untold.addFlow(flow);
    else {
      this.#asked.push(copyOf(flow));
      this.#table.hearing.ask();
    }
  }

  /** Looks again at the flows that the kernel was asked of, once it has answered. */
  #answered(): Finding[] {
    const { hearing } = this.#table;
    if (this.#answers === hearing.answers) return [];
    this.#answers = hearing.answers;
    const asked = this.#asked;
    const unsure = this.#unsure;
    this.#asked = [];
    this.#unsure = [];
    for (const { entry, flow } of unsure) this.#noteAnswered(entry, flow);
    return asked.flatMap((flow) => this.#check(flow, this.#table.heardAllIn(flow)));
  }

  /** Takes an entry that no flow will be found of any more. `untilNs`: up to when the captures run, where they have ended. */
  #noteUnseen(entry: ConntrackEntry, untilNs?: bigint): void {
    const { isSeen } = entry;
    const [{ bornNs }] = livesOf(entry);
    if (isSeen || bornNs === undefined || !isTranslated(entry)) return;
    if (!this.#table.hearing.isCompleteSince(bornNs, entry.diedNs)) return;
    if (bornNs - LATE_NS < this.#sinceNs || (untilNs !== undefined && bornNs > untilNs)) return;
    if (this.#crossing.has(entry)) this.#unseen.named.add({ text: entryText(entry) });
  }

  /** What conntrack did not tell, or was not kept of what it told. */
  #incomplete(): Finding[] {
    const { losses, cutOffBy, untaken } = this.#table.hearing;
    const { count } = this.#untold.flows;
    const said = [
      ...(losses > 0 ? [`conntrack lost events ${timesText(losses)}`] : []),
      ...(cutOffBy === "" ? [] : [cutOffBy]),
      ...(untaken > 0 ? [`there was no room for ${untaken} of conntrack's entries`] : []),
      ...(count > 0 ? [`whether conntrack had an entry for ${count} of the flows cannot be told`] : []),
    ];
    return said.length === 0 ? [] : [findingOf("conntrack-incomplete", count, said.join("; "), this.#untold)];
  }
}

/** The tuples by which packets of a flow are known to have come in. Which way those went that were turned round on a side is not known. */
function entered(flow: FlowSummary): string[] {
  const { proto, sides, pairs, pairsOutbound } = flow;
  if (sides[0] === sides[1]) return [];
  const { fromInside, fromOutside } = comingIn(flow);
  return [
    ...(pairsOutbound > 0 ? [tupleText(proto, fromInside)] : []),
    ...(pairs > pairsOutbound ? [tupleText(proto, fromOutside)] : []),
  ];
}

/** The last of an entry's lives that had begun before a flow was over. */
function lifeOf(entry: ConntrackEntry, { lastNs }: FlowSummary): Life {
  const lives = livesOf(entry);
  const hasBegun = ({ bornNs }: Life): boolean => bornNs === undefined || bornNs - LATE_NS <= lastNs;
  return lives.findLast(hasBegun) ?? lives[0];
}

/** Whether an entry had ended by the time that a packet came: what comes too late for it is what the kernel finds out by that its time is over. */
function endedBefore({ diedNs, ending }: Life, timeNs: bigint): boolean {
  return diedNs !== undefined && diedNs < (ending === "timeout" ? timeNs + LATE_NS : timeNs);
}

/**
 * Whether an entry was there during a flow. A tuple is used again, or its packets leak, when its entry is gone: that one then
 * contradicts nothing, nor does one of which only the end is known, but not when it was. How late that was told is not known.
 */
function wasAliveIn({ bornNs, diedNs, isGone }: Life, { firstNs, lastNs }: FlowSummary): Answer {
  if (bornNs !== undefined && bornNs - LATE_NS > lastNs) return false;
  if (!isGone) return true;
  if (diedNs === undefined || diedNs < firstNs) return false;
  return diedNs - BUSY_NS >= firstNs ? true : undefined;
}

/** Whether an entry ended before its time, and packets that left as they came went on from there. */
function wentOnAs(life: Life, flow: FlowSummary): boolean {
  const { isGone, diedNs, ending } = life;
  if (!isGone || diedNs === undefined || ending === undefined || ending === "over") return false;
  return wasAliveIn(life, flow) !== true && flow.firstNs < diedNs + WENT_ON_NS;
}
