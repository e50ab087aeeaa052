import { halfOf } from "../../../packets/halves.js";
import { icmpCodeIn, icmpTypeIn } from "../../../packets/records.js";
import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { Few } from "../../../packets/results/few.js";
import { type Finding, findingOf, ofNamed } from "../../../packets/results/findings.js";
import { Gathered, Named } from "../../../packets/results/gathered.js";
import { FINDINGS } from "../../../packets/results/finding-codes.js";
import type { Reason } from "../../../packets/results/reasons.js";
import { said } from "../../../packets/results/sentence.js";
import { PORT as DNS_PORT } from "../../../protocols/dns.js";
import { isUnreachable } from "../../../protocols/icmp.js";
import { NEVER_CUT_BYTES } from "../../../protocols/ipv4.js";
import { ICMPV6, TCP, UDP } from "../../../protocols/ip-protocols.js";
import { isTraced } from "../../../protocols/udp.js";
import { INSIDE, SIDES } from "../../../packets/sides.js";
import { meaningOf } from "../claims/icmp-meanings.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Context, Finder } from "./finder.js";
import type { Crossed } from "../../kernel/crossed.js";
import { Holes, segmentOf } from "./seen/holes.js";
import { type Said, type Service, Services, saidServices } from "./seen/services.js";
import { HINT_INSIDE, type Silence, silenceOf } from "./seen/silence.js";

/** An answer is waited for so long, nanoseconds: TCP itself takes a SYN for lost after a second (RFC 6298 section 2.1). */
const PATIENCE_NS = 1_000_000_000;
/** UDP ports of protocols in which whoever is asked answers: DNS (RFC 1035), NTP (RFC 5905). Others may be meant to be one-way, as syslog. */
const ANSWERED_PORTS: ReadonlySet<number> = new Set([DNS_PORT, 123]);

/** So often a segment of a connection crosses again, at the least, that is called unanswered: ordinary losses end sooner. */
const LEAST_AGAIN = 3;

/** So many flows are remembered, at the most, of which somebody said that nobody gets what is sent … */
const MOST_HEARD = 4096;
/** … and of each, so many kinds of errors. */
const MOST_KINDS = 8;
/** What to look at where segments are never acknowledged of which a link beyond may not take any so long. */
const HINT_LONG =
  "ping -M do -s 1472 <address> and tracepath <address> show whether long packets get there: a router beyond may drop them without a word, and short ones pass (MTU); ping and traceroute, whether anybody is there at all";
/** So many addresses are remembered that errors may be about which were cut short; of more, nobody is known to be unanswered. */
const MOST_ASKERS = 4096;

/** Errors of one kind about packets of a flow, and who says so. */
interface HeardError {
  readonly reason: Reason;
  readonly meaning: string;
  readonly src: string;
  readonly count: number;
}

/** Services whose silence means the same. */
interface Silent {
  readonly silence: Silence;
  readonly services: Service[];
}

/** Errors about packets of a flow that go one way, by which somebody says that nobody gets them. */
interface Heard {
  readonly frames: Few<number>;
  /** By what they say, and who does. */
  readonly errors: Map<string, HeardError>;
}

/**
 * `unanswered`: SYNs, echo requests and queries crossed the NAT, and nothing came back, on neither side, though the capture of the side where
 * they left goes on; or nothing but errors, that it does not get there: of UDP, whichever port that is. Answers that cross elsewhere show in what the initiator sends next: it acknowledges them.
 * Also of connections, segments that crossed again and again and were never acknowledged, and their other end sent nothing new: where it did, see `mtu`.
 */
export class Unanswered implements Finder {
  readonly #context: Context;
  readonly #services = new Services();
  /** By flow, and the side where they entered: see `halfOf`. */
  readonly #heard = new Map<number, Heard>();
  /** Those that ICMP errors may be about which were cut too short to say so: the ends inside of what they are, or are about. */
  readonly #mayBeAnswered = new Set<string>();

  readonly #holes: Holes;
  /** Segments that were never acknowledged, by what to look at next. */
  readonly #hanging = new Map<string, Named>();

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
    const key = halfOf(flow, timeline.sideOf(row));
    const heard = this.#heard.get(key) ?? { frames: new Few<number>(), errors: new Map() };
    heard.frames.add(timeline.frame(row));
    const count = (heard.errors.get(`${meaning} ${src}`)?.count ?? 0) + 1;
    if (count > 1 || heard.errors.size < MOST_KINDS)
      heard.errors.set(`${meaning} ${src}`, { reason, meaning, src, count });
    this.#heard.set(key, heard);
    keepNewest(this.#heard, MOST_HEARD);
  }

