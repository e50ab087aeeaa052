import type { Answer } from "./answer.js";
import { type ConntrackLine, type Ending, isChatter, parseConntrackLine } from "./conntrack.js";
import type { Ends } from "../packets/results/results.js";
import type { Protocol } from "../protocols/ip-protocols.js";
import { Hearing } from "./hearing.js";
import { reversedText, tupleText } from "./tuples.js";

/**
 * So many entries are held: twice what the kernel has room for unless it is told otherwise (nf_conntrack_max, 262,144), as those that have ended
 * are held for a while. Each takes some 400 bytes.
 */
const MOST_ENTRIES = 524_288;
/**
 * How long an entry that has ended is held for flows that are not known yet, nanoseconds of the packets' time: they wait a second for their twins
 * unless they are told otherwise.
 */
const ENDED_NS = 10_000_000_000n;
/** How often entries that have ended are let go, nanoseconds: to look at each line for them would take longer than to read it. */
const TIDY_NS = 1_000_000_000n;

/** The kernel may have lost events so long before that is told, nanoseconds: whoever reads them is behind then. */
const LOST_BEFORE_NS = 10_000_000_000n;
/** conntrack tells of what happened so much later, at the most, nanoseconds. */
const TOLD_BY_NS = 2_000_000_000n;
const ENDED_EARLY = "conntrack's events ended before the run";
const NOT_KEPT = "there was no room in the file for more of what conntrack said";

/** What happens to what conntrack says, beside its lines: the kernel lost some, lists all that it has from then on and up to then, tells no more, or no more is kept. */
export const CONNTRACK_EVENTS = ["lost", "listing", "listed", "ended", "full"] as const;
export type ConntrackEvent = (typeof CONNTRACK_EVENTS)[number];

/** What is heard of conntrack next: a line, or what happens at a time, epoch nanoseconds. */
export type ConntrackHeard = string | { readonly event: ConntrackEvent; readonly timeNs: bigint };

/** So many of an entry's lives before the one that it is in are remembered: the newest. */
const MOST_BEFORE = 8;
/** Most entries have had but one, and there are hundreds of thousands. */
const NONE_BEFORE: readonly Life[] = [];

/** From when conntrack told of an entry's beginning to when it told of its end. */
export interface Life {
  /** Epoch nanoseconds of the NAT's clock; undefined where it did not tell. */
  bornNs: bigint | undefined;
  diedNs: bigint | undefined;
  isGone: boolean;
  /** Why it ended. */
  ending: Ending | undefined;
}

/** A translation as conntrack has it, from the first line about it to the last: in the last of its lives, if it ended and began again. */
export interface ConntrackEntry extends Life {
  /** What the initiator sent, as it came in, before any translation: its `tupleText` … */
  readonly originalText: string;
  /** … and that of what an answer looks like as it comes in. */
  readonly replyText: string;
  /** It is in a zone of its own: the packet may have other entries in other zones, with other translations. */
  readonly isZoned: boolean;
  /** Its lives before, in their order. */
  before: readonly Life[];
  /**
   * Whether conntrack took a packet for an answer. That none was is told by a list, and by the entry's end: of an answer that a rule drops behind conntrack, no
   * event tells (net/netfilter/nf_conntrack_core.c, nf_conntrack_in and __nf_conntrack_confirm).
   */
  isReplied: Answer;
  /** Whether a flow was found that it is behind … */
  isSeen: boolean;
  /** … and when the last packet of that crossed, epoch nanoseconds; undefined until the flow is over. */
  crossedNs: bigint | undefined;
  /** Which listing of the kernel's was the last one when it was told of. */
  listing: number;
}

/** A flow's two ends outside, by which its entry is known. */
export interface OutsideEnds {
  readonly proto: Protocol;
  readonly outside: Ends;
}

/** From when to when something was seen, epoch nanoseconds. */
interface Lasting {
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

/** A flow that is not over yet. */
interface Open {
  count: number;
  /** When the last of the entries had ended that were let go before the flow was known. */
  readonly forgottenNs: bigint;
}

/** Where a table comes from; without any of it, from a recording that is read before the first flow is known: every entry is kept. */
interface Kind {
  /** Lines are read as things happen. */
  readonly isLive?: boolean;
  /** When all of it was there, epoch nanoseconds, where it is a list of that moment: it tells of no other. */
  readonly listedNs?: bigint | undefined;
}

/**
 * What conntrack says, by tuple. Of what it says while packets are captured, the table holds the entries that live, those that ended a
 * short while ago, and those of flows that are not over: it does not grow with the run.
 */
export class ConntrackTable {
  /** Lines that could not be read, and the number of the first of them. */
  unread = 0;
  firstUnread = 0;
  /** How many entries it holds. */
  size = 0;
  readonly hearing = new Hearing();
  readonly listedNs: bigint | undefined;
  readonly #isLive: boolean;
  readonly #byTuple = new Map<string, readonly ConntrackEntry[]>();
  readonly #lettingGo: ((entry: ConntrackEntry) => void)[] = [];
  #lines = 0;
  /** Entries that ended a short while ago, the first first. */
  readonly #ended = new Set<ConntrackEntry>();
  #tidiedNs = 0n;
  /** Up to when packets were read, where that is told. */
  #reachedNs: bigint | undefined;
  readonly #open = new Map<string, Open>();
  /** When the last of the entries ended that were let go. */
  #forgottenNs = 0n;

