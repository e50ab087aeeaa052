import { tupleKey } from "./conntrack.js";
import type { Frame } from "./capture.js";
import type { Packet, Tuple } from "./packet.js";
import { flowEntries } from "./flows.js";
import { entriesOfForms } from "./hairpins.js";
import type { Path } from "./paths.js";
import { entersAt, pathsOfBoth, type Recording } from "./recording.js";
import { type PairLine, type Report, type SideName, tupleOf } from "./report.js";
import { areSame, differences, differencesInParts } from "./twins.js";

/** Every pair must be one packet, seen twice, rewritten as conntrack says; and be told of as it was. */
export function checkPairs(recording: Recording, report: Report): string[] {
  const entries = new Map(report.flows.map((flow) => [flow.flow, flowEntries(recording, flow)]));
  return report.pairs.flatMap((pair) => {
    const inside = framesOf(recording[pair.side ?? "inside"], pair.inside.frames);
    const outside = framesOf(recording[pair.side ?? "outside"], pair.outside.frames);
    const label = `pair inside ${pair.inside.frames.join("+")}, outside ${pair.outside.frames.join("+")}`;
    if (inside.length === 0 || outside.length === 0) return [`${label}: no such IP packets`];
    const problems = [...checkTold(pair, "inside", inside[0]), ...checkTold(pair, "outside", outside[0])];
    problems.push(...checkDirection(pair, inside[0], outside[0]));
    if (pair.side !== undefined) problems.push(...checkHairpin(recording, pair, inside, outside));
    else {
      const paths = pathsOfBoth(recording, inside[0], outside[0]);
      problems.push(
        ...checkRewrite(recording, pair, paths, inside[0], outside[0]),
        ...(paths.some(({ entry }) => entry.isHelped)
          ? checkHelped(inside, outside)
          : checkSame(inside, outside, pair)),
        ...checkMissing(recording, pair, inside, outside),
      );
      const known = entries.get(pair.flow) ?? [];
      if (paths.length > 0 && !paths.some(({ entry }) => known.includes(entry)))
        problems.push(`belongs to another translation than flow ${pair.flow}`);
    }
    return problems.map((problem) => `${label}: ${problem}`);
  });
}

/** A frame with the packet that it is known to have. */
type PacketFrame = Frame & { readonly packet: Packet };

function framesOf(frames: readonly Frame[], numbers: readonly number[]): PacketFrame[] {
  const found = numbers.map((number) => frames[number - 1]).filter((frame): frame is PacketFrame => !!frame?.packet);
  return found.length === numbers.length ? found : [];
}

/** What the record says of a side must be what its first frame holds. */
function checkTold(pair: PairLine, side: SideName, { packet, timeNs }: PacketFrame): string[] {
  const told = pair[side];
  const problems: string[] = [];
  const expect = (what: string, said: unknown, is: unknown) => {
    if (said !== is) problems.push(`${side} ${what} is told as ${String(said)}, is ${String(is)}`);
  };
  expect("time", told.time, timeText(timeNs));
  expect("tuple", tupleKey(tupleOf(pair.proto, told)), tupleKey(packet.tuple));
  expect("TTL", told.ttl, packet.ttl);
  if (!packet.isIpv6) expect("IP ID", told.ipId, packet.ipId);
  if (told.frames.length === 1) expect("length", told.length, packet.length);
  return problems;
}

/** What is said to be missing of a segment must not be there where it leaves, in a frame with an IP ID of the segment's. */
function checkMissing(
  recording: Recording,
  { direction, missing }: PairLine,
  inside: readonly PacketFrame[],
  outside: readonly PacketFrame[],
): string[] {
  if (missing === undefined) return [];
  const [[whole], pieces, leaving] =
    direction === "outbound" ? [inside, outside, recording.outside] : [outside, inside, recording.inside];
  const ids = Math.ceil(whole.packet.payloadLength / Math.max(...pieces.map(({ packet }) => packet.payloadLength)));
  const isMissing = (from: number): boolean =>
    missing.some(({ seq, length }) => ((from - seq) | 0) >= 0 && ((from - seq) | 0) < length);
  const spare = leaving.filter(
    ({ packet }) =>
      packet?.tcp !== undefined &&
      tupleKey(packet.tuple) === tupleKey(pieces[0].packet.tuple) &&
      isMissing(packet.tcp.seq) &&
      ((packet.ipId - whole.packet.ipId) & 0xffff) < ids,
  );
  return spare.map(({ number }) => `frame ${number} is what is said to be missing`);
}

function checkSame(
  inside: readonly PacketFrame[],
  outside: readonly PacketFrame[],
  { direction, missing }: PairLine,
): string[] {
  const [entered, left] = (direction === "outbound" ? [inside, outside] : [outside, inside]).map((frames) =>
    frames.map(({ packet }) => packet),
  );
  const found =
    entered.length === 1 && left.length === 1 && missing === undefined
      ? differences(entered[0], left[0])
      : differencesInParts(entered, left, missing);
  return found.map((difference) => `not the same packet: ${difference}`);
}

/**
 * What a helper leaves alone of a packet: its sender's IP ID, flags, window. By how much the numbers are shifted conntrack
 * does not tell.
 */
function checkHelped([inside]: readonly PacketFrame[], [outside]: readonly PacketFrame[]): string[] {
  const [a, b] = [inside.packet, outside.packet];
  const isSame = a.ipId === b.ipId && a.tcp?.flags === b.tcp?.flags && a.tcp?.window === b.tcp?.window;
  return isSame ? [] : ["not the same packet: IP ID, TCP flags or window differ"];
}

