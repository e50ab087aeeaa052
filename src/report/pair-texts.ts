import type { Flow } from "../packets/flows.js";
import type { Tables } from "../packets/results.js";
import { endsKind } from "./ends.js";

type Make<T> = (inside: number, outside: number, flow: Flow, isOutbound: boolean) => T;

interface Entry<T> {
  /** What else than flow and direction the text depends on. */
  readonly variant: number;
  readonly text: T;
}

/**
 * Remembers the text that is the same for all packets of a flow that travel in one direction: addresses take longer to
 * write than the rest of a line. An entry lives as long as its flow does. Not for ICMP errors, whose ends are their own.
 */
export class PairTexts<T> {
  readonly #outbound = new WeakMap<Flow, Entry<T>>();
  readonly #inbound = new WeakMap<Flow, Entry<T>>();
  readonly #tables: Tables;
  readonly #make: Make<T>;

  constructor(tables: Tables, make: Make<T>) {
    this.#tables = tables;
    this.#make = make;
  }

  of(inside: number, outside: number, flow: Flow, isOutbound: boolean): T {
    const { timeline, tuples } = this.#tables;
    const kind = endsKind(timeline.proto(inside), timeline.flags(inside));
    // who opened a conversation may be learnt after its first packet, and it names the translation
    const variant = 2 * kind + tuples.openedByA[flow.insideTuple];
    const texts = isOutbound ? this.#outbound : this.#inbound;
    const known = texts.get(flow);
    if (known !== undefined && known.variant === variant) return known.text;
    const text = this.#make(inside, outside, flow, isOutbound);
    texts.set(flow, { variant, text });
    return text;
  }
}
