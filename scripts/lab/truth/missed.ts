import { datagramKey, type Frame } from "./capture.js";
import type { Entry } from "./conntrack.js";
import type { Packet } from "./packet.js";
import type { Path } from "./paths.js";
import { entersAt, pathsOf, pathsOfBoth, type Recording } from "./recording.js";
import { pairedFrames, type Report, type SideName } from "./report.js";
import { areSame, differencesInParts, isTcp, isWhole, overlap } from "./twins.js";

/** Frames that go through the host together: all fragments of a datagram, or a frame by itself. */
interface Unit {
  readonly frames: readonly Frame[];
  readonly packets: readonly Packet[];
}

/** How long a packet may take through the host, and how much the two captures' stamps may disagree. */
const LONGEST_STAY_NS = 1_000_000_000n;
const STAMP_ERROR_NS = 1_000_000n;

/** Frames that conntrack translated and both captures saw, and that are in no pair. */
export function findMissed(recording: Recording, report: Report): string[] {
  const paired = (side: SideName) => new Set(pairedFrames(report, side));
  const [inside, outside] = [paired("inside"), paired("outside")];
  const missing = twinUnits(
    recording,
    units(recording.inside).filter(({ frames }) => !frames.some(({ number }) => inside.has(number))),
    units(recording.outside).filter(({ frames }) => !frames.some(({ number }) => outside.has(number))),
  );
  const ambiguous = new Set(report.ambiguous.flatMap((line) => line.inside.frames));
  return missing.map(({ inside, outside }) => {
    const said = ambiguous.has(inside.frames[0].number) ? " (said to be ambiguous)" : "";
    return `missed: inside frame ${numbers(inside)} is outside frame ${numbers(outside)}${said}`;
  });
}

/** Conntrack's entries of which at least one packet is in both captures. */
export function entriesSeenOnBothSides(recording: Recording): Set<Entry> {
  return new Set(
    twinUnits(recording, units(recording.inside), units(recording.outside)).flatMap(({ entries }) => entries),
  );
}

function numbers({ frames }: Unit): string {
  return frames.map(({ number }) => number).join("+");
}

/** For each inside unit, the first outside one that is its twin, every one compared with every other that may take its path. */
function twinUnits(recording: Recording, insides: readonly Unit[], outsides: readonly Unit[]) {
  const byPath = new Map<Path, Set<Unit>>();
  for (const outside of outsides) {
    for (const path of pathsOfUnit(recording, "outside", outside)) {
      const units = byPath.get(path);
      if (units) units.add(outside);
      else byPath.set(path, new Set([outside]));
    }
  }
  const candidatesOf = (inside: Unit): Set<Unit> => {
    const candidates = new Set<Unit>();
    for (const path of pathsOfUnit(recording, "inside", inside))
      for (const outside of byPath.get(path) ?? []) candidates.add(outside);
    return candidates;
  };
  return insides.flatMap((inside) => {
    for (const outside of candidatesOf(inside)) {
      const entries = entriesOfTwins(recording, inside, outside);
      if (entries.length > 0) return [{ inside, outside, entries }];
    }
    return [];
  });
}

function pathsOfUnit(recording: Recording, side: SideName, { frames: [{ packet, timeNs }] }: Unit): Path[] {
  return packet ? pathsOf(recording, side, packet, timeNs) : [];
}

function entriesOfTwins(recording: Recording, inside: Unit, outside: Unit): Entry[] {
  const [first, other] = [inside.frames[0], outside.frames[0]];
  const stayNs = other.timeNs - first.timeNs;
  if (stayNs > LONGEST_STAY_NS || -stayNs > LONGEST_STAY_NS || !areAlike(inside.packets, outside.packets)) return [];
  return pathsOfBoth(recording, first, other)
    .filter((path) => (entersAt(path, inside.packets[0]) === "inside" ? stayNs : -stayNs) >= -STAMP_ERROR_NS)
    .map(({ entry }) => entry);
}

function areAlike(inside: readonly Packet[], outside: readonly Packet[]): boolean {
  const [a, b] = [inside[0], outside[0]];
  if (inside.length > 1 || outside.length > 1 || a.fragment || b.fragment) {
    return a.isIpv6 === b.isIpv6 && a.tuple.proto === b.tuple.proto && differencesInParts(inside, outside).length === 0;
  }
  if (isTcp(a) && isTcp(b) && a.payloadLength !== b.payloadLength) return overlap(a, b);
  return areSame(a, b);
}

/** Puts fragments of a datagram together; datagrams of which a capture has only some are left out. */
function units(frames: readonly Frame[]): Unit[] {
  const groups = new Map<string, Unit & { frames: Frame[]; packets: Packet[] }>();
  for (const frame of frames) {
    const { packet, number } = frame;
    if (!packet) continue;
    const key = datagramKey(packet) ?? String(number);
    const group = groups.get(key);
    if (group) {
      group.frames.push(frame);
      group.packets.push(packet);
    } else groups.set(key, { frames: [frame], packets: [packet] });
  }
  return [...groups.values()].filter(({ packets }) => isWhole(packets));
}
