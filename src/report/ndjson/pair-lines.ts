import { icmpNumberIn, icmpTypeIn, icmpCodeIn } from "../../packets/records.js";
import { field, fields, flag } from "../../packets/memory/layout.js";
import type { Flow } from "../../packets/flows/flows.js";
import type { FramePlaces } from "../../packets/frame-places.js";
import { IS_ECHO, IS_ERROR, IS_HEADLESS, IS_LATER_FRAGMENT } from "../../packets/packets.js";
import { type Containers, NO_CONTAINERS } from "../../packets/results/containers.js";
import { type Missing, natOf, type Tables } from "../../packets/results/results.js";
import { alteredBy, alteredNames, BY, byOf, EVIDENCE, evidenceBy } from "../../packets/results/evidence.js";
import { INSIDE, OUTSIDE, type Side, SIDE_NAMES } from "../../packets/sides.js";
import type { Timeline } from "../../packets/timeline.js";
import type { Tunnel } from "../../packets/tunnels.js";
import { ICMP, ICMPV6, protocolName, TCP } from "../../protocols/ip-protocols.js";
import { type ByteLines, MOST_BYTES_A_CHARACTER } from "./byte-lines.js";
import { writeUint32 } from "./digits.js";
import { PairTexts } from "../pair-texts.js";
import { ECHO_ID, endsKind, endsOf, rewriteNames, rewriteOf } from "../ends.js";
import { writeEnds } from "./ends-bytes.js";
import { byFrameJson, framesJson } from "./frames-json.js";
import { endsJson, namesJson, quotedJson, tunnelJson } from "./ends-json.js";
import { EpochParts } from "./epoch-parts.js";
import { Part, writePart, writeText } from "./part.js";
import type { AnsweredEnds } from "../answered-ends.js";
import { farEndOfPair } from "../far-end.js";
import { namesOf } from "../row-names.js";
import { tcpFlagsText } from "../tcp-flags.js";

const PAIR_FLOW = new Part('{"type":"pair","flow":');
const TCP_SEQ = new Part(',"tcp":{"seq":');
const TCP_ACK = new Part(',"ack":');
/** By a segment's flags. */
const TCP_FLAGS = Array.from({ length: 256 }, (_, flags) => new Part(`,"flags":"${tcpFlagsText(flags)}","payload":`));
const ICMP_TYPE = new Part(',"icmp":{"type":');
const ICMP_CODE = new Part(',"code":');
const ICMP_SEQ = new Part(',"seq":');
/** What stands before the frames of each side: `behind` facts of a protocol, and without; up to their list where sides have one capture each. */
const openings = (list: string) => ({
  inside: new Part(`,"inside":{${list}`),
  insideBehind: new Part(`},"inside":{${list}`),
  outside: new Part(`},"outside":{${list}`),
});
const FRAMES_OF_ONE = openings('"frames":[');
const FRAMES_OF_SEVERAL = openings("");
const IP_ID = new Part(',"ipId":');
/** By the TTL. */
const TTL_LENGTH = Array.from({ length: 256 }, (_, ttl) => new Part(`,"ttl":${ttl},"length":`));
const END = new Part("}}\n");
const NO_NAMES = ["", ""] as const;
/** The most bytes that one of `missing` takes. */
const MISSING_BYTES =
  '{"seq":4294967295,"length":4294967295,"impact":"resent","byFrame":4294967295,"byCapture":4294967295},'.length;
/** The most that a side takes more where there may be several captures, but for what its frames do. */
const OF_SEVERAL_BYTES = '"framesIn":[],"frames":[4294967295,4294967295'.length;

/** What else than how it was found a pair's line depends on up to `latencyNs`, in one word. */
fields();
field(8);
const IS_OPENER_KNOWN = flag();
const IS_OUTBOUND = flag();
const IS_OF_ECHO = flag();
const IS_ACROSS = flag();
const [INITIAL_SHIFT] = field(4);
const [REWRITE_SHIFT] = field(4);
const [TURNED_SHIFT] = field(2);

