import { IS_LATER_FRAGMENT } from "../packets/packets.js";
import type { Dropped, Drops, DropsExplained, Fate } from "../packets/results/drops.js";
import { Gathered } from "../packets/results/gathered.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import type { Reason } from "../packets/results/reasons.js";
import {
  copyOfEnds,
  type Ends,
  type FlowSummary,
  type Judgement,
  type Moved,
  type Sink,
  type Summary,
  type Update,
} from "../packets/results/results.js";
import type { Verdict } from "../packets/results/verdicts.js";
import { said, saidAddress, type Sentence } from "../packets/results/sentence.js";
import { frameKey, INSIDE, OUTSIDE, type Side } from "../packets/sides.js";
import { protocolName } from "../protocols/ip-protocols.js";
import { addTo, type Kind, kindOf } from "./drop-kinds.js";
import { endsOf } from "./ends.js";
import { BridgedOpenings } from "./bridged-openings.js";
import { mayOpen } from "./row-names.js";
import { type Open, stoppedUpdate, updated } from "./stopped.js";

/** So many kinds of packets are told apart, and so many packets remembered, as more may become known of them: a few megabytes. */
const MOST_KINDS = 10_000;
const MOST_REMEMBERED = 10_000;
/** Of those that nobody answered, so many: whoever tries all ports makes each a kind of its own. */
const MOST_UNANSWERED = 1_000;

/** Why nothing tells which way packets went: no translation is known, or the other capture was not there to show it. */
const UNPAIRED: ReadonlySet<Reason> = new Set([
  "nothing-paired",
  "untranslated",
  "no-frames",
  "not-begun",
  "ended",
  "silence",
  "capture-edge",
  "one-way",
]);
/** So many addresses tell where packets go … */
const MOST_REACHED = 64;
/** … and of so many it is known what left as it came. */
const MOST_SENDERS = 1_000;

/** What is known of a packet: its kind, where it has one, and what tells of it as long as nobody knows what became of it. */
interface Remembered {
  readonly kind: Kind | undefined;
  readonly open?: Open | undefined;
}

/** What packets came to that are looked at. */
const GATHERED: ReadonlySet<Verdict> = new Set(["dropped", "refused", "unknown", "local"]);

/** Passes all results on, and tells at the end what could have dropped what was dropped. */
export class GatheredDrops extends PassingSink {
  readonly #explain: (drops: Drops) => DropsExplained;
  readonly #kinds = new Map<string, Kind>();
  /** By the flow's id, those whose flow lives. */
  readonly #ofFlows = new Map<number, Kind[]>();
  /** By `frameKey`. */
  readonly #remembered = new Map<number, Remembered>();
  #unanswered = 0;
  readonly #bridged = new BridgedOpenings();
  readonly #unreachable = new Set<string>();
  readonly #reached = [new Set<string>(), new Set<string>()] as const;
  readonly #asTheyCame = new Map<string, Gathered>();
  #others = 0;

  constructor(next: Sink, explain: (drops: Drops) => DropsExplained) {
    super(next);
    this.#explain = explain;
  }

  /** Each flow is looked at, whether it is shown or not. */
  override get mostFlows(): number {
    return Number.POSITIVE_INFINITY;
  }

  override wantsVerdict(verdict: Verdict): boolean {
    return GATHERED.has(verdict) || super.wantsVerdict(verdict);
  }

  override unmatched(row: number, judgement: Judgement): void {
    if (judgement.verdict === "local") this.#bridged.take(this.tables, row);
    if (isUnreachable(judgement)) this.#noteUnreachable(endsOf(this.tables, row).dst);
    const fate = this.#fateOf(row, judgement);
    if (fate !== undefined) this.#note(row, fate, judgement);
    super.unmatched(row, judgement);
  }

  override update(update: Update): void {
    const { side, frame, verdict, before } = update;
    if (before.verdict === "local") this.#bridged.takeBack(update);
    const remembered = this.#remembered.get(frameKey(side, frame));
    if (remembered?.open !== undefined) this.#remembered.set(frameKey(side, frame), { kind: remembered.kind });
    if (remembered?.kind !== undefined && isUnreachable(update)) this.#noteUnreachable(remembered.kind.ends.dst);
    if (before.verdict !== verdict) {
      const was = this.#takeBack(side, frame, before.verdict);
      if (verdict === "dropped") this.#noteLate(was, update);
    }
    super.update(update);
  }

