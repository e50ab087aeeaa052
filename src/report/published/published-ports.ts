import type { Containers } from "../../packets/results/containers.js";
import type { Dropped } from "../../packets/results/drops.js";
import { PassingSink } from "../../packets/results/passing-sink.js";
import { type Captured, isPublishedBy, type Published } from "../../packets/results/published.js";
import type { Ends, FlowSummary, Judgement, Look, Sink, Summary, Update } from "../../packets/results/results.js";
import type { Verdict } from "../../packets/results/verdicts.js";
import { frameKey, INSIDE } from "../../packets/sides.js";
import { ENDS } from "../../packets/tuples.js";
import { isFromOpener } from "../../packets/ways.js";
import { protocolName } from "../../protocols/ip-protocols.js";
import { endsOf } from "../ends.js";
import { epochNsOf } from "../../packets/results/epoch-ns.js";
import { mayOpen } from "../row-names.js";
import { Arrivals, type Callers } from "./arrivals.js";
import { FromHost, type OwnConversations } from "./from-host.js";
import { type End, PortIndex } from "./port-index.js";
import { Failures, type Use, Uses } from "./use.js";

/** What is known of a host's published ports; while packets are captured, there may be more. */
export interface PublishedFacts {
  readonly containers: Containers;
  readonly ports: {
    /** The same list as long as there are no others. */
    readonly all: readonly Published[];
  };
}

/** What packets of the host's own conversations with containers come to. */
const FROM_HOST: ReadonlySet<Verdict> = new Set(["local", "unknown", "refused"]);
/** What packets to a port may have come to that it is told of. */
const TOLD: ReadonlySet<Verdict> = new Set(["dropped", "refused", "unknown", "no-overlap", "capture-loss", "local"]);
/** Packets that never got there are remembered up to so many, as more may become known of them: a few megabytes. */
const MOST_REMEMBERED = 10_000;

const NO_FLOWS: ReadonlySet<number> = new Set();

/** The published port that was called, or those that may have been. */
interface Called {
  readonly published: Published | undefined;
  readonly perhaps: readonly Published[];
}

/** What would have begun a conversation with a port of which nothing told whose it was by then, and whose it may have been. */
interface Untold {
  readonly proto: string;
  readonly to: End;
  readonly epochNs: bigint;
  readonly perhaps: readonly Published[];
}

/** What is known of published ports' use, as far as the host has said by now. */
export interface PortUsers extends Callers {
  /** Whether all that passes some of its interfaces is captured inside. */
  capturedOf(links: ReadonlySet<string | undefined>): Captured;
}

/** Passes all results on, and says at the end what went through each of the host's published ports. */
export class PublishedPorts extends PassingSink {
  readonly #containers: Containers;
  readonly #own: OwnConversations;
  readonly #users: PortUsers;
  readonly #ports: PortIndex;
  readonly #uses = new Uses();
  readonly #fromHost: FromHost;
  /** What counts a packet that never got there, by `frameKey`. */
  readonly #failed = new Map<number, Failures>();
  /** Those of flows that live, and may turn out to go through a port, or to have its number for something else. */
  readonly #ofFlows = new Map<number, Failures>();
  /** By flows that live, the port that they are known to go through: found out once, however often somebody looks. */
  readonly #portOf = new Map<number, Published>();
  readonly #arrivals: Arrivals;
  /** Tuples of conversations that the host took. */
  readonly #taken = new Set<number>();
  /** What more may become known of until the end. */
  readonly #untold: Untold[] = [];
  /** Tuples of conversations that were taken for those, or for misplaced ones: each is counted once, however often its first packet was sent. */
  readonly #noted = new Set<number>();

  constructor(next: Sink, { containers, ports }: PublishedFacts, own: OwnConversations, users: PortUsers) {
    super(next);
    this.#containers = containers;
    this.#own = own;
    this.#users = users;
    this.#ports = new PortIndex(ports);
    this.#fromHost = new FromHost(own, containers, this.#ports, this.#uses);
    this.#arrivals = new Arrivals({ own, containers, callers: users, ports: this.#ports }, this.#uses);
  }

  /** Each flow is looked at, whether it is shown or not. */
  override get mostFlows(): number {
    return Number.POSITIVE_INFINITY;
  }

  override wantsVerdict(verdict: Verdict): boolean {
    return verdict === "elsewhere" || TOLD.has(verdict) || super.wantsVerdict(verdict);
  }

  override unmatched(row: number, judgement: Judgement): void {
    const { verdict } = judgement;
    const mayConcern = (verdict === "elsewhere" || TOLD.has(verdict)) && this.#mayConcern(row);
    if (mayConcern) this.#arrivals.take(this.tables, row, verdict);
    if (mayConcern && verdict !== "elsewhere") {
      if (FROM_HOST.has(verdict)) this.#fromHost.take(this.tables, row);
      if (verdict === "local") this.#noteTaken(row);
      else this.#noteFailed(row, verdict);
    }
    super.unmatched(row, judgement);
  }