/** NDJSON's lines of pairs. They are nearly all there is of it, so they are put together from bytes. */
export class PairLines {
  readonly #lines: ByteLines;
  readonly #tables: Tables;
  readonly #times: readonly [EpochParts, EpochParts];
  /** From `proto` to `latencyNs`, by how the pair was found, and by what else it depends on: a few dozen combinations occur. */
  readonly #kinds = new Map<number, Map<number, Part>>();
  readonly #openings: ReturnType<typeof openings>;
  readonly #answered: AnsweredEnds;
  readonly #areContainersKnown: boolean;
  /** What stands behind the ends of each side. */
  readonly #names: PairTexts<readonly [inside: string, outside: string]>;

  constructor(lines: ByteLines, tables: Tables, containers: Containers, answered: AnsweredEnds) {
    this.#lines = lines;
    this.#answered = answered;
    this.#areContainersKnown = containers !== NO_CONTAINERS;
    this.#tables = tables;
    this.#names = new PairTexts(tables, containers, (inside, outside, _, isOutbound) => {
      const far = farEndOfPair(tables, inside, outside, isOutbound);
      const named = (row: number): string =>
        namesJson(namesOf(tables, containers, row, far), answered.ofRow(row, inside));
      return [named(inside), named(outside)];
    });
    this.#openings = tables.timeline.frames.every(({ isOne }) => isOne) ? FRAMES_OF_ONE : FRAMES_OF_SEVERAL;
    const time = (side: Side): EpochParts => new EpochParts(tables.epochsNs[side], '],"time":"');
    this.#times = [time(INSIDE), time(OUTSIDE)];
  }

  /** Writes a pair's line. What is read of the rows is read first: V8 cannot tell that writing does not change it. */
  write(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    const lines = this.#lines;
    const tables = this.#tables;
    const t = tables.timeline;
    const insideNs = t.stampNs(inside);
    const outsideNs = t.stampNs(outside);
    const insideSide = t.side(inside);
    const outsideSide = t.side(outside);
    const insideFrame = t.frame(inside);
    const outsideFrame = t.frame(outside);
    const insideFrames = tables.framesOf(inside);
    const outsideFrames = tables.framesOf(outside);
    const insideLength = insideFrames ? tables.lengthOf(inside) : t.length(inside);
    const outsideLength = outsideFrames ? tables.lengthOf(outside) : t.length(outside);
    const missing = tables.missingOf(inside);
    const [insidePlaces, outsidePlaces] = [t.frames[t.sideOf(inside)], t.frames[t.sideOf(outside)]];
    const names = this.#mayName(inside, outside) ? this.#names.of(inside, outside, flow, isOutbound) : NO_NAMES;
    const isOfSeveral = this.#openings === FRAMES_OF_SEVERAL;
    if (insideFrames || outsideFrames || missing || names !== NO_NAMES || isOfSeveral)
      lines.reserve(
        listBytes(insideFrames) +
          listBytes(outsideFrames) +
          (isOfSeveral ? 2 * OF_SEVERAL_BYTES : 0) +
          (missing?.length ?? 0) * MISSING_BYTES +
          MOST_BYTES_A_CHARACTER * (names[INSIDE].length + names[OUTSIDE].length),
      );
    const kind = this.#kindOf(inside, outside, flow, isOutbound);
    const { view } = lines;
    let at = writePart(view, lines.at, PAIR_FLOW);
    at = writeUint32(view, at, flow.id);
    at = writePart(view, at, kind);
    at = writeNumber(view, at, latencyNs);
    at = writeFacts(view, at, t, inside, this.#openings);
    at = isOfSeveral
      ? writeFramesOfSeveral(view, at, insidePlaces, insideFrames, insideFrame)
      : writeFrames(view, at, insideFrames, insideFrame);
    at = this.#times[insideSide].write(view, at, insideNs);
    at = writeSide(view, at, tables, inside, insideLength, names[INSIDE]);
    at = writePart(view, at, this.#openings.outside);
    at = isOfSeveral
      ? writeFramesOfSeveral(view, at, outsidePlaces, outsideFrames, outsideFrame)
      : writeFrames(view, at, outsideFrames, outsideFrame);
    at = this.#times[outsideSide].write(view, at, outsideNs);
    at = writeSide(view, at, tables, outside, outsideLength, names[OUTSIDE]);
    lines.goTo(
      missing
        ? writeText(view, at, `},"missing":${missingJson(isOutbound ? insidePlaces : outsidePlaces, missing)}}\n`)
        : writePart(view, at, END),
    );
  }

  /** Whether any end of a pair may have a name: of most there is nothing to remember. */
  #mayName(inside: number, outside: number): boolean {
    return this.#areContainersKnown || this.#answered.mayCall(inside) || this.#answered.mayCall(outside);
  }

  #kindOf(inside: number, outside: number, flow: Flow, isOutbound: boolean): Part {
    const { timeline, tuples } = this.#tables;
    const proto = timeline.proto(inside);
    const flags = timeline.flags(inside);
    const isEcho = endsKind(proto, flags) === ECHO_ID;
    // an ICMP error has the flow of the packet it quotes, but ends of its own
    const isError = (flags & IS_ERROR) !== 0;
    const rewrite = isError
      ? rewriteOf(endsOf(this.#tables, inside), endsOf(this.#tables, outside))
      : flow.rewrite(timeline.forward(inside));
    // the initiator's direction: who opened a conversation may be learnt after its first packet
    const initial = flow.rewrite(tuples.isOpenedByA(flow.insideTuple) ? 1 : 0);
    const isKnown = this.#tables.isOpenerKnown(flow);
    const isAcross = tuples.areAcrossVersions(flow.insideTuple, flow.outsideTuple);
    // which side both are on, of a packet that was turned round there; else none
    const turnedOn = timeline.side(inside) === timeline.side(outside) ? 1 + timeline.side(inside) : 0;
    const how = timeline.how(inside);
    const kind =
      proto |
      (isKnown ? IS_OPENER_KNOWN : 0) |
      (isOutbound ? IS_OUTBOUND : 0) |
      (isEcho ? IS_OF_ECHO : 0) |
      (isAcross ? IS_ACROSS : 0) |
      (initial << INITIAL_SHIFT) |
      (rewrite << REWRITE_SHIFT) |
      (turnedOn << TURNED_SHIFT);
    const known = this.#kinds.get(how)?.get(kind);
    if (known) return known;
    const evidence = evidenceBy(how);
    const names = EVIDENCE.filter((_, bit) => (evidence & (1 << bit)) !== 0);
    const part = new Part(
      `,"proto":"${protocolName(proto)}","direction":"${isOutbound ? "outbound" : "inbound"}"` +
        `,"nat":"${natOf(initial, isKnown, isAcross)}","rewrite":${JSON.stringify([...rewriteNames(rewrite, isEcho), ...alteredNames(alteredBy(how))])}` +
        `,"by":"${BY[byOf(how)]}"${turnedOn === 0 ? "" : `,"side":"${SIDE_NAMES[turnedOn - 1]}"`},"evidence":${JSON.stringify(names)}${timeline.isRetransmission(inside) ? ',"retransmission":true' : ""},"latencyNs":`,
    );
    const alike = this.#kinds.get(how) ?? new Map<number, Part>();
    this.#kinds.set(how, alike.set(kind, part));
    return part;
  }
}

/** What a NAT leaves alone of TCP and ICMP, nothing of other protocols; up to the inside's frames. */
function writeFacts(
  view: DataView,
  from: number,
  t: Timeline,
  row: number,
  { inside, insideBehind }: ReturnType<typeof openings>,
): number {
  const proto = t.proto(row);
  const flags = t.flags(row);
  if ((flags & (IS_HEADLESS | IS_LATER_FRAGMENT)) !== 0) return writePart(view, from, inside);
  const seq = t.seq(row);
  let at = from;
  if (proto === TCP) {
    const ack = t.ack(row);
    const tcpFlags = TCP_FLAGS[t.tcpFlags(row)];
    const payloadLength = t.payloadLength(row);
    at = writePart(view, at, TCP_SEQ);
    at = writeUint32(view, at, seq);
    at = writePart(view, at, TCP_ACK);
    at = writeUint32(view, at, ack);
    at = writePart(view, at, tcpFlags);
    at = writeUint32(view, at, payloadLength);
    return writePart(view, at, insideBehind);
  }
  if (proto !== ICMP && proto !== ICMPV6) return writePart(view, at, inside);
  at = writePart(view, at, ICMP_TYPE);
  at = writeUint32(view, at, icmpTypeIn(seq));
  at = writePart(view, at, ICMP_CODE);
  at = writeUint32(view, at, icmpCodeIn(seq));
  if ((flags & IS_ECHO) !== 0) {
    at = writePart(view, at, ICMP_SEQ);
    at = writeUint32(view, at, icmpNumberIn(seq));
  }
  return writePart(view, at, insideBehind);
}

/** What follows a side's time. */
function writeSide(view: DataView, from: number, tables: Tables, row: number, length: number, names: string): number {
  const t = tables.timeline;
  const ttlLength = TTL_LENGTH[t.ttl(row)];
  const ipId = t.ipId(row);
  const isError = (t.flags(row) & IS_ERROR) !== 0;
  let at = isError ? writeText(view, from, `",${endsJson(endsOf(tables, row))}`) : writeEnds(view, from, tables, row);
  if (names !== "") at = writeText(view, at, names);
  at = writePart(view, at, IP_ID);
  at = writeUint32(view, at, ipId);
  at = writePart(view, at, ttlLength);
  at = writeNumber(view, at, length);
  const quoted = isError ? tables.quoteOf(row)?.quoted : undefined;
  if (quoted) at = writeText(view, at, `,"quotes":${quotedJson(quoted)}`);
  const tunnel = tables.tunnelOf(row);
  return tunnel === undefined ? at : writePart(view, at, tunnelPart(tunnel));
}

const TUNNEL_PARTS = new WeakMap<Tunnel, Part>();

function tunnelPart(tunnel: Tunnel): Part {
  const known = TUNNEL_PARTS.get(tunnel);
  if (known !== undefined) return known;
  const part = new Part(tunnelJson(tunnel));
  TUNNEL_PARTS.set(tunnel, part);
  return part;
}

/** The frames of a side: several, or but one. */
function writeFrames(view: DataView, at: number, frames: readonly number[] | undefined, frame: number): number {
  return frames ? writeText(view, at, frames.join(",")) : writeUint32(view, at, frame);
}

/** The same of a side that may have several captures: with its list's beginning, and of which captures they are. */
function writeFramesOfSeveral(
  view: DataView,
  at: number,
  places: FramePlaces,
  frames: readonly number[] | undefined,
  frame: number,
): number {
  const members = JSON.stringify(framesJson(places, frames ?? [frame]));
  return writeText(view, at, members.slice(1, -"]}".length));
}

/** What a segment lost, with the frames of the side where it entered. */
function missingJson(places: FramePlaces, missing: readonly Missing[]): string {
  const told = missing.map(({ seq, length, impact, byFrame }) => {
    const cameTo = impact === undefined ? "" : `,"impact":"${impact}"`;
    return `{"seq":${seq},"length":${length}${cameTo}${byFrameJson(places, byFrame)}}`;
  });
  return `[${told.join(",")}]`;
}

/** The most bytes that a list of frames takes, with their captures. */
function listBytes(frames: readonly number[] | undefined): number {
  return frames ? frames.length * "4294967295,4294967295,".length : 0;
}

/** A whole number of any size. */
function writeNumber(view: DataView, at: number, value: number): number {
  return value >>> 0 === value ? writeUint32(view, at, value) : writeText(view, at, String(value));
}
