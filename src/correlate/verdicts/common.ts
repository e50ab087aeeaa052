import { NONE, type TupleTable } from "../../packets/tuples.js";
import { hasPorts } from "../../protocols/ip-protocols.js";

/**
 * What all conversations of a capture have in common: an address, a port, or the protocol. Where there is anything, a filter may have kept others
 * out of it (`tcpdump -i docker0 host 172.17.0.2`).
 */
export class Common {
  readonly #tuples: TupleTable;
  /** Both of the first conversation, as text. */
  readonly #addresses: string[] = [];
  /** Whether all have the one address, and the other. */
  readonly #areCommon: [boolean, boolean] = [false, false];
  /** NONE where they do not all have it. */
  readonly #ports: [number, number] = [NONE, NONE];
  #proto = NONE;
  #isEmpty = true;

  constructor(tuples: TupleTable) {
    this.#tuples = tuples;
  }

  /** Whether there is anything; also as long as there are no conversations. */
  get isAny(): boolean {
    return (
      this.#isEmpty || this.#proto !== NONE || this.#areCommon.includes(true) || this.#ports.some((p) => p !== NONE)
    );
  }

  /** Takes a conversation. */
  learn(tuple: number): void {
    if (!this.isAny) return;
    const tuples = this.#tuples;
    const ends = [true, false] as const;
    const proto = tuples.proto(tuple);
    const addresses = ends.map((isA) => tuples.addressText(tuple, isA));
    const ports = ends.map((isA) => (hasPorts(proto) ? tuples.port(tuple, isA) : NONE));
    for (const at of ends.keys()) {
      if (this.#isEmpty) {
        this.#addresses[at] = addresses[at];
        this.#areCommon[at] = true;
        this.#ports[at] = ports[at];
        continue;
      }
      this.#areCommon[at] &&= addresses.includes(this.#addresses[at]);
      if (!ports.includes(this.#ports[at])) this.#ports[at] = NONE;
    }
    if (this.#isEmpty) this.#proto = proto;
    else if (this.#proto !== proto) this.#proto = NONE;
    this.#isEmpty = false;
  }
}