  /** Nobody says which: of those of that side, nothing is told any more. */
  override moved(moved: Moved): void {
    if (moved.before.verdict === "dropped") {
      for (const [key, { fate, side, gathered }] of this.#kinds)
        if (fate === "dropped" && side === moved.side) {
          this.#others += gathered.count;
          this.#kinds.delete(key);
        }
      this.#others = Math.max(0, this.#others - moved.count);
    }
    super.moved(moved);
  }

  override flow(flow: FlowSummary): void {
    this.#noteReached(flow);
    if (flow.nat === "none" && flow.initiator === "inside" && flow.pairsOutbound > 0) this.#noteAsItCame(flow);
    for (const kind of this.#ofFlows.get(flow.id) ?? []) kind.beyond ??= beyondOf(kind, flow);
    this.#ofFlows.delete(flow.id);
    super.flow(flow);
  }

  override end(summary: Summary): void {
    const kinds = [...this.#kinds.values()].filter(({ gathered }) => gathered.count > 0);
    const dropped = [...kinds, ...this.#bridged.unanswered];
    const kindOf = (side: Side, frame: number): Kind | undefined =>
      this.#remembered.get(frameKey(side, frame))?.kind ?? this.#bridged.kindOf(side, frame);
    const { findings, stopped } = this.#explain({
      dropped,
      kindOf,
      saidOf: (kind) => this.#saidOf(kind),
      others: this.#others,
      unreachable: this.#unreachable,
      reached: this.#reached,
      asTheyCame: this.#asTheyCame,
    });
    const updates = this.#stopped(stopped);
    for (const update of updates) super.update(update);
    for (const finding of findings) this.next.finding(finding);
    super.end(updated(summary, updates));
  }

  #saidOf({ proto, ends, side, firstNs, lastNs }: Dropped): Sentence {
    const [fromNs, throughNs] = [firstNs, lastNs].map((ns) => Number(ns - this.tables.epochsNs[side]));
    const [from, to] = [ends.src, ends.dst].map((address) => saidAddress(address, { fromNs, throughNs }));
    const [fromPort, toPort] = [ends.srcPort, ends.dstPort].map((port) => (port === undefined ? "" : `.${port}`));
    return said`${protocolName(proto)} ${from}${fromPort} > ${to}${toPort}`;
  }

  /** What is known of a packet without a twin; undefined of one that is none of these. */
  #fateOf(row: number, { verdict, reason }: Judgement): Fate | undefined {
    if (verdict === "dropped" || verdict === "refused") return verdict;
    if (reason !== undefined && UNPAIRED.has(reason)) return "unpaired";
    if (reason === "routed-elsewhere") return "routed";
    return reason === "no-answer" && mayOpen(this.tables, row) ? "unanswered" : undefined;
  }

