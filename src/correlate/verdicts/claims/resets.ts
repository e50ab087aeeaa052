import { IS_ERROR } from "../../../packets/packets.js";
import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { TCP, UDP } from "../../../protocols/ip-protocols.js";
import { ACK, FIN, isOpening, RST, SYN } from "../../../protocols/tcp.js";
import { WAITING } from "../../../packets/fates.js";
import type { ContainerMacs } from "../../../packets/results/container-macs.js";
import { SIDE_NAMES } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { undecidedBehind, waitingBehind } from "../../matchers/behind.js";
import { Ahead } from "../ahead.js";
import type { Claim } from "../claim.js";
import { isFromNear } from "./hops.js";

/** A host answers a segment that it does not want at once, nanoseconds. */
export const AT_ONCE_NS = 10_000_000;
/** Resets that are remembered until they are judged. */
const MOST_REMEMBERED = 4096;

/** The segment by which the host itself accepted a connection, and the numbers of the one that completes it. */
interface Accepted {
  readonly frame: number;
  readonly seq: number;
  readonly ack: number;
}

/** A reset that the host sent, and the segment it answers. */
interface Reset {
  readonly timeNs: number;
  readonly frame: number;
}

/**
 * Segments of forwarded connections that the host answers with a reset of its own, instead of passing them on: its number is what RFC 9293
 * section 3.10.7.1 makes of the segment's, it follows at once, no router lowered its TTL, and it has no twin that came from whom the connection
 * is with.
 */
export class Resets {
  readonly #timeline: Timeline;
  readonly #macs: ContainerMacs;
  /** By row of the reset. */
  readonly #resets = new Map<number, Reset>();
  /** By the way of who opens the connection. */
  readonly #accepted = new Map<number, Accepted>();
  /** Datagrams that the host may have sent, by their way. */
  readonly #datagrams: Ahead;

  constructor(timeline: Timeline, macs: ContainerMacs) {
    this.#timeline = timeline;
    this.#macs = macs;
    const isDatagram = (row: number): boolean =>
      timeline.proto(row) === UDP && (timeline.flags(row) & IS_ERROR) === 0 && isFromNear(timeline, row);
    this.#datagrams = new Ahead(timeline, (row) => (isDatagram(row) ? timeline.way(row) : undefined));
  }

  /**
   * The reset that answers a segment which did not come out, by the host, or by a neighbour that it got straight to; NONE where there is none. A connection
   * that was accepted first was not refused.
   */
  answering(row: number): number {
    const t = this.#timeline;
    if (t.proto(row) !== TCP || (t.tcpFlags(row) & RST) !== 0) return NONE;
    const isAnswer = (next: number): boolean => this.#isAccepting(next, row) || this.#isAnswer(next, row);
    const answer = this.#atOnce(row, isAnswer);
    return answer === NONE || (t.tcpFlags(answer) & SYN) !== 0 ? NONE : answer;
  }

  /** The segment by which the host itself accepts the connection that a segment opens which did not come out (SYNPROXY); NONE where there is none. */
  accepting(row: number): number {
    const t = this.#timeline;
    if (t.proto(row) !== TCP || !isOpening(t.tcpFlags(row))) return NONE;
    const isAnswer = (next: number): boolean =>
      this.#isByHost(next, row) &&
      this.#isAccepting(next, row) &&
      (t.tcpFlags(next) & ACK) !== 0 &&
      t.ack(next) === (t.seq(row) + t.payloadLength(row) + 1) >>> 0;
    return this.#atOnce(row, isAnswer);
  }

  /** Remembers a segment that has no twin where it accepts a connection, and the host sent it: its TTL is full, where this router lowers those it forwards. */
  noteAccepting(row: number): void {
    const t = this.#timeline;
    if (t.proto(row) !== TCP || (t.tcpFlags(row) & (SYN | ACK)) !== (SYN | ACK)) return;
    if (!isFromNear(t, row) || this.isByNeighbour(row)) return;
    const accepted = { frame: t.frame(row), seq: t.ack(row), ack: (t.seq(row) + 1) >>> 0 };
    this.#accepted.set(t.way(row) ^ 1, accepted);
    keepNewest(this.#accepted, MOST_REMEMBERED);
  }

  /** The frame by which the host itself accepted the connection that a segment completes, and forgets it; undefined where none is known. */
  takeCompleted(row: number): number | undefined {
    const t = this.#timeline;
    const accepted = this.#accepted.get(t.way(row));
    if (accepted === undefined || t.proto(row) !== TCP || t.tcpFlags(row) !== ACK || t.payloadLength(row) > 0)
      return undefined;
    if (t.seq(row) !== accepted.seq || t.ack(row) !== accepted.ack) return undefined;
    this.#accepted.delete(t.way(row));
    return accepted.frame;
  }

  /** The datagram by which the host itself answers one that did not come out, by `untilNs` on the timeline; NONE where there is none. */
  replying(row: number, untilNs: number): number {
    const t = this.#timeline;
    if (t.proto(row) !== UDP) return NONE;
    return this.#datagrams.first(row, t.way(row) ^ 1, untilNs, (next) => this.#isByHost(next, row));
  }

  /** Whether a container sent what answers, and not the host, as MAC addresses tell. */
  isByNeighbour(answer: number): boolean {
    return this.#macs.isContainersMac(this.#timeline.macFrom(answer));
  }

  /** Remembers which segment a reset answers, or what accepts it. */
  remember(reset: number, row: number): void {
    const t = this.#timeline;
    this.#resets.set(reset, { timeNs: t.timeNs(reset), frame: t.frame(row) });
    keepNewest(this.#resets, MOST_REMEMBERED);
  }

  /** The frame that a reset answers, and forgets it; undefined where it is not known to be the host's. */
  take(row: number): number | undefined {
    const reset = this.#resets.get(row);
    this.#resets.delete(row);
    // the row may have been another packet's
    return reset?.timeNs === this.#timeline.timeNs(row) ? reset.frame : undefined;
  }

  /** The first packet right behind one that nothing is decided about and that is what is looked for; NONE where none is. */
  #atOnce(row: number, is: (later: number) => boolean): number {
    const t = this.#timeline;
    const untilNs = t.timeNs(row) + AT_ONCE_NS;
    const found = undecidedBehind(t, row, is, untilNs);
    // where many others wait, those of its conversation are looked through
    if (found === NONE) return waitingBehind(t, row, [t.sideOf(row), t.tuple(row)], is, untilNs);
    return found === t.end ? NONE : found;
  }

  /** Whether a segment accepts the connection that another one opens. */
  #isAccepting(next: number, row: number): boolean {
    const t = this.#timeline;
    return t.way(next) === (t.way(row) ^ 1) && (t.tcpFlags(row) & t.tcpFlags(next) & SYN) !== 0;
  }