  override update(update: Update): void {
    const failures = this.#failed.get(frameKey(update.side, update.frame));
    failures?.note(update.before.verdict, -1);
    failures?.note(update.verdict, 1);
    this.#fromHost.update(update);
    super.update(update);
  }

  override flow(flow: FlowSummary): void {
    const { published, perhaps } = this.#publishedOf(flow);
    if (published !== undefined) this.#countFlow(flow, this.#uses.of(published));
    for (const each of perhaps) this.#uses.of(each).unclear++;
    this.#ofFlows.delete(flow.id);
    this.#portOf.delete(flow.id);
    super.flow(flow);
  }

  /**
   * Looks at a run, and has its summary say what went through ports so far: what is certain by then. Of rules that may close one, of conversations of which conntrack has not told
   * yet whether they called one, and of those with nobody knows whose port, it says nothing before the end.
   */
  looking(look: Look): Look {
    return (at) => {
      if (this.#ports.all.length === 0) return look(at);
      const uses = this.#uses.copy();
      look({
        mostFlows: 0,
        flows: NO_FLOWS,
        ports: this.#ports.hostPorts,
        flow: (flow) => {
          const published = this.#portOfAlive(flow);
          if (published !== undefined) this.#countFlow(flow, uses.of(published));
        },
      });
      this.#fromHost.countTold(uses);
      this.#arrivals.countTold(uses);
      return this.#withUses(look(at), uses);
    };
  }

  override end(summary: Summary): void {
    this.#fromHost.end();
    this.#arrivals.end();
    for (const untold of this.#untold) this.#countUntold(untold);
    super.end(this.#ports.all.length === 0 ? summary : this.#withUses(summary, this.#uses));
  }

  /** Takes it that a rule could have dropped these. `stopped`: those of which it is told that the host dropped them, though no capture shows that. */
  closedBy(rule: string, kinds: readonly Dropped[], stopped: Pick<ReadonlySet<Dropped>, "has">): void {
    for (const kind of kinds) {
      const { fate, mayOpen: isOpening, proto, ends, firstNs, gathered } = kind;
      const { published } = this.#calledBy(protocolName(proto), destinationOf(ends), firstNs);
      if (!isOpening || published === undefined) continue;
      const use = this.#uses.of(published);
      const closing = use.closedBy.get(rule) ?? { count: 0, unseen: 0 };
      use.closedBy.set(rule, closing);
      closing.count += gathered.count;
      if (fate !== "dropped" && fate !== "refused" && !stopped.has(kind)) closing.unseen += gathered.count;
      if (fate === "refused") use.refusedByRules += gathered.count;
    }
  }

  #withUses(summary: Summary, uses: Uses): Summary {
    return {
      ...summary,
      published: this.#ports.all.map((each) => uses.of(each).sum(this.#capturedOf(each, summary))),
    };
  }

  /** Counts a flow that went through a port. */
  #countFlow(flow: FlowSummary, use: Use): void {
    use.flows.add(flow.id);
    if (flow.nat === "proxy") use.proxied++;
    if (flow.isRefused === true) use.refusedInside++;
    const failures = this.#ofFlows.get(flow.id);
    if (failures) use.failures.push(failures);
  }

  /** The port that a flow goes through which is alive; undefined where that is not known by now. */
  #portOfAlive(flow: FlowSummary): Published | undefined {
    // whoever called a port was sent elsewhere
    if (flow.nat === "snat" || flow.nat === "none") return undefined;
    const known = this.#portOf.get(flow.id) ?? this.#publishedOf(flow).published;
    if (known !== undefined) this.#portOf.set(flow.id, known);
    return known;
  }