  #note(row: number, fate: Fate, judgement: Judgement): void {
    const { timeline } = this.tables;
    const [side, frame, flow] = [timeline.sideOf(row), timeline.frame(row), this.tables.flowOf(row)];
    // the rest of a datagram was dropped with its first fragment, which has the ports that rules ask for
    if ((timeline.flags(row) & IS_LATER_FRAGMENT) !== 0) {
      this.#remember(side, frame, { kind: undefined });
      return;
    }
    const kind = this.#kindFor(row, flow, fate, judgement);
    if (kind === undefined) {
      if (fate === "dropped") this.#others++;
      return;
    }
    addTo(kind, this.tables, row);
    const open = { frame, flow, isSelected: timeline.isSelected(row) };
    this.#remember(side, frame, { kind, open: judgement.verdict === "unknown" ? open : undefined });
  }

  #remember(side: Side, frame: number, remembered: Remembered): void {
    if (this.#remembered.size < MOST_REMEMBERED) this.#remembered.set(frameKey(side, frame), remembered);
  }

  /** The kind that a packet is of; undefined where there are too many. */
  #kindFor(row: number, flow: number | undefined, fate: Fate, { rule, reason }: Judgement): Kind | undefined {
    const isTold = rule !== undefined || reason === "ttl-spent";
    const refusal = fate === "refused" ? reason : undefined;
    return this.#known(kindOf(this.tables, row, fate, isTold, refusal), flow);
  }

  /** The same kind as it is known by now, or this one from now on. */
  #known(kind: Kind, flow: number | undefined): Kind | undefined {
    const { fate, refusal, isTold, side, source, proto, ends, isEchoRequest, isPlain, macTo, uncutLength } = kind;
    const whats = [isEchoRequest, kind.isError, isPlain, isTold, kind.mayOpen, kind.isFromOpener, kind.isStray];
    const key = JSON.stringify([fate, refusal, side, source, proto, ends, flow, ...whats, macTo, uncutLength]);
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    if (this.#kinds.size === MOST_KINDS) return undefined;
    if (fate === "unanswered" && this.#unanswered++ >= MOST_UNANSWERED) return undefined;
    this.#kinds.set(key, kind);
    if (flow !== undefined && isPlain) this.#ofFlows.set(flow, [...(this.#ofFlows.get(flow) ?? []), kind]);
    return kind;
  }

  /** Takes it that a packet is not what it was said to be. Returns the kind that it was of, where that is known. */
  #takeBack(side: Side, frame: number, before: Verdict): Kind | undefined {
    const key = frameKey(side, frame);
    const remembered = this.#remembered.get(key);
    if (remembered === undefined) this.#others = Math.max(0, this.#others - Number(before === "dropped"));
    remembered?.kind?.gathered.frames[side].remove(frame);
    this.#remembered.delete(key);
    return remembered?.kind;
  }

  /** Takes it that a packet of some kind was dropped, as it turned out: it is like others of that kind but for this. */
  #noteLate(was: Kind | undefined, { side, frame, flow, isIpv6 }: Update): void {
    const kind = was && this.#known({ ...was, fate: "dropped", refusal: undefined, gathered: new Gathered() }, flow);
    if (kind === undefined) {
      this.#others++;
      return;
    }
    kind.gathered.add(side, frame, flow, isIpv6);
    this.#remembered.set(frameKey(side, frame), { kind });
  }

  /** What became of those whose kind the host stops. */
  #stopped(stopped: DropsExplained["stopped"]): Update[] {
    return Array.from(this.#remembered.values()).flatMap(({ kind, open }) => {
      if (kind === undefined || open === undefined) return [];
      const reason = stopped.get(kind);
      return reason === undefined ? [] : [stoppedUpdate(kind, open, reason)];
    });
  }

  #noteAsItCame(flow: FlowSummary): void {
    const { src } = flow.inside;
    const gathered = this.#asTheyCame.get(src) ?? new Gathered();
    if (this.#asTheyCame.size === MOST_SENDERS && !this.#asTheyCame.has(src)) return;
    this.#asTheyCame.set(src, gathered);
    gathered.addFlow(flow);
  }

  #noteUnreachable(address: string): void {
    if (this.#unreachable.size < MOST_REACHED) this.#unreachable.add(address);
  }

  /** What crossed left by the other side's interface, as the host sends what goes to that address. */
  #noteReached({ nat, sides, initiator, inside, outside, pairs, pairsOutbound }: FlowSummary): void {
    if (nat === "proxy" || sides[INSIDE] === sides[OUTSIDE]) return;
    const [near, far] = initiator === "outside" ? [inside.dst, outside.src] : [inside.src, outside.dst];
    const [behind, beyond] = this.#reached;
    if (pairs > pairsOutbound && behind.size < MOST_REACHED) behind.add(near);
    if (pairsOutbound > 0 && beyond.size < MOST_REACHED) beyond.add(far);
  }
}

/** Whether the host said that nobody answers where a packet goes to. */
function isUnreachable({ verdict, reason }: Pick<Judgement, "verdict" | "reason">): boolean {
  return verdict === "refused" && reason === "host-unreachable";
}

/** What a flow makes of packets on the other side. */
function beyondOf({ side, ends, isError }: Kind, { nat, sides, inside, outside }: FlowSummary): Ends | undefined {
  if (nat === "proxy" || sides[INSIDE] === sides[OUTSIDE]) return undefined;
  const [here, there] = side === INSIDE ? [inside, outside] : [outside, inside];
  if (isError) {
    const made = (address: string): string =>
      address === here.src ? there.src : address === here.dst ? there.dst : address;
    return { src: made(ends.src), dst: made(ends.dst) };
  }
  if (here.src === ends.src && here.srcPort === ends.srcPort) return copyOfEnds(there);
  const { src, srcPort, dst, dstPort, icmpId } = there;
  return { src: dst, srcPort: dstPort, dst: src, dstPort: srcPort, icmpId };
}
