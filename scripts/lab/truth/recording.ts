import { readFileSync } from "node:fs";
import { join } from "node:path";
import { datagramKey, type Frame, readCapture } from "./capture.js";
import { type Entry, readConntrack, tupleKey } from "./conntrack.js";
import type { Packet, Tuple } from "./packet.js";
import { type Path, Paths, shared } from "./paths.js";
import { judged } from "./tunnels.js";
import { SIDES, type SideName } from "./report.js";

/** A recorded scenario: both captures, and what conntrack said of it. */
export interface Recording {
  readonly inside: readonly Frame[];
  readonly outside: readonly Frame[];
  readonly conntrack: readonly Entry[];
  readonly paths: Paths;
  /** The frames that a path's packets may be, in order, by side. */
  readonly byPath: Readonly<Record<SideName, ReadonlyMap<Path, readonly Frame[]>>>;
  /** The tuples that only a datagram's first fragment shows, by side and datagram. */
  readonly fragmented: Readonly<Record<SideName, ReadonlyMap<string, Tuple>>>;
}

/** Reads what `lab record` wrote, or what `lab soak` did of two interfaces; throws where a file is missing or is none of its kind. */
export function readRecording(dir: string, captures: readonly string[] = SIDES): Recording {
  const [docker0, uplink] = captures.map((name) => readCapture(readFileSync(join(dir, `${name}.pcap`))));
  return makeRecording(docker0, uplink, readConntrack(readFileSync(join(dir, "conntrack.txt"), "utf8")));
}

/** What two captures and conntrack's entries make together. */
export function makeRecording(
  docker0: readonly Frame[],
  uplink: readonly Frame[],
  entries: readonly Entry[],
  bridges: readonly SideName[] = ["inside"],
): Recording {
  const [inside, outside] = judged(docker0, uplink);
  const seen = { inside: tuplesIn(inside), outside: tuplesIn(outside) };
  const recording = {
    inside,
    outside,
    conntrack: entries,
    fragmented: { inside: fragmentedTuples(inside), outside: fragmentedTuples(outside) },
    paths: new Paths(entries, (side, tuple) => seen[side].has(tupleKey(tuple)), bridges),
    byPath: { inside: new Map<Path, Frame[]>(), outside: new Map<Path, Frame[]>() },
  };
  for (const side of SIDES) fileByPath(recording, side, recording.byPath[side]);
  return recording;
}

function fileByPath(recording: Recording, side: SideName, byPath: Map<Path, Frame[]>): void {
  for (const frame of recording[side]) {
    const paths = frame.packet ? pathsOf(recording, side, frame.packet, frame.timeNs) : [];
    for (const path of paths) {
      const frames = byPath.get(path);
      if (frames) frames.push(frame);
      else byPath.set(path, [frame]);
    }
  }
}

function tuplesIn(frames: readonly Frame[]): Set<string> {
  return new Set(frames.flatMap(({ packet }) => (packet ? [tupleKey(packet.tuple)] : [])));
}

function fragmentedTuples(frames: readonly Frame[]): Map<string, Tuple> {
  const tuples = new Map<string, Tuple>();
  for (const { packet } of frames) {
    const key = packet && datagramKey(packet);
    if (key !== undefined && packet?.fragment?.offset === 0) tuples.set(key, packet.tuple);
  }
  return tuples;
}

/**
 * The paths that conntrack knows for a packet seen on that side. An ICMP error has none of its own: it goes the way back of
 * the packet it quotes.
 */
export function pathsOf({ paths, fragmented }: Recording, side: SideName, packet: Packet, timeNs: bigint): Path[] {
  const whole = fragmented[side].get(datagramKey(packet) ?? "");
  return paths.at(side, packet.quote?.tuple ?? whole ?? packet.tuple, timeNs);
}

/** The paths on which conntrack says that one packet can look so inside and so outside. */
export function pathsOfBoth(recording: Recording, inside: Frame, outside: Frame): Path[] {
  if (!inside.packet || !outside.packet) return [];
  return shared(
    pathsOf(recording, "inside", inside.packet, inside.timeNs),
    pathsOf(recording, "outside", outside.packet, outside.timeNs),
  ).filter((path) => !inside.packet?.quote || isErrorOf(path, inside.packet, outside.packet));
}

// The outer addresses of an error: those of a router stay, those of the connection's ends are rewritten as in any packet of it.
function isErrorOf({ entry }: Path, inside: Packet, outside: Packet | undefined): boolean {
  const { original, reply } = entry;
  const same = [
    [original.src, reply.dst],
    [original.dst, reply.src],
  ];
  const agree = (a: string, b = a) => a === b || same.some((names) => names.includes(a) && names.includes(b));
  return agree(inside.tuple.src, outside?.tuple.src) && agree(inside.tuple.dst, outside?.tuple.dst);
}

/** In which capture a packet on this path comes in. */
export function entersAt(path: Path, packet: Packet): SideName {
  if (!packet.quote) return path.enters;
  return path.enters === "inside" ? "outside" : "inside";
}