  constructor({ isLive = false, listedNs }: Kind = {}) {
    this.#isLive = isLive;
    this.listedNs = listedNs;
  }

  /** Has somebody told of each entry that is let go. */
  onLetGo(take: (entry: ConntrackEntry) => void): void {
    this.#lettingGo.push(take);
  }

  /** Takes one or more whole lines of conntrack's output. */
  read(text: string): void {
    for (const line of text.replace(/\n$/, "").split("\n")) this.#readLine(line);
  }

  /** Takes what is heard while packets are captured, in its order. */
  hear(heard: ConntrackHeard): void {
    if (typeof heard === "string") return this.#readLine(heard);
    const { event, timeNs } = heard;
    if (event === "lost") this.hearing.lose(timeNs - LOST_BEFORE_NS);
    else if (event === "listing") this.hearing.beginListing(timeNs);
    else if (event === "listed") this.endListing(timeNs);
    else this.hearing.cutOff(event === "ended" ? ENDED_EARLY : NOT_KEPT, timeNs - LOST_BEFORE_NS);
  }

  /** The entries that have this tuple (by its `tupleText`) as what comes in, in their original direction or in the other. */
  having(tuple: string): readonly ConntrackEntry[] {
    return this.#byTuple.get(tuple) ?? [];
  }

