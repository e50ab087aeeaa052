import { isProblem, type LadderEvent } from "./events.js";
import { nsOf } from "../format.js";
import type { Ends, Flow } from "./records.js";

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Makes up flows for trouble that has none: one for all packets of a protocol between two hosts, to one port. */
export class Strangers {
  readonly flows: Flow[] = [];
  readonly #known = new Map<string, Writable<Flow>>();
  readonly #numbers: Map<string, number>;

  /** `numbers`: those that were given so far, by what they were given for, and takes more. */
  constructor(numbers: Map<string, number>) {
    this.#numbers = numbers;
  }

  /** The number of the one that a packet without a flow is of, below 0; undefined where the packet is no trouble. */
  flowOf(event: LadderEvent): number | undefined {
    if (!isProblem(event)) return undefined;
    const { side, proto, src, dst, srcPort, dstPort, icmpId, time, container, peer, srcName, dstName } = event.record;
    const key = JSON.stringify([side, proto, src, dst, dstPort]);
    const known = this.#known.get(key);
    if (known !== undefined) {
      if (nsOf(time) > nsOf(known.last)) known.last = time;
      return known.flow;
    }
    const ends = Object.fromEntries(
      Object.entries({ src, dst, srcPort, dstPort, icmpId, container, peer, srcName, dstName }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const form: Ends = { src, dst, ...ends };
    const number = this.#numbers.get(key) ?? -1 - this.#numbers.size;
    this.#numbers.set(key, number);
    const flow: Flow = {
      type: "flow",
      flow: number,
      proto,
      nat: "",
      initiator: side,
      seenOn: side,
      inside: form,
      outside: form,
      pairs: 0,
      bytes: 0,
      insideOnly: 0,
      outsideOnly: 0,
      first: time,
      last: time,
      latency: { outbound: null, inbound: null },
    };
    this.#known.set(key, flow);
    this.flows.push(flow);
    return flow.flow;
  }
}
