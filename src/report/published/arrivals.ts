import { epochNsOf } from "../../packets/results/epoch-ns.js";
import type { Containers } from "../../packets/results/containers.js";
import { isPublishedBy, type Published } from "../../packets/results/published.js";
import type { Ends, Tables } from "../../packets/results/results.js";
import type { Verdict } from "../../packets/results/verdicts.js";
import { INSIDE } from "../../packets/sides.js";
import { type Protocol, protocolName } from "../../protocols/ip-protocols.js";
import { endsOf } from "../ends.js";
import { mayOpen } from "../row-names.js";
import type { OwnConversations } from "./from-host.js";
import type { PortIndex } from "./port-index.js";
import type { Origin, Uses } from "./use.js";

/** So many conversations are remembered until more is known of them: some ten megabytes. */
const MOST_REMEMBERED = 10_000;

/** What is known of who may call published ports, as far as the host has said by now. */
export interface Callers {
  /** Where the host's routes lead to an address. */
  originOf(address: string): Origin;
  /** Whether a rule may have made of a call of that port of the host's, at that time, what one of the inside's captures shows. */
  mayHaveCalled(hostPort: number, proto: Protocol, seen: Ends, source: number, epochNs: bigint): boolean;
}

/** Whom conversations are told by. */
interface Asked {
  readonly own: OwnConversations;
  readonly containers: Containers;
  readonly callers: Callers;
  readonly ports: PortIndex;
}

/** A conversation that came to a container's port, its ends as they were seen, and the ports that lead there. */
interface Arrived {
  readonly proto: Protocol;
  readonly ends: Ends;
  readonly perhaps: readonly Published[];
  /** What it was before a translation, where that is known by now. */
  readonly begunAs: Ends | undefined;
  /** When it came, epoch nanoseconds. */
  readonly epochNs: bigint;
  /** Which of the inside's captures shows it first; and where it came from, as far as it shows that itself. */
  readonly source: number;
  readonly origin: Origin;
}

/** What others than the host send to containers' published ports, and is seen inside alone: nothing there tells by which of the host's ports it came, if by any. */
export class Arrivals {
  readonly #asked: Asked;
  readonly #uses: Uses;
  /** By their tuples. */
  readonly #arrived = new Map<number, Arrived>();

  constructor(asked: Asked, uses: Uses) {
    this.#asked = asked;
    this.#uses = uses;
  }

  /** Takes a packet without a twin, and what became of it. */
  take(tables: Tables, row: number, verdict: Verdict): void {
    const { timeline } = tables;
    const tuple = timeline.tuple(row);
    if (timeline.sideOf(row) !== INSIDE || this.#arrived.has(tuple) || tables.flowOf(row) !== undefined) return;
    if (!mayOpen(tables, row)) return;
    const ends = endsOf(tables, row);
    if (this.#asked.own.isOwn(ends.src)) return;
    const epochNs = epochNsOf(tables, row);
    const name = this.#asked.containers.having(ends.dst, epochNs);
    const proto = protocolName(timeline.proto(row));
    const perhaps = this.#asked.ports.to(proto, ends.dstPort).filter((each) => isPublishedBy(each, name));
    if (perhaps.length === 0) return;
    const source = timeline.frames[INSIDE].sourceOf(timeline.frame(row));
    const seen = { proto, ends, perhaps, source, origin: originBy(verdict), epochNs };
    const arrived = { ...seen, begunAs: this.#begunAs(seen) };
    if (this.#arrived.size < MOST_REMEMBERED) this.#arrived.set(tuple, arrived);
    else this.#count(arrived);
  }

  /** Counts in `uses`, while the run goes on, what it remembers and conntrack has told of. */
  countTold(uses: Uses): void {
    for (const arrived of this.#arrived.values())
      if (arrived.begunAs !== undefined) this.#countBegunAs(arrived, arrived.begunAs, uses);
  }

  /** Counts what it still remembers. */
  end(): void {
    for (const arrived of this.#arrived.values()) this.#count(arrived);
    this.#arrived.clear();
  }

  #begunAs({ proto, ends, perhaps }: Omit<Arrived, "begunAs">): Ends | undefined {
    return this.#asked.own.begunAs(
      proto,
      ends,
      perhaps.map(({ hostPort }) => hostPort),
    );
  }

  /** Counts one by what conntrack says, then or now, or else the rules: what went straight to the container went through no port. */
  #count(arrived: Arrived): void {
    const { proto, ends, perhaps, source, epochNs, begunAs = this.#begunAs(arrived) } = arrived;
    if (begunAs === undefined) {
      const called = perhaps.filter(({ hostPort }) =>
        this.#asked.callers.mayHaveCalled(hostPort, proto, ends, source, epochNs),
      );
      for (const each of called) this.#uses.of(each).noteArrived(this.#originOf(arrived), false);
    } else this.#countBegunAs(arrived, begunAs, this.#uses);
  }

  #countBegunAs(arrived: Arrived, begunAs: Ends, uses: Uses): void {
    const { proto, ends, perhaps } = arrived;
    if (begunAs.dst === ends.dst && begunAs.dstPort === ends.dstPort) return;
    const to = { address: begunAs.dst, port: begunAs.dstPort };
    const called = this.#asked.ports.at(proto, to).find((each) => perhaps.includes(each));
    if (called !== undefined) uses.of(called).noteArrived(this.#originOf(arrived), true);
  }

  #originOf({ origin, ends: { src }, epochNs }: Arrived): Origin {
    const known = origin ?? this.#asked.callers.originOf(src);
    // where no interface is known, a container is inside all the same
    return known ?? (this.#asked.containers.having(src, epochNs) === undefined ? undefined : "inside");
  }
}

/** Where a packet came from that was not seen to cross. */
function originBy(verdict: Verdict): Origin {
  if (verdict === "elsewhere") return "elsewhere";
  return verdict === "local" ? "inside" : undefined;
}