  flow(flow: EndedFlow): void {
    const heard = this.#heard.get(halfOf(flow.id, flow.farSide));
    for (const side of SIDES) this.#heard.delete(halfOf(flow.id, side));
    if (flow.isOfCutErrors) this.#takeCutErrors(flow);
    if (flow.proto === TCP) this.#takeHanging(flow);
    if (!isUnanswered(flow, this.#context)) return;
    const errors = [...(heard?.errors.values() ?? [])].map((error) => saidOf(error, flow));
    if (isTraceEnd(flow, errors)) return;
    const { gathered } = this.#services.add(flow, errors);
    for (const frame of heard?.frames.listed ?? []) gathered.frames[flow.farSide].add(frame);
  }

  close(): Finding[] {
    const noMore = "segments crossed again and again and were never acknowledged, and their other end sent nothing new";
    return [
      ...[...this.#bySilence().values()].map(findingOfAll),
      ...[...this.#hanging].flatMap(([hint, hanging]) => ofNamed("unanswered", hanging, noMore, hint)),
    ];
  }

  /** Those of which it is certain that they are not answered. */
  #bySilence(): Map<string, Silent> {
    const bySilence = new Map<string, Silent>();
    const mayBeAnswered = this.#mayBeAnswered;
    const { rules } = this.#context;
    for (const service of this.#services.all) {
      const { asker } = service;
      const isCertain = mayBeAnswered.size === 0 || (asker !== undefined && !mayBeAnswered.has(asker));
      if (!isCertain || mayBeAnswered.size === MOST_ASKERS) continue;
      const silence = silenceOf(service, rules);
      const key = `${silence.text} ${silence.hint}`;
      const alike = bySilence.get(key) ?? { silence, services: [] };
      alike.services.push(service);
      bySilence.set(key, alike);
    }
    return bySilence;
  }

  /** Takes a connection if what its initiator sent was acknowledged up to some segment, and no further, however often that crossed. */
  #takeHanging(flow: EndedFlow): void {
    const { misses } = this.#context;
    const hanging = this.#holes.hanging(flow.slot, flow.isFromInside);
    if (hanging === undefined || hanging.hasGoneOn || !flow.isOpenerKnown || mayBeUnseen(flow, this.#context)) return;
    const { length, payloadLength, frames } = hanging;
    // one byte asks a full receiver for its window (RFC 9293 section 3.8.6.1)
    if (payloadLength <= 1 || misses.isPatchy(flow.farSide)) return;
    const hint = !flow.isFromInside ? HINT_INSIDE : length > NEVER_CUT_BYTES ? HINT_LONG : FINDINGS.unanswered.hint;
    const its = this.#hanging.get(hint) ?? new Named();
    this.#hanging.set(hint, its);
    for (const frame of frames.listed) its.add(flow.nearSide, frame, flow.id);
    its.named.addMade(() => said`${flow.saidFrom(true)} (${frames.count} times again)`);
  }

  #takeCutErrors(flow: EndedFlow): void {
    const ends = [true, false].map((isInitiator) => flow.address(INSIDE, isInitiator));
    for (const end of ends) if (this.#mayBeAnswered.size < MOST_ASKERS) this.#mayBeAnswered.add(end);
  }
}

function saidOf({ reason, meaning, src, count }: HeardError, flow: EndedFlow): Said {
  const isByAddressee = src === flow.address(flow.farSide, false);
  return { reason, words: `${meaning}, says ${isByAddressee ? "the destination itself" : src}`, isByAddressee, count };
}

/** Whether it shows that a route was traced to its end: there, nobody listens. */
function isTraceEnd({ proto, port }: EndedFlow, errors: readonly Said[]): boolean {
  return proto === UDP && isTraced(port) && errors.every(({ reason }) => reason === "port-unreachable");
}

function findingOfAll({ silence: { text, hint }, services }: Silent): Finding {
  const all = new Gathered();
  for (const { gathered } of services) all.addAll(gathered);
  const times = services.reduce((sum, service) => sum + service.times, 0);
  return findingOf("unanswered", times, said`${text}: ${saidServices(services)}`, all, hint);
}

/** Whether no answer came to a flow for long enough, if one was to: by its port, or as others of its service are answered. */
export function isUnanswered(flow: EndedFlow, { cover, misses, decidedNs }: Context, areOthers = false): boolean {
  if (!flow.isOpenerKnown || flow.pairsThere === 0 || flow.pairsBack > flow.unreachableBack) return false;
  if (!isToBeAnswered(flow, areOthers)) return false;
  const far = flow.farSide;
  if (mayBeUnseen(flow, { misses })) return false;
  // each has its error, and none got there
  if (flow.unreachableBack >= flow.pairsThere) return true;
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
  if (flow.proto !== UDP) return flow.isEcho;
  // what is meant to be one-way has no errors
  return areOthers || ANSWERED_PORTS.has(flow.port) || flow.unreachableBack > 0;
}
