import { type Entry, isTranslated, stages, tupleKey } from "./conntrack.js";
import type { Tuple } from "./packet.js";
import { SIDES, type SideName } from "./report.js";

/** A way that packets of one conntrack entry take through the host, in one direction. */
export interface Path {
  readonly entry: Entry;
  readonly initiator: SideName;
  /** The initiator's direction, not that of the answers. */
  readonly isForward: boolean;
  /** The capture in which its packets come in; they leave in the other. */
  readonly enters: SideName;
}

/** How late conntrack's stamp of an event may be, and how long before its first event a connection's first packet may be seen. */
const EVENT_LAG_NS = 20_000_000n;
const FIRST_PACKET_LEAD_NS = 2_000_000_000n;

/** Every path that conntrack knows of, by what its packets look like in a capture. */
export class Paths {
  readonly entries: readonly Entry[];
  readonly #bridges: readonly SideName[];
  readonly #bySide = { inside: new Map<string, Path[]>(), outside: new Map<string, Path[]>() };

  /** `wasSeen` says whether a capture has a packet with that tuple; `bridges`: the sides that are bridges. */
  constructor(
    entries: readonly Entry[],
    wasSeen: (side: SideName, tuple: Tuple) => boolean,
    bridges: readonly SideName[],
  ) {
    this.entries = entries;
    this.#bridges = bridges;
    for (const entry of entries) {
      const [, , leaving] = stages(entry, true);
      // What the initiator sends leaves on the other side. Untranslated, or seen on neither, it could be from either.
      const seenOn = SIDES.filter((side) => wasSeen(side, leaving));
      for (const initiator of SIDES.filter((side) => seenOn.length !== 1 || side !== seenOn[0])) {
        for (const isForward of [true, false]) this.#add(entry, initiator, isForward);
      }
    }
  }

  /** Paths whose packets look like this on that side at that time. */
  at(side: SideName, tuple: Tuple, timeNs: bigint): Path[] {
    return this.on(side, tuple).filter(
      ({ entry }) =>
        timeNs >= entry.bornNs - FIRST_PACKET_LEAD_NS &&
        (entry.diedNs === undefined || timeNs <= entry.diedNs + EVENT_LAG_NS),
    );
  }

  /** Paths whose packets look like this on that side at any time; by addresses alone where the tuple has no ports. */
  on(side: SideName, tuple: Tuple): readonly Path[] {
    return this.#bySide[side].get(tupleKey(tuple)) ?? [];
  }

  // A bridge hands its packets to PREROUTING before its own interface, and so a capture on it, sees them (br_netfilter):
  // what enters from one may have its destination rewritten already.
  #add(entry: Entry, initiator: SideName, isForward: boolean): void {
    const [entering, between, leaving] = stages(entry, isForward);
    const enters = (initiator === "inside") === isForward ? "inside" : "outside";
    const path = { entry, initiator, isForward, enters } as const;
    this.#put(enters, this.#bridges.includes(enters) ? [entering, between] : [entering], path);
    this.#put(enters === "inside" ? "outside" : "inside", [leaving], path);
  }

  #put(side: SideName, tuples: readonly Tuple[], path: Path): void {
    const portless = tuples.map((tuple) => ({ ...tuple, srcPort: 0, dstPort: 0 }));
    for (const key of new Set([...tuples, ...portless].map(tupleKey))) {
      const paths = this.#bySide[side].get(key);
      if (paths) paths.push(path);
      else this.#bySide[side].set(key, [path]);
    }
  }
}

/** The paths that two lists have in common. */
export function shared(some: readonly Path[], others: readonly Path[]): Path[] {
  return some.filter((path) => others.includes(path));
}

/** Which ends an entry rewrites, as natcorr calls it. */
export function natName(entry: Entry): string {
  const [entering, between, leaving] = stages(entry, true);
  if (!isTranslated(entry)) return "none";
  const isSource = entering.src !== leaving.src || entering.srcPort !== leaving.srcPort;
  const isDestination = between.dst !== entering.dst || (!isIcmpId(entry) && between.dstPort !== entering.dstPort);
  return [isSource ? "snat" : "", isDestination ? "dnat" : ""].filter((name) => name !== "").join("+");
}

function isIcmpId({ proto }: Entry): boolean {
  return proto === 1 || proto === 58;
}