  #capturedOf({ containerLinks }: Published, { inside }: Summary): Captured {
    const captured = this.#users.capturedOf(containerLinks);
    if (captured !== "all") return captured;
    if (!this.tables.isUnfiltered[INSIDE]) return "untold";
    return inside.captureDropped > 0 ? "lossy" : "all";
  }

  /**
   * The port that a flow went through: of its two forms, one has the host's port at an end where the other has the container's. `perhaps`: those that it may have
   * gone through, where nothing tells whose address the container's was.
   */
  #publishedOf({ proto, inside, outside, firstNs }: FlowSummary): Called {
    let perhaps: readonly Published[] = [];
    for (const [before, after] of [
      [outside, inside],
      [inside, outside],
    ])
      for (const [host, container] of [
        [destinationOf(before), destinationOf(after)],
        [sourceOf(before), sourceOf(after)],
      ]) {
        // what goes straight to the container goes through none of the host's ports, though they may have the same number
        if (host.address === container.address) continue;
        const name = this.#containers.having(container.address, firstNs);
        const leading = this.#ports
          .at(proto, host)
          .filter(
            (each) => mayBe(container.port, each.containerPort) && (name === undefined || isPublishedBy(each, name)),
          );
        if (leading.length === 1 && name !== undefined && container.port !== undefined && host.port !== undefined)
          return { published: leading[0], perhaps: [] };
        if (leading.length > 0) perhaps = leading;
      }
    return { published: undefined, perhaps };
  }

  /** Whether a packet has a port that is published, or a container's behind one: of most that the host has for itself, none has. */
  #mayConcern(row: number): boolean {
    const { timeline, tuples } = this.tables;
    return ENDS.some((isA) => this.#ports.has(tuples.port(timeline.tuple(row), isA)));
  }

  #noteFailed(row: number, verdict: Verdict): void {
    const failures = this.#failuresFor(row);
    if (failures !== undefined) this.#noteIn(failures, row, verdict);
  }

  #noteIn(failures: Failures, row: number, verdict: Verdict): void {
    failures.note(verdict, 1);
    const { timeline } = this.tables;
    if (this.#failed.size < MOST_REMEMBERED)
      this.#failed.set(frameKey(timeline.sideOf(row), timeline.frame(row)), failures);
  }

  /** Takes note of a packet that opens a conversation with a port, and stays with the host. */
  #noteTaken(row: number): void {
    const { timeline, tuples } = this.tables;
    const tuple = timeline.tuple(row);
    if (this.#taken.has(tuple) || !mayOpen(this.tables, row)) return;
    if (!tuples.isOpenerKnown(tuple) || !isFromOpener(tuples, timeline.way(row))) return;
    const to = destinationOf(endsOf(this.tables, row));
    const { published } = this.#calledBy(protocolName(timeline.proto(row)), to, epochNsOf(this.tables, row));
    if (published === undefined || !this.#own.isOwn(to.address)) return;
    if (this.#taken.size < MOST_REMEMBERED) this.#taken.add(tuple);
    this.#noteIn(this.#uses.of(published).failures[0], row, "local");
  }

  /** What counts a packet that never got there; undefined where it is to no published port. */
  #failuresFor(row: number): Failures | undefined {
    const proto = protocolName(this.tables.timeline.proto(row));
    const to = destinationOf(endsOf(this.tables, row));
    const epochNs = epochNsOf(this.tables, row);
    const { published, perhaps } = this.#calledBy(proto, to, epochNs);
    const flow = this.tables.flowOf(row);
    // that of a flow is counted with it
    if (flow === undefined) {
      if (!mayOpen(this.tables, row)) return undefined;
      this.#noteUntold(this.tables.timeline.tuple(row), { proto, to, epochNs, perhaps });
      return published && this.#uses.of(published).failures[0];
    }
    if (published === undefined) return undefined;
    const known = this.#ofFlows.get(flow) ?? new Failures();
    this.#ofFlows.set(flow, known);
    return known;
  }

  #noteUntold(tuple: number, untold: Untold): void {
    const { proto, to, perhaps } = untold;
    const besides = this.#own.isOwn(to.address) ? this.#ports.besides(proto, to) : [];
    if (perhaps.length + besides.length === 0 || this.#noted.has(tuple)) return;
    if (this.#noted.size < MOST_REMEMBERED) this.#noted.add(tuple);
    for (const each of besides) this.#uses.of(each).misplaced++;
    if (perhaps.length > 0 && this.#untold.length < MOST_REMEMBERED) this.#untold.push(untold);
    else this.#countUntold(untold);
  }

  /** Counts one by what is known now. */
  #countUntold({ proto, to, epochNs, perhaps }: Untold): void {
    const { address, port = 0 } = to;
    const last = perhaps.length === 0 ? undefined : this.#containers.publishedBefore(proto, address, port, epochNs);
    const held = perhaps.filter((each) => isPublishedBy(each, last));
    for (const each of held) this.#uses.of(each).unheld++;
    if (held.length === 0) for (const each of perhaps) this.#uses.of(each).unclear++;
  }

  /** What is published where a packet goes, at a time; `perhaps`: what may have been, where nothing tells whose it was by then. */
  #calledBy(proto: string, to: End, epochNs: bigint): Called {
    const places = this.#ports.at(proto, to);
    if (to.port === undefined || places.length === 0) return { published: undefined, perhaps: [] };
    const name = this.#containers.publishing(proto, to.address, to.port, epochNs);
    const published = places.find((each) => isPublishedBy(each, name));
    return { published, perhaps: name === undefined && this.#own.isOwn(to.address) ? places : [] };
  }
}

/** Whether a port, which a capture may have cut off, may be this one. */
function mayBe(port: number | undefined, one: number): boolean {
  return port === undefined || port === one;
}

function sourceOf({ src, srcPort }: Ends): End {
  return { address: src, port: srcPort };
}

function destinationOf({ dst, dstPort }: Ends): End {
  return { address: dst, port: dstPort };
}
