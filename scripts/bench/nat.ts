import type { Endpoint } from "./network.js";
import type { Rng } from "./rng.js";

/** Connections of one host. Entries stay: conntrack keeps them for 30 s and more after the last packet. */
export class Nat {
  readonly #inside = new Set<string>();
  readonly #outside = new Set<string>();
  readonly #rng: Rng;
  readonly #ports: "kept" | "random";

  constructor(rng: Rng, ports: "kept" | "random") {
    this.#rng = rng;
    this.#ports = ports;
  }

  /** Whether a new conversation may use this tuple: none had it before. */
  isFree(proto: string, from: Endpoint, to: Endpoint): boolean {
    return !this.#inside.has(tuple(proto, from, to));
  }

  /**
   * A masqueraded source: the port is kept unless another conversation with the same peer has it (or all are drawn),
   * then one from 1024 up is drawn, as nf_nat_core.c does.
   */
  masquerade(proto: string, from: Endpoint, to: Endpoint, address: number): Endpoint {
    this.#inside.add(tuple(proto, from, to));
    let port = this.#ports === "kept" ? from.port : this.#draw();
    while (this.#outside.has(tuple(proto, { address, port }, to))) port = this.#draw();
    this.#outside.add(tuple(proto, { address, port }, to));
    return { address, port };
  }

  #draw(): number {
    return 1024 + this.#rng.below(64_512);
  }
}

function tuple(proto: string, from: Endpoint, to: Endpoint): string {
  return `${proto} ${from.address} ${from.port} ${to.address} ${to.port}`;
}
