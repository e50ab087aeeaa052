import { directionKey } from "../packets/halves.js";
import type { Flow } from "../packets/flows/flows.js";
import type { Containers } from "../packets/results/containers.js";
import { IS_ERROR } from "../packets/packets.js";
import type { Tables } from "../packets/results/results.js";
import { endsKind } from "./ends.js";
import { Eras } from "./eras.js";

type Make<T> = (inside: number, outside: number, flow: Flow, isOutbound: boolean) => T;

interface Entry<T> {
  readonly flowId: number;
  /** What else than flow and direction the text depends on. */
  readonly variant: number;
  readonly era: number;
  readonly text: T;
}

/**
 * Remembers the text that is the same for all packets of a flow that travel in one direction: addresses take longer to
 * write than the rest of a line. An entry lives until its flow's slot is another one's, or a container's address. ICMP errors, whose ends are their own, and what
 * was turned round have each their own text.
 */
export class PairTexts<T> {
  /** At twice the flow's slot, and 1 more for outbound. */
  readonly #entries: (Entry<T> | undefined)[] = [];
  readonly #tables: Tables;
  readonly #eras: Eras;
  readonly #make: Make<T>;

  constructor(tables: Tables, containers: Containers, make: Make<T>) {
    this.#tables = tables;
    this.#eras = new Eras(tables, containers);
    this.#make = make;
  }

  of(inside: number, outside: number, flow: Flow, isOutbound: boolean): T {
    const { timeline, tuples } = this.#tables;
    const isTurned = timeline.side(inside) === timeline.side(outside);
    if (isTurned || (timeline.flags(inside) & IS_ERROR) !== 0) return this.#make(inside, outside, flow, isOutbound);
    const kind = endsKind(timeline.proto(inside), timeline.flags(inside));
    // who opened a conversation may be learnt after its first packet, and it names the translation
    const opener = (this.#tables.isOpenerKnown(flow) ? 2 : 0) + (tuples.isOpenedByA(flow.insideTuple) ? 1 : 0);
    const variant = 4 * kind + opener;
    const era = this.#eras.of(inside);
    const at = directionKey(flow.slot, isOutbound);
    const known = this.#entries[at];
    if (known !== undefined && known.flowId === flow.id && known.variant === variant && known.era === era)
      return known.text;
    const text = this.#make(inside, outside, flow, isOutbound);
    // without holes: V8 takes longer to read an array that has some
    while (this.#entries.length < at) this.#entries.push(undefined);
    this.#entries[at] = { flowId: flow.id, variant, era, text };
    return text;
  }
}
