import { parseAddress } from "./address.js";
import { ICMP, ICMPV6, TCP, type Tuple, UDP } from "./packet.js";

export type SideName = "inside" | "outside";
export const SIDES: readonly SideName[] = ["inside", "outside"];

/** natcorr's lines, as far as the checks use them. */
interface Ends {
  readonly src: string;
  readonly dst: string;
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly icmpId?: number;
}

interface PairSide extends Ends {
  readonly frames: readonly number[];
  readonly time: string;
  readonly ipId: number;
  readonly ttl: number;
  readonly length: number;
}

export interface PairLine {
  readonly type: "pair";
  readonly flow: number;
  readonly proto: string;
  readonly direction: "outbound" | "inbound";
  readonly nat: string;
  readonly rewrite: readonly string[];
  readonly by: string;
  /** Where both forms are on one side. */
  readonly side?: SideName;
  readonly latencyNs: number;
  /** What was lost on its way of a TCP segment. */
  readonly missing?: readonly { readonly seq: number; readonly length: number }[];
  readonly inside: PairSide;
  readonly outside: PairSide;
}

interface AmbiguousLine {
  readonly type: "ambiguous";
  readonly inside: { readonly frames: readonly number[] };
  readonly outside: { readonly frames: readonly number[] };
}

export interface UnmatchedLine extends Ends {
  readonly type: "unmatched";
  readonly side: SideName;
  readonly frame: number;
  readonly proto: string;
  readonly verdict: string;
  readonly reason?: string;
  readonly impact?: string;
  readonly byFrame?: number;
}

/** What became known of a frame later; the rest stays as it was. */
interface UpdateLine {
  readonly type: "update";
  readonly side: SideName;
  readonly frame: number;
}

export interface FlowLine {
  readonly type: "flow";
  readonly flow: number;
  readonly proto: string;
  readonly nat: string;
  readonly initiator: SideName | "unknown";
  readonly side?: SideName;
  readonly inside: Ends;
  readonly outside: Ends;
  readonly pairs: number;
}

interface SideTotals {
  readonly frames: number;
  readonly paired: number;
  readonly unmatched: number;
  readonly ambiguous: number;
  readonly notIp: number;
  readonly undecodable: number;
}

export interface SummaryLine {
  readonly type: "summary";
  readonly totals: Readonly<Record<SideName, SideTotals>>;
  readonly flowCount: number;
  readonly clock: { readonly offsetNs: number; readonly source: string };
}

type Line = PairLine | AmbiguousLine | UnmatchedLine | UpdateLine | FlowLine | SummaryLine;

export interface Report {
  readonly pairs: readonly PairLine[];
  readonly ambiguous: readonly AmbiguousLine[];
  readonly unmatched: readonly UnmatchedLine[];
  readonly flows: readonly FlowLine[];
  readonly summaries: readonly SummaryLine[];
}

/** Reads natcorr's NDJSON; lines of other types are passed over. Throws on a line that is no JSON. */
export function readReport(ndjson: string): Report {
  const lines = ndjson
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Line => JSON.parse(line));
  const ofType = <T extends Line["type"]>(type: T) =>
    lines.filter((line): line is Extract<Line, { type: T }> => line.type === type);
  return {
    pairs: ofType("pair"),
    ambiguous: ofType("ambiguous"),
    unmatched: withUpdates(ofType("unmatched"), ofType("update")),
    flows: ofType("flow"),
    summaries: ofType("summary"),
  };
}

function withUpdates(unmatched: readonly UnmatchedLine[], updates: readonly UpdateLine[]): UnmatchedLine[] {
  const key = ({ side, frame }: UnmatchedLine | UpdateLine) => `${side} ${frame}`;
  const byFrame = new Map<string, UpdateLine[]>();
  for (const update of updates) byFrame.set(key(update), [...(byFrame.get(key(update)) ?? []), update]);
  return unmatched.map((line) => Object.assign({}, line, ...(byFrame.get(key(line)) ?? []), { type: line.type }));
}

/** A report with other frame numbers; `places`: what each one, less 1, is to be. */
export function renumbered(report: Report, places: readonly number[]): Report {
  const at = (frame: number): number => places[frame - 1];
  const sides = <
    T extends { readonly inside: { frames: readonly number[] }; readonly outside: { frames: readonly number[] } },
  >(
    of: T,
  ): T => ({
    ...of,
    inside: { ...of.inside, frames: of.inside.frames.map(at) },
    outside: { ...of.outside, frames: of.outside.frames.map(at) },
  });
  return {
    ...report,
    pairs: report.pairs.map(sides),
    ambiguous: report.ambiguous.map(sides),
    unmatched: report.unmatched.map((line) => ({
      ...line,
      frame: at(line.frame),
      ...(line.byFrame !== undefined && { byFrame: at(line.byFrame) }),
    })),
  };
}

const PROTOCOLS: Record<string, number> = { icmp: ICMP, tcp: TCP, udp: UDP, icmpv6: ICMPV6 };

/** The frames of a side that pairs have. */
export function pairedFrames({ pairs }: Report, side: SideName): number[] {
  return pairs.flatMap((pair) => {
    if (pair.side === undefined) return pair[side].frames;
    return pair.side === side ? [...pair.inside.frames, ...pair.outside.frames] : [];
  });
}

/** The number of a protocol that natcorr names: icmp, tcp, udp, icmpv6, or ip-<number>. */
function protocolNumber(name: string): number {
  return PROTOCOLS[name] ?? Number(name.slice("ip-".length));
}

export function tupleOf(proto: string, { src, dst, srcPort, dstPort, icmpId }: Ends): Tuple {
  return {
    proto: protocolNumber(proto),
    src: parseAddress(src),
    srcPort: icmpId ?? srcPort ?? 0,
    dst: parseAddress(dst),
    dstPort: icmpId ?? dstPort ?? 0,
  };
}
