import { ENDS, NONE } from "../../../packets/tuples.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { hasPorts } from "../../../protocols/ip-protocols.js";

/** Fewer conversations have something in common by themselves. */
const LEAST_CONVERSATIONS = 4;

/**
 * What all conversations of a capture have in common: an address, a port, or the protocol. Where there is anything, a filter may have kept others
 * out of it (`tcpdump -i docker0 host 172.17.0.2`).
 */
export class Common {
  readonly #tuples: TupleTable;
  readonly #isNat: (address: string) => boolean;
  /** Both of the first conversation, as text. */
  readonly #addresses: string[] = [];
  /** Whether all have the one address, and the other. */
  readonly #areCommon: [boolean, boolean] = [false, false];
  /** NONE where they do not all have it. */
  readonly #ports: [number, number] = [NONE, NONE];
  #proto = NONE;
  /** How many there were, as long as there is anything. */
  #count = 0;
  /** Once there is nothing, there never is again. */
  #mayBeAny = true;

  /** `isNat`: whether an address is the NAT's own, which is common by itself to all that it sends and gets. */
  constructor(tuples: TupleTable, isNat: (address: string) => boolean) {
    this.#tuples = tuples;
    this.#isNat = isNat;
  }

  /** Whether there is anything; also as long as there are no conversations. */
  get isAny(): boolean {
    this.#mayBeAny &&= this.#count === 0 || this.#proto !== NONE || this.addresses.length > 0 || this.ports.length > 0;
    return this.#mayBeAny;
  }

  /** Whether there were so many that chance gives them nothing in common. */
  get isTelling(): boolean {
    return this.#count >= LEAST_CONVERSATIONS;
  }

  /** The protocol of all; NONE where they have several. */
  get proto(): number {
    return this.#proto;
  }

  /** The addresses that all have, … */
  get addresses(): readonly string[] {
    return this.#addresses.filter((address, at) => this.#areCommon[at] && !this.#isNat(address));
  }

  /** … and the ports. */
  get ports(): readonly number[] {
    return this.#ports.filter((port) => port !== NONE);
  }

  /** Whether a filter by what all have in common may have kept out a packet of a protocol and conversation; also as long as there are none. */
  mayKeepOut(proto: number, tuple: number): boolean {
    if (!this.isAny) return false;
    if (this.#count === 0 || (this.#proto !== NONE && this.#proto !== proto)) return true;
    const [addresses, ports] = [this.#addressesOf(tuple), this.#portsOf(tuple, proto)];
    return (
      this.addresses.some((address) => !addresses.includes(address)) || this.ports.some((port) => !ports.includes(port))
    );
  }

  /** Takes a conversation. */
  learn(tuple: number): void {
    if (!this.isAny) return;
    const proto = this.#tuples.proto(tuple);
    if (this.#count++ === 0) {
      this.#proto = proto;
      this.#addresses.push(...this.#addressesOf(tuple));
      this.#areCommon.fill(true);
      [this.#ports[0], this.#ports[1]] = this.#portsOf(tuple, proto);
      return;
    }
    if (this.#proto !== proto) this.#proto = NONE;
    if (this.#areCommon.includes(true)) {
      const addresses = this.#addressesOf(tuple);
      for (const at of ENDS.keys()) this.#areCommon[at] &&= addresses.includes(this.#addresses[at]);
    }
    if (this.ports.length === 0) return;
    const ports = this.#portsOf(tuple, proto);
    for (const at of ENDS.keys()) if (!ports.includes(this.#ports[at])) this.#ports[at] = NONE;
  }

  #addressesOf(tuple: number): readonly [string, string] {
    return [this.#tuples.addressText(tuple, ENDS[0]), this.#tuples.addressText(tuple, ENDS[1])];
  }

  /** NONE and NONE of what has no ports. */
  #portsOf(tuple: number, proto: number): readonly [number, number] {
    if (!hasPorts(proto)) return [NONE, NONE];
    return [this.#tuples.port(tuple, ENDS[0]), this.#tuples.port(tuple, ENDS[1])];
  }
}
