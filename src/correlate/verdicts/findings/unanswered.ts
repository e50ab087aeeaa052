import { icmpCodeIn, icmpTypeIn } from "../../../packets/records.js";
import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { Few } from "../../../packets/results/few.js";
import { type Finding, findingOf, FINDINGS, Gathered, Named, ofNamed } from "../../../packets/results/findings.js";
import type { Reason } from "../../../packets/results/reasons.js";
import { said, saidFew } from "../../../packets/results/sentence.js";
import { PORT as DNS_PORT } from "../../../protocols/dns.js";
import { isUnreachable } from "../../../protocols/icmp.js";
import { NEVER_CUT_BYTES } from "../../../protocols/ipv4.js";
import { ICMPV6, TCP, UDP } from "../../../protocols/ip-protocols.js";
import { INSIDE, type Side } from "../../../packets/sides.js";
import { meaningOf } from "../claims/icmp-meanings.js";
import type { EndedFlow } from "./ended-flow.js";
import type { Context, Finder } from "./finder.js";
import type { Crossed } from "../../kernel/crossed.js";
import { Holes, segmentOf } from "./holes.js";
import { Services } from "./services.js";

/** An answer is waited for so long, nanoseconds: TCP itself takes a SYN for lost after a second (RFC 6298 section 2.1). */
const PATIENCE_NS = 1_000_000_000;
/** UDP ports of protocols in which whoever is asked answers: DNS (RFC 1035), NTP (RFC 5905). Others may be meant to be one-way, as syslog. */
const ANSWERED_PORTS: ReadonlySet<number> = new Set([DNS_PORT, 123]);

/** So often a segment of a connection crosses again, at the least, that is called unanswered: ordinary losses end sooner. */
const LEAST_AGAIN = 3;

/** So many flows are remembered, at the most, of which somebody beyond said that nobody gets what is sent. */
const MOST_SAID = 4096;
/** What to look at where somebody beyond says that he does not get there. */
const HINT_BEYOND =
  "whoever says so has no way there: look at its routes, and whether anybody has that address; ip route get <address> on the host shows whether it is the right router to ask";
/** What to look at where somebody beyond rejects it. */
const HINT_REJECTED =
  "whoever says so rejects it: nobody listens on that port there (ss -ln), or a firewall does not let it pass; from the host, the same call shows whether others get there";
const REJECTED: ReadonlySet<Reason> = new Set(["port-unreachable", "prohibited"]);
/** What to look at where segments are never acknowledged of which a link beyond may not take any so long. */
const HINT_LONG =
  "ping -M do -s 1472 <address> and tracepath <address> show whether long packets get there: a router beyond may drop them without a word, and short ones pass (MTU); ping and traceroute, whether anybody is there at all";
/** So many addresses that ask are told apart; all others count as one. */
const MOST_ASKERS = 4096;
const OTHERS = "";

/** What was asked from one address, and never answered. */
class Tries {
  readonly flows = new Gathered();
  count = 0;
  /** Whether any of them has an address outside that can be answered. */
  isAnswerable = false;

  addAll({ flows, count, isAnswerable }: Tries): void {
    this.flows.addAll(flows);
    this.count += count;
    this.isAnswerable ||= isAnswerable;
  }
}

/** Errors about packets of a flow, by which somebody beyond says that nobody gets them. */
interface Heard {
  readonly side: Side;
  readonly reason: Reason;
  readonly words: string;
  readonly frames: Few<number>;
}

/**
 * `unanswered`: SYNs, echo requests and queries crossed the NAT, and nothing came back, on neither side, though the capture of the side where
 * they left goes on; or nothing but errors of somebody beyond, that it does not get there. Answers that cross elsewhere show in what the initiator sends next: it acknowledges them.
 * Also of connections, segments that crossed again and again and were never acknowledged, and their other end sent nothing new: where it did, see `mtu`.
 */
export class Unanswered implements Finder {
  readonly #context: Context;
  /** All in the order that they ended, and the same by the address inside. */
  readonly #all = new Tries();
  readonly #byAsker = new Map<string, Tries>();
  readonly #services = new Services();
  /** By flow. */
  readonly #said = new Map<number, Heard>();
  /** Those that ICMP errors may be about which were cut too short to say so: the ends inside of what they are, or are about. */
  readonly #mayBeAnswered = new Set<string>();

  readonly #holes: Holes;
  readonly #hanging = new Named();
  /** Whether any of those segments is longer than what every link takes. */
  #isAnyLong = false;

  constructor(context: Context) {
    this.#context = context;
    this.#holes = new Holes(context, LEAST_AGAIN, false);
  }

  again(crossed: Crossed, crossing: number): void {
    const flow = this.#context.accounts.id(crossed.slot(crossing));
    this.#holes.add(flow, crossed.isOutbound(crossing), segmentOf(crossed, crossing));
  }

