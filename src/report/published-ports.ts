import type { Containers } from "../packets/results/containers.js";
import { Few } from "../packets/results/few.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import { everyAddress, type Published, type PublishedUse } from "../packets/results/published.js";
import {
  type Ends,
  type FlowSummary,
  type Judgement,
  PROBLEMS,
  type Sink,
  type Summary,
  type Tables,
  type Update,
  type Verdict,
  wantsUpdate,
} from "../packets/results/results.js";
import type { Side } from "../packets/sides.js";
import { protocolName } from "../protocols/ip-protocols.js";
import { endsOf } from "./ends.js";
import { epochNsOf } from "./epoch.js";
import { mayOpen } from "./row-names.js";

/** What is known of a host's published ports; while packets are captured, there may be more. */
export interface PublishedFacts {
  readonly containers: Containers;
  readonly ports: {
    /** The same list as long as there are no others. */
    readonly all: readonly Published[];
  };
}

/** Packets that never got there are remembered up to so many, as more may become known of them: a few megabytes. */
const MOST_REMEMBERED = 10_000;

/** How many packets to a port never got to the container. */
class Failures {
  dropped = 0;
  refused = 0;

  /** Takes a packet, or takes it back. */
  note(verdict: Verdict, by: 1 | -1): void {
    if (verdict === "dropped") this.dropped += by;
    if (verdict === "refused") this.refused += by;
  }
}

/** What went through a port so far. */
class Use {
  readonly #published: Published;
  readonly flows = new Few<number>();
  proxied = 0;
  /** Of what would have opened a conversation; and of each flow. */
  readonly failures = [new Failures()];

  constructor(published: Published) {
    this.#published = published;
  }

  sum(): PublishedUse {
    const { flows, proxied, failures } = this;
    return {
      ...this.#published,
      translated: flows.count - proxied,
      proxied,
      flows: flows.listed,
      dropped: failures.reduce((sum, { dropped }) => sum + dropped, 0),
      refused: failures.reduce((sum, { refused }) => sum + refused, 0),
    };
  }
}

/** Passes all results on, and says at the end what went through each of the host's published ports. */
export class PublishedPorts extends PassingSink {
  readonly #facts: PublishedFacts;
  readonly #uses = new Map<Published, Use>();
  /** Those that were known when somebody asked last, and the same by protocol and port of the host's. */
  #known: readonly Published[] = [];
  readonly #byPort = new Map<string, Published[]>();
  /** What counts a packet that never got there, by `keyOf`. */
  readonly #failed = new Map<number, Failures>();
  /** Those of flows that live, and may turn out to go through a port, or to have its number for something else. */
  readonly #ofFlows = new Map<number, Failures>();
  #tables!: Tables;

  constructor(next: Sink, facts: PublishedFacts) {
    super(next);
    this.#facts = facts;
  }

  /** Each flow is looked at, whether it is shown or not. */
  override get mostFlows(): number {
    return Number.POSITIVE_INFINITY;
  }

  override wantsVerdict(verdict: Verdict): boolean {
    return PROBLEMS.has(verdict) || super.wantsVerdict(verdict);
  }

  override begin(tables: Tables): void {
    this.#tables = tables;
    super.begin(tables);
  }

  override unmatched(row: number, judgement: Judgement): void {
    if (PROBLEMS.has(judgement.verdict)) this.#noteFailed(row, judgement.verdict);
    if (super.wantsVerdict(judgement.verdict)) super.unmatched(row, judgement);
  }

  override update(update: Update): void {
    const failures = this.#failed.get(keyOf(update.side, update.frame));
    failures?.note(update.before.verdict, -1);
    failures?.note(update.verdict, 1);
    if (wantsUpdate(this.next, update)) super.update(update);
  }

  override flow(flow: FlowSummary): void {
    const published = this.#publishedOf(flow);
    const use = published && this.#useOf(published);
    use?.flows.add(flow.id);
    if (use && flow.nat === "proxy") use.proxied++;
    const failures = this.#ofFlows.get(flow.id);
    if (failures) use?.failures.push(failures);
    this.#ofFlows.delete(flow.id);
    super.flow(flow);
  }

  override end(summary: Summary): void {
    const published = this.#facts.ports.all.map((each) => this.#useOf(each).sum());
    super.end(published.length === 0 ? summary : { ...summary, published });
  }

  /** The port that a flow went through: of its two forms, one has the host's port at an end where the other has the container's. */
  #publishedOf({ proto, inside, outside, firstNs }: FlowSummary): Published | undefined {
    for (const [before, after] of [
      [outside, inside],
      [inside, outside],
    ])
      for (const [host, container] of [
        [destinationOf(before), destinationOf(after)],
        [sourceOf(before), sourceOf(after)],
      ]) {
        const name = this.#facts.containers.having(container.address, firstNs);
        const isIt = (each: Published): boolean =>
          each.containerPort === container.port && name?.words.has(each.container) === true;
        const found = this.#at(proto, host).find(isIt);
        if (found !== undefined) return found;
      }
    return undefined;
  }

  #noteFailed(row: number, verdict: Verdict): void {
    const failures = this.#failuresFor(row);
    if (failures === undefined) return;
    failures.note(verdict, 1);
    const { timeline } = this.#tables;
    if (this.#failed.size < MOST_REMEMBERED)
      this.#failed.set(keyOf(timeline.sideOf(row), timeline.frame(row)), failures);
  }

  /** What counts a packet that never got there; undefined where it is to no published port. */
  #failuresFor(row: number): Failures | undefined {
    const to = destinationOf(endsOf(this.#tables, row));
    if (to.port === undefined) return undefined;
    const proto = protocolName(this.#tables.timeline.proto(row));
    const name = this.#facts.containers.publishing(proto, to.address, to.port, epochNsOf(this.#tables, row));
    const published = this.#at(proto, to).find(({ container }) => name?.words.has(container));
    if (published === undefined) return undefined;
    const flow = this.#tables.flowOf(row);
    if (flow === undefined) return mayOpen(this.#tables, row) ? this.#useOf(published).failures[0] : undefined;
    const known = this.#ofFlows.get(flow) ?? new Failures();
    this.#ofFlows.set(flow, known);
    return known;
  }

  #useOf(published: Published): Use {
    const use = this.#uses.get(published) ?? new Use(published);
    this.#uses.set(published, use);
    return use;
  }

  /** What is published at an address and port of the host's. */
  #at(proto: string, { address, port }: End): Published[] {
    if (this.#facts.ports.all !== this.#known) this.#take(this.#facts.ports.all);
    const places = [address, everyAddress(address)];
    const published = this.#byPort.get(`${proto} ${port}`) ?? [];
    return published.filter(({ hostAddresses }) => places.some((place) => hostAddresses.includes(place)));
  }

  #take(published: readonly Published[]): void {
    this.#known = published;
    this.#byPort.clear();
    for (const each of published) {
      const key = `${each.proto} ${each.hostPort}`;
      this.#byPort.set(key, [...(this.#byPort.get(key) ?? []), each]);
    }
  }
}

interface End {
  readonly address: string;
  readonly port: number | undefined;
}

function sourceOf({ src, srcPort }: Ends): End {
  return { address: src, port: srcPort };
}

function destinationOf({ dst, dstPort }: Ends): End {
  return { address: dst, port: dstPort };
}

function keyOf(side: Side, frame: number): number {
  return 2 * frame + side;
}
