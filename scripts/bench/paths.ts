import { BRIDGE, client, container, HOST, server } from "./addresses.js";
import { Nat } from "./nat.js";
import type { Endpoint, Path } from "./network.js";
import type { Rng } from "./rng.js";
import type { Scenario } from "./scenarios.js";

/** The port of whoever has none: the other end of an echo, which answers with the id it was asked with. */
export const NO_PORT = 0;

/** Draws who talks to whom, and what the host makes of it. */
export class Paths {
  readonly #scenario: Scenario;
  readonly #rng: Rng;
  readonly #nat: Nat;

  constructor(scenario: Scenario, rng: Rng) {
    this.#scenario = scenario;
    this.#rng = rng;
    this.#nat = new Nat(rng, scenario.ports);
  }

  /** A container to a server, masqueraded. A fixed `port` may be taken: then another container is tried, then any port. */
  outbound(proto: string, serverPort: number, port?: number): Path {
    const isIpv6 = this.#rng.chance(this.#scenario.ipv6);
    const family = isIpv6 ? `${proto}6` : proto;
    let inside: Path["inside"];
    let tries = 0;
    do {
      const clientPort = port !== undefined && tries < 20 ? port : this.#clientPort(tries);
      inside = { client: { address: this.#container(), port: clientPort }, server: this.#server(serverPort) };
      tries++;
    } while (!this.#nat.isFree(family, inside.client, inside.server));
    const isTranslated = !isIpv6 || this.#scenario.ipv6Masquerade;
    const source = this.#nat.masquerade(
      family,
      inside.client,
      inside.server,
      isTranslated ? HOST : inside.client.address,
    );
    const outside = { client: isTranslated ? source : inside.client, server: inside.server };
    return this.#path(isIpv6, inside, outside, true, 64, this.#farTtl());
  }

  /** A client somewhere to a published port, sent on to a container. */
  published(): Path {
    const index = this.#rng.below(this.#scenario.containers);
    let peer: Endpoint;
    const published = { address: HOST, port: 8000 + index };
    const target = { address: container(index), port: 80 };
    do peer = { address: client(this.#rng.below(100)), port: 1024 + this.#rng.below(64_000) };
    while (!this.#nat.isFree("tcp", peer, published));
    this.#nat.masquerade("tcp", peer, published, peer.address);
    const inside = { client: peer, server: target };
    const outside = { client: peer, server: published };
    return this.#path(false, inside, outside, false, this.#farTtl(), 64);
  }

  /** Between two containers, or a container and the host's bridge address. */
  local(serverPort: number): Path {
    const isToHost = this.#rng.chance(0.3);
    const inside = {
      client: { address: this.#container(), port: this.#clientPort(0) },
      server: { address: isToHost ? BRIDGE : this.#container(), port: serverPort },
    };
    return this.#path(false, inside, null, true, 64, 64);
  }

  /** The host itself to a server, over its uplink. */
  host(proto: string, serverPort: number, port?: number): Path {
    let ends: NonNullable<Path["outside"]>;
    let tries = 0;
    do {
      const clientPort = port !== undefined && tries === 0 ? port : this.#clientPort(tries);
      ends = { client: { address: HOST, port: clientPort }, server: this.#server(serverPort) };
      tries++;
    } while (!this.#nat.isFree(proto, ends.client, ends.server));
    const { port: taken } = this.#nat.masquerade(proto, ends.client, ends.server, HOST);
    return this.#path(
      false,
      null,
      { client: { address: HOST, port: taken }, server: ends.server },
      false,
      64,
      this.#farTtl(),
    );
  }

  #path(
    isIpv6: boolean,
    inside: Path["inside"],
    outside: Path["outside"],
    isClientInside: boolean,
    clientTtl: number,
    serverTtl: number,
  ): Path {
    const lastExitNs = { outbound: 0, inbound: 0 };
    return { isIpv6, inside, outside, isClientInside, clientTtl, serverTtl, lastExitNs };
  }

  #container(): number {
    return container(this.#rng.below(this.#scenario.containers));
  }

  /** Few servers are popular: the smaller of two draws. */
  #server(port: number): Endpoint {
    const index = Math.min(this.#rng.below(this.#scenario.servers), this.#rng.below(this.#scenario.servers));
    return { address: server(index), port };
  }

  /** After many tries the narrow range is full, and wider ones are drawn from. */
  #clientPort(tries: number): number {
    return 32_768 + this.#rng.below(tries < 50 ? this.#scenario.clientPorts : 28_232);
  }

  #farTtl(): number {
    return this.#rng.chance(0.2) ? 117 : 45 + this.#rng.below(14);
  }
}