  /** Whether a segment goes back on the side of another one, and was sent there, as it has no twin so far and no router lowered its TTL. */
  #isSentBack(next: number, row: number): boolean {
    const t = this.#timeline;
    const isBack = t.side(next) === t.side(row) && t.way(next) === (t.way(row) ^ 1);
    return isBack && t.state(next) === WAITING && isFromNear(t, next);
  }

  /** The same, where the host may have sent it. */
  #isByHost(next: number, row: number): boolean {
    return this.#isSentBack(next, row) && !this.isByNeighbour(next);
  }

  #isAnswer(reset: number, row: number): boolean {
    const t = this.#timeline;
    const flags = t.tcpFlags(reset);
    if ((flags & RST) === 0 || !this.#isSentBack(reset, row)) return false;
    if ((t.tcpFlags(row) & ACK) !== 0) return (flags & ACK) === 0 && t.seq(reset) === t.ack(row);
    const controls = ((t.tcpFlags(row) & SYN) !== 0 ? 1 : 0) + ((t.tcpFlags(row) & FIN) !== 0 ? 1 : 0);
    return (flags & ACK) !== 0 && t.ack(reset) === (t.seq(row) + t.payloadLength(row) + controls) >>> 0;
  }
}

/** What became of a segment that opens or completes a connection which the host itself accepts, though it forwards others like it (SYNPROXY); null of any other. */
export function accepted(t: Timeline, resets: Resets, row: number): Claim | null {
  const accepting = resets.accepting(row);
  if (accepting !== NONE) {
    resets.remember(accepting, row);
    const byFrame = t.frame(accepting);
    const why = `the host itself accepts the connection (frame ${t.frameTextOf(accepting)}), though it forwards this port`;
    return { verdict: "local", reason: "host-answers", why, byFrame };
  }
  const byFrame = resets.takeCompleted(row);
  if (byFrame === undefined) return null;
  const frame = t.frameText(t.sideOf(row), byFrame);
  const why = `it completes the connection that the host itself accepted (frame ${frame}), though it forwards this port`;
  return { verdict: "local", reason: "host-answers", why, byFrame };
}

/** What became of a packet that the host was to forward, and that it answered with a reset, or a container on the link did. */
export function resetBeside(t: Timeline, resets: Resets, row: number, reset: number): Claim {
  resets.remember(reset, row);
  const byFrame = t.frame(reset);
  if (resets.isByNeighbour(reset)) {
    const why = `a container on ${SIDE_NAMES[t.side(reset)]}, by its MAC address, reset the connection (frame ${t.frameTextOf(reset)}), and not the host`;
    return { verdict: "refused", reason: "neighbour-reset", why, byFrame, lacks: "exit" };
  }
  const why = `the host itself reset the connection (frame ${t.frameTextOf(reset)})`;
  return { verdict: "refused", reason: "host-reset", why, byFrame, lacks: "exit" };
}

/** Who answers what opens a connection with a reset, and the likeliest first of why, by the reason of the verdict. */
const REFUSING = {
  "host-refuses": ["the host", "a rule rejects it, or nobody listens there"],
  "end-refuses": ["whom it goes to", "nobody listens there, or a rule rejects it"],
} as const;

/** What became of a packet that opens a connection, to the host's own address or to a neighbour on its link, and that this one answers with a reset. */
export function refusedOpening(t: Timeline, reset: number, reason: keyof typeof REFUSING): Claim {
  const [who, because] = REFUSING[reason];
  const why = `${who} resets it (frame ${t.frameTextOf(reset)}): ${because}`;
  return { verdict: "refused", reason, why, byFrame: t.frame(reset) };
}
