import type { Ends } from "../../packets/results/results.js";
import type { Crossing, Facts, Fate, Sighting } from "./told.js";

/** What ends have that pieces may lack. */
const PORTS = ["srcPort", "dstPort", "icmpId"] as const;

/** A packet along the path: where it was seen, what it became there, and what the hops say where it was not. */
export interface Journey {
  /** When it passed the innermost point that saw it, nanoseconds since the path's epoch, by the first point's clock. */
  readonly timeNs: number;
  readonly facts: Facts;
  /** From the container outwards; of a packet that was turned round at a point, before that and after it. */
  readonly seen: readonly Sighting[];
  /** By hop, and of a hop, in order of time. */
  readonly crossings: readonly Crossing[];
  readonly fates: readonly Fate[];
}

/** A frame at a point, until all is told of it. */
export class Node {
  readonly point: number;
  readonly frame: number;
  /** When it passed, by the first point's clock. */
  readonly commonNs: number;
  /** What is said of it, by whoever took it together with the fewest others. */
  sighting: Sighting;
  /** The hops that have told of it, as bits: that on its inside, that on its outside. */
  told = 0;
  journey: Gathering;

  constructor(frame: number, sighting: Sighting, commonNs: number) {
    this.point = sighting.point;
    this.frame = frame;
    this.commonNs = commonNs;
    this.sighting = sighting;
    this.journey = new Gathering(this);
  }

  note(sighting: Sighting): void {
    if (sighting.frames.length < this.sighting.frames.length) this.sighting = sighting;
  }
}

/** A journey, while hops tell of it. */
export class Gathering {
  nodes: Node[];
  readonly crossings: Crossing[] = [];
  readonly fates: Fate[] = [];
  facts: Facts | undefined;
  /** The hop that told those facts. */
  #factsOf = Number.POSITIVE_INFINITY;
  /** How many hops have yet to tell something of how many frames. */
  open = 0;
  /** What it is told by, by now: when it passed the innermost point. */
  timeNs: number;
  #innermost: number;
  /** The last time that it was seen. */
  lastNs: number;
  isTold = false;

  constructor(node: Node) {
    this.nodes = [node];
    this.timeNs = node.commonNs;
    this.lastNs = node.commonNs;
    this.#innermost = node.point;
  }

  /** Takes all that another one has: they are one. */
  join(other: Gathering): void {
    for (const node of other.nodes) {
      node.journey = this;
      this.nodes.push(node);
    }
    this.crossings.push(...other.crossings);
    this.fates.push(...other.fates);
    this.open += other.open;
    if (other.facts !== undefined) this.note(other.facts, other.#factsOf);
    const isInner = other.#innermost < this.#innermost;
    const isEarlier = other.#innermost === this.#innermost && other.timeNs < this.timeNs;
    if (isInner || isEarlier) this.timeNs = other.timeNs;
    this.#innermost = Math.min(this.#innermost, other.#innermost);
    this.lastNs = Math.max(this.lastNs, other.lastNs);
    other.nodes = [];
  }

  /** Facts are those of the innermost hop: there, the packet is whole most often. */
  note(facts: Facts, hop: number): void {
    if (hop >= this.#factsOf) return;
    this.facts = facts;
    this.#factsOf = hop;
  }

  journey(facts: Facts): Journey {
    const { timeNs, crossings, fates } = this;
    return {
      timeNs,
      facts,
      seen: seenIn(this.nodes),
      crossings: crossings.toSorted((a, b) => a.hop - b.hop),
      fates: fates.toSorted((a, b) => a.hop - b.hop || a.side - b.side || a.frame - b.frame),
    };
  }
}

/** What frames show, those of a point together that show the same ends, from the innermost point outwards, and at a point in order of time. */
function seenIn(nodes: readonly Node[]): Sighting[] {
  const sorted = nodes.toSorted((a, b) => a.point - b.point || a.sighting.atNs - b.sighting.atNs || a.frame - b.frame);
  const isOne = ({ sighting, point }: Node, at: number): boolean =>
    sighting.frames.length === 1 && point !== sorted[at - 1]?.point;
  if (sorted.every(isOne)) return sorted.map(({ sighting }) => sighting);
  const forms: { first: Sighting; frames: number[]; sightings: Set<Sighting> }[] = [];
  for (const { frame, sighting } of sorted) {
    const form = forms.find(({ first }) => first.point === sighting.point && areAlike(first.ends, sighting.ends));
    if (form === undefined) forms.push({ first: sighting, frames: [frame], sightings: new Set([sighting]) });
    else {
      form.frames.push(frame);
      form.sightings.add(sighting);
    }
  }
  return forms.map(({ first, frames, sightings }) => {
    const { point, atNs, ends, ipId, ttl } = first;
    const length = [...sightings].reduce((sum, each) => sum + each.length, 0);
    return { point, frames, atNs, ends, ipId, ttl, length };
  });
}

/** Whether two pieces have the same ends, as far as both show them: later fragments show no ports. */
function areAlike(a: Ends, b: Ends): boolean {
  return a.src === b.src && a.dst === b.dst && PORTS.every((name) => isNoOther(a[name], b[name]));
}

function isNoOther(one: number | undefined, other: number | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}