function checkRewrite(
  recording: Recording,
  pair: PairLine,
  paths: readonly Path[],
  inside: PacketFrame,
  outside: PacketFrame,
): string[] {
  const enters = pair.direction === "outbound" ? "inside" : "outside";
  const problems: string[] = [];
  if (paths.length > 0) {
    if (!paths.some((path) => entersAt(path, inside.packet) === enters))
      problems.push(`conntrack says it is not ${pair.direction}`);
    problems.push(...checkNearest(recording, paths[0], inside, outside));
  } else if (!isUntouched(inside.packet, outside.packet)) {
    problems.push("conntrack knows no translation between these addresses then");
  }
  const [from, to] = enters === "inside" ? [inside.packet, outside.packet] : [outside.packet, inside.packet];
  return [...problems, ...checkNames(pair, from, to)];
}

function checkNames(pair: PairLine, from: Packet, to: Packet): string[] {
  const ends = rewriteNames(from.tuple, to.tuple, pair.inside.icmpId !== undefined);
  // what is cut otherwise may begin elsewhere
  const numbers = pair.by === "coverage" ? [] : numberNames(from, to);
  const rewrite = [...ends, ...headerNames(from, to), ...numbers].join(" ");
  // what a helper writes into a payload, conntrack does not tell
  const told = pair.rewrite.filter((name) => name !== "payload").join(" ");
  return rewrite === told ? [] : [`rewrite is told as "${told}", is "${rewrite}"`];
}

/** What else differs in the IP headers of a packet and of what left for it … */
function headerNames(from: Packet, to: Packet): string[] {
  const marks = from.trafficClass ^ to.trafficClass;
  return [
    (marks & 3) === 0 ? "" : "ecn",
    marks >> 2 === 0 ? "" : "dscp",
    from.flowLabel === to.flowLabel ? "" : "flowLabel",
    to.ttl > from.ttl ? "ttl-set" : "",
    from.isIpv6 === to.isIpv6 && from.isDf !== to.isDf ? "df" : "",
  ].filter(Boolean);
}

/** … and in their TCP numbers. */
function numberNames(from: Packet, to: Packet): string[] {
  return [from.tcp?.seq === to.tcp?.seq ? "" : "seq", from.tcp?.ack === to.tcp?.ack ? "" : "ack"].filter(Boolean);
}
/** Both forms are on one side: conntrack must turn such a packet round, and the one before the rewrite must come first. */
function checkHairpin(
  recording: Recording,
  pair: PairLine,
  before: readonly PacketFrame[],
  after: readonly PacketFrame[],
): string[] {
  const problems = [...checkSame(before, after, pair), ...checkNames(pair, before[0].packet, after[0].packet)];
  if (entriesOfForms(recording, before[0].packet, after[0].packet).length === 0)
    problems.push("conntrack turns no such packet round");
  if (after[0].timeNs < before[0].timeNs) problems.push("what comes out is older than what came in");
  return problems;
}

/** Forwarded as it was: what conntrack has forgotten, or found invalid, is not translated. */
function isUntouched(inside: Packet, outside: Packet): boolean {
  if (tupleKey(inside.tuple) !== tupleKey(outside.tuple)) return false;
  return !inside.quote || !outside.quote || isUntouched(inside.quote, outside.quote);
}

function rewriteNames(from: Tuple, to: Tuple, isEcho: boolean): string[] {
  const names = isEcho ? (["src", "dst", "srcPort"] as const) : (["src", "srcPort", "dst", "dstPort"] as const);
  return names
    .filter((name) => from[name] !== to[name])
    .map((name) => (isEcho && name === "srcPort" ? "icmpId" : name));
}

/** A router takes one from the TTL, unless a rule sets it; who has the larger one saw the packet first. */
function checkDirection(pair: PairLine, inside: PacketFrame, outside: PacketFrame): string[] {
  const taken = (inside.packet.ttl - outside.packet.ttl) * (pair.direction === "outbound" ? 1 : -1);
  return taken === 1 || pair.rewrite.includes("ttl-set")
    ? []
    : [`TTL goes from ${inside.packet.ttl} inside to ${outside.packet.ttl} outside`];
}

/**
 * Of packets that are the same to the last bit (heartbeats, IPv6 acknowledgements), the k-th that came in must be the k-th
 * that went out; where some were lost, no other may have come in between this one and its twin.
 */
function checkNearest(recording: Recording, path: Path, inside: PacketFrame, outside: PacketFrame): string[] {
  const alike = (side: SideName, { packet }: PacketFrame) =>
    (recording.byPath[side].get(path) ?? []).filter(
      (frame): frame is PacketFrame => !!frame.packet && areSame(frame.packet, packet),
    );
  const [insides, outsides] = [alike("inside", inside), alike("outside", outside)];
  if (insides.length === outsides.length) {
    const [place, placed] = [insides.indexOf(inside), outsides.indexOf(outside)];
    return place === placed
      ? []
      : [`number ${place + 1} of ${insides.length} alike inside, number ${placed + 1} outside`];
  }
  const isEnteringInside = entersAt(path, inside.packet) === "inside";
  const [entering, leaving, all] = isEnteringInside ? [inside, outside, insides] : [outside, inside, outsides];
  const later = all.find(({ timeNs }) => timeNs > entering.timeNs && timeNs < leaving.timeNs);
  return later ? [`frame ${later.number} is alike and nearer`] : [];
}

function timeText(timeNs: bigint): string {
  const digits = timeNs.toString().padStart(10, "0");
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