  /** All entries that it holds. */
  *entries(): Generator<ConntrackEntry> {
    for (const [tuple, entries] of this.#byTuple)
      for (const entry of entries) if (entry.originalText === tuple) yield entry;
  }

  /** Takes note that packets were read up to then: what is over by then, and no sooner, may be let go after a while. */
  reach(timeNs: bigint): void {
    this.#reachedNs = timeNs;
  }

  /** Keeps what is told of a flow that was just learnt, until it is over. */
  open({ proto, outside }: OutsideEnds): void {
    if (!this.#isLive) return;
    const way = wayless(tupleText(proto, outside));
    const open = this.#open.get(way);
    if (open) open.count++;
    else this.#open.set(way, { count: 1, forgottenNs: this.#forgottenNs });
  }

  /** Takes note that a flow is over, once it was looked up. */
  close({ proto, outside }: OutsideEnds): void {
    const way = wayless(tupleText(proto, outside));
    const open = this.#open.get(way);
    if (!open || --open.count > 0) return;
    this.#open.delete(way);
    for (const tuple of [way, reversedText(way)])
      for (const entry of this.having(tuple)) if (entry.isGone && !this.#ended.has(entry)) this.#release(entry);
  }

  /** Whether it still has all entries that there may have been of a flow that was not closed. */
  hasAllOf(flow: OutsideEnds & Lasting): boolean {
    const open = this.#open.get(wayless(tupleText(flow.proto, flow.outside)));
    return this.heardAllIn(flow) && flow.firstNs > (open?.forgottenNs ?? this.#forgottenNs);
  }

  /** Whether all was heard of what happened then. */
  heardAllIn({ firstNs, lastNs }: Lasting): boolean {
    return this.hearing.isCompleteSince(firstNs, lastNs + TOLD_BY_NS);
  }

  /** Whether it need not ask: the kernel was asked since then, or cannot be. */
  isAskedSince(timeNs: bigint): boolean {
    return !this.#isLive || this.hearing.wasAskedSince(timeNs);
  }

  /** Whether an answer of the kernel's would tell more: one is wanted, or nothing is known of a flow that is not over. */
  get isInDoubt(): boolean {
    if (this.hearing.isInDoubt) return true;
    for (const way of this.#open.keys())
      if (!this.#byTuple.has(way) && !this.#byTuple.has(reversedText(way))) return true;
    return false;
  }

  /**
   * Takes note that all was read of what the kernel has listed. What lived until then and is not in the list has ended unheard: it may go, whether or
   * not more was lost meanwhile.
   */
  endListing(nowNs: bigint): void {
    if (this.hearing.isDeaf)
      for (const entry of this.entries()) {
        if (entry.isGone || entry.listing === this.hearing.listing) continue;
        entry.isGone = true;
        // what was recorded is kept for flows that are not known yet
        if (this.#isLive) this.#release(entry);
      }
    this.hearing.endListing(nowNs);
  }

  #readLine(line: string): void {
    this.#lines++;
    const said = parseConntrackLine(line);
    if (said) this.#note(said);
    else if (!isChatter(line) && this.unread++ === 0) this.firstUnread = this.#lines;
  }

  #note({ event, proto, original, reply, timeNs, isZoned, isUnreplied, ending }: ConntrackLine): void {
    const originalText = tupleText(proto, original);
    const replyText = tupleText(proto, reply);
    const bornNs = event === "new" ? timeNs : undefined;
    const entry =
      this.having(originalText).find((known) => known.replyText === replyText) ??
      this.#added({
        originalText,
        replyText,
        isZoned,
        before: NONE_BEFORE,
        bornNs,
        diedNs: undefined,
        isGone: false,
        ending,
        isReplied: undefined,
        isSeen: false,
        crossedNs: undefined,
        listing: 0,
      });
    if (entry === undefined) return;
    if (event === "new" && entry.isGone) beginAgain(entry, bornNs);
    entry.isGone = event === "destroy";
    if (entry.isGone) {
      entry.diedNs = timeNs;
      entry.ending = ending;
    }
    if (event === "new") entry.isReplied = undefined;
    if (!isUnreplied) entry.isReplied = true;
    // what was listed before an answer came may be read behind what tells of that
    else if (entry.isReplied === undefined && (event === "listed" || event === "destroy")) entry.isReplied = false;
    entry.listing = this.hearing.listing;
    if (!this.#isLive) return;
    this.#ended.delete(entry);
    if (entry.isGone) this.#ended.add(entry);
    if (timeNs !== undefined) this.#tidy(timeNs);
  }

  /** Takes a new entry; gives none where there is no room. */
  #added(entry: ConntrackEntry): ConntrackEntry | undefined {
    if (this.size === MOST_ENTRIES) {
      this.hearing.leaveOut(entry.bornNs);
      return undefined;
    }
    this.size++;
    const alone = [entry];
    for (const tuple of tuplesOf(entry)) {
      const others = this.#byTuple.get(tuple);
      this.#byTuple.set(tuple, others === undefined ? alone : [...others, entry]);
    }
    return entry;
  }

  /** Lets entries go that ended long enough ago. A clock that was set back makes that of any that ended after. */
  #tidy(toldNs: bigint): void {
    const nowNs = this.#reachedNs !== undefined && this.#reachedNs < toldNs ? this.#reachedNs : toldNs;
    if (this.#tidiedNs <= toldNs && toldNs < this.#tidiedNs + TIDY_NS) return;
    this.#tidiedNs = toldNs;
    for (const entry of this.#ended) {
      const diedNs = entry.diedNs ?? toldNs;
      if (diedNs <= toldNs && nowNs < diedNs + ENDED_NS) break;
      this.#ended.delete(entry);
      this.#release(entry);
    }
  }

  /** Lets an entry go that has ended, unless a flow may be its. */
  #release(entry: ConntrackEntry): void {
    const tuples = tuplesOf(entry);
    if (tuples.some((tuple) => this.#open.has(wayless(tuple)))) return;
    this.size--;
    for (const tuple of tuples) {
      const others = this.having(tuple).filter((other) => other !== entry);
      if (others.length > 0) this.#byTuple.set(tuple, others);
      else this.#byTuple.delete(tuple);
    }
    if (entry.diedNs !== undefined && entry.diedNs > this.#forgottenNs) this.#forgottenNs = entry.diedNs;
    for (const take of this.#lettingGo) take(entry);
  }
}

function beginAgain(entry: ConntrackEntry, bornNs: bigint | undefined): void {
  const { before, diedNs, ending } = entry;
  entry.before = [...before, { bornNs: entry.bornNs, diedNs, isGone: true, ending }].slice(-MOST_BEFORE);
  entry.bornNs = bornNs;
  entry.diedNs = undefined;
  entry.ending = undefined;
}

/** An entry's lives, as far as they are remembered, in their order. */
export function livesOf(entry: ConntrackEntry): readonly Life[] {
  return [...entry.before, entry];
}

/** A conversation's text, whichever of its directions a tuple is. */
function wayless(tuple: string): string {
  const reversed = reversedText(tuple);
  return tuple < reversed ? tuple : reversed;
}

/** The tuples of what comes in; one, where a host speaks to itself by one port. */
function tuplesOf({ originalText, replyText }: ConntrackEntry): readonly string[] {
  return originalText === replyText ? [originalText] : [originalText, replyText];
}

/** How its packets leave, of what the initiator sent. */
function leavingText({ replyText }: ConntrackEntry): string {
  return reversedText(replyText);
}

/** Whether conntrack rewrites anything of it. */
export function isTranslated(entry: ConntrackEntry): boolean {
  return entry.originalText !== leavingText(entry);
}

/** `tcp 172.17.0.3.5 > 10.0.2.2.80 → tcp 10.0.2.15.5 > 10.0.2.2.80`: how its packets come in and leave. */
export function entryText(entry: ConntrackEntry): string {
  return `${entry.originalText} → ${leavingText(entry)}`;
}