  error(row: number, src: string, flow: number): void {
    const { timeline } = this.#context;
    const [message, isIpv6] = [timeline.seq(row), timeline.proto(row) === ICMPV6];
    const [type, code] = [icmpTypeIn(message), icmpCodeIn(message)];
    if (!isUnreachable(type, code, isIpv6)) return;
    const { reason, words: meaning } = meaningOf(!isIpv6, type, code);
    const words = `${meaning}, says ${src}`;
    const frames = this.#said.get(flow)?.frames ?? new Few<number>();
    frames.add(timeline.frame(row));
    this.#said.set(flow, { side: timeline.sideOf(row), reason, words, frames });
    keepNewest(this.#said, MOST_SAID);
  }

  flow(flow: EndedFlow): void {
    const heard = this.#said.get(flow.id);
    this.#said.delete(flow.id);
    if (flow.isOfCutErrors) this.#takeCutErrors(flow);
    if (flow.proto === TCP) this.#takeHanging(flow);
    if (!isUnanswered(flow, this.#context)) return;
    const { pairsThere } = flow;
    const isAnswerable = flow.rewrite !== 0 || !flow.isFromInside || !flow.isPrivate(INSIDE, true) || flow.isTunneled;
    const asker = this.#askerOf(flow.address(INSIDE, true));
    const errors = heard && { reason: heard.reason, words: heard.words, count: heard.frames.count };
    this.#services.add(flow, pairsThere, asker, errors);
    for (const tries of [this.#all, this.#byAsker.get(asker)!]) {
      tries.flows.addFlow(flow);
      for (const frame of heard?.frames.listed ?? []) tries.flows.frames[heard!.side].add(frame);
      tries.count += pairsThere;
      tries.isAnswerable ||= isAnswerable;
    }
  }

  close(): Finding[] {
    const noMore = "segments crossed again and again and were never acknowledged, and their other end sent nothing new";
    return [...this.#never(), ...ofNamed("unanswered", this.#hanging, noMore, this.#isAnyLong ? HINT_LONG : undefined)];
  }

  #never(): Finding[] {
    const { flows, count, isAnswerable } = this.#mayBeAnswered.size === 0 ? this.#all : this.#certain();
    if (count === 0) return [];
    const { named, reason } = this.#services.of((asker) => !this.#mayBeAnswered.has(asker));
    const text = said`sent on${isAnswerable ? "" : " from private addresses, as they came,"} and never answered: ${saidFew(named)}`;
    const hint = reason === undefined ? FINDINGS.unanswered.hint : REJECTED.has(reason) ? HINT_REJECTED : HINT_BEYOND;
    return [findingOf("unanswered", count, text, flows, isAnswerable ? hint : FINDINGS.leak.hint)];
  }

  /** Takes a connection if what its initiator sent was acknowledged up to some segment, and no further, however often that crossed. */
  #takeHanging(flow: EndedFlow): void {
    const { misses } = this.#context;
    const hanging = this.#holes.hanging(flow.slot, flow.isFromInside);
    if (hanging === undefined || hanging.hasGoneOn || !flow.isOpenerKnown || mayBeUnseen(flow, this.#context)) return;
    const { length, payloadLength, frames } = hanging;
    // one byte asks a full receiver for its window (RFC 9293 section 3.8.6.1)
    if (payloadLength <= 1 || misses.isPatchy(flow.farSide)) return;
    this.#isAnyLong ||= length > NEVER_CUT_BYTES;
    for (const frame of frames.listed) this.#hanging.add(flow.nearSide, frame, flow.id);
    this.#hanging.named.add(said`${flow.said} (${frames.count} times again)`);
  }

  /** Those that no such error may be about. */
  #certain(): Tries {
    const certain = new Tries();
    if (this.#mayBeAnswered.size === MOST_ASKERS) return certain;
    for (const [asker, tries] of this.#byAsker) if (!this.#mayBeAnswered.has(asker)) certain.addAll(tries);
    return certain;
  }

  #takeCutErrors(flow: EndedFlow): void {
    const ends = [true, false].map((isInitiator) => flow.address(INSIDE, isInitiator));
    for (const end of [...ends, OTHERS]) if (this.#mayBeAnswered.size < MOST_ASKERS) this.#mayBeAnswered.add(end);
  }

  /** As whom somebody who asks is known, by the address. */
  #askerOf(address: string): string {
    const asker = this.#byAsker.size < MOST_ASKERS || this.#byAsker.has(address) ? address : OTHERS;
    if (!this.#byAsker.has(asker)) this.#byAsker.set(asker, new Tries());
    return asker;
  }
}

/** Whether no answer came to a flow for long enough, if one was to: by its port, or as others of its service are answered. */
export function isUnanswered(flow: EndedFlow, { cover, misses, decidedNs }: Context, areOthers = false): boolean {
  if (!flow.isOpenerKnown || flow.pairsThere === 0 || flow.pairsBack > flow.unreachableBack) return false;
  if (!isToBeAnswered(flow, areOthers)) return false;
  const far = flow.farSide;
  if (mayBeUnseen(flow, { misses })) return false;
  if (flow.pairsThere === 1 && cover[far].lostFrames > 0) return false;
  if (misses.isPatchy(far) && (flow.pairsThere === 1 || misses.mayLackAll(far, flow.pairsThere))) return false;
  return decidedNs(far) - flow.firstNs >= PATIENCE_NS;
}

/** Whether answers to its initiator may be among what crossed as another flow, has no twin, or is lacking. */
function mayBeUnseen(flow: EndedFlow, { misses }: Pick<Context, "misses">): boolean {
  return flow.isUnclear || flow.isAnsweredNear || flow.isProvedElsewhere(false) || misses.lacksEntries(flow.farSide);
}

function isToBeAnswered(flow: EndedFlow, areOthers: boolean): boolean {
  if (flow.proto === TCP) return !flow.hasAcknowledged;
  return flow.proto === UDP ? areOthers || ANSWERED_PORTS.has(flow.port) : flow.isEcho;
}
