import { BRIDGE, client, container, HOST, server } from "./addresses.js";
import { Nat } from "./nat.js";
import type { Endpoint, Path } from "./network.js";
import type { Rng } from "./rng.js";
import type { Scenario } from "./scenarios.js";

/** The port of whoever has none: the other end of an echo, which answers with the id it was asked with. */
export const NO_PORT = 0;

type Ends = NonNullable<Path["inside"]>;

/** Draws who talks to whom, and what the host makes of it. */
export class Paths {
  readonly #scenario: Scenario;
  readonly #rng: Rng;
  readonly #nat: Nat;
  #streams = 0;

  constructor(scenario: Scenario, rng: Rng) {
    this.#scenario = scenario;
    this.#rng = rng;
    this.#nat = new Nat(rng, scenario.ports);
  }

  /** A container to a server, masqueraded. A fixed `port` may be taken: then another container is tried, then any port. */
  outbound(proto: string, serverPort: number, port?: number): Path {
    const isIpv6 = this.#rng.chance(this.#scenario.ipv6);
    let inside: Ends;
    let tries = 0;
    do {
      const clientPort = port !== undefined && tries < 20 ? port : this.#clientPort(tries);
      inside = { client: { address: this.#container(), port: clientPort }, server: this.#server(serverPort) };
      tries++;
    } while (!this.#nat.isFree(familyOf(proto, isIpv6), inside.client, inside.server));
    return this.#masqueraded(proto, isIpv6, inside);
  }

  /** From the container of such a path to its server again, but from and to other ports. */
  again(proto: string, { isIpv6, inside }: Path, serverPort: number): Path {
    if (inside === null) throw new Error("a path that the inside never sees begins in no container");
    const server = { address: inside.server.address, port: serverPort };
    const from = () => ({ address: inside.client.address, port: this.#clientPort(0) });
    let client = from();
    while (!this.#nat.isFree(familyOf(proto, isIpv6), client, server)) client = from();
    return this.#masqueraded(proto, isIpv6, { client, server });
  }

  #masqueraded(proto: string, isIpv6: boolean, inside: Ends): Path {
    const isTranslated = !isIpv6 || this.#scenario.ipv6Masquerade;
    const source = this.#nat.masquerade(
      familyOf(proto, isIpv6),
      inside.client,
      inside.server,
      isTranslated ? HOST : inside.client.address,
    );
    const outside = { client: isTranslated ? source : inside.client, server: inside.server };
    return this.#path(isIpv6, inside, outside, true, 64, this.#farTtl());
  }

  /** A client somewhere to a published port, sent on to a container. */
  published(proto = "tcp"): Path {
    const index = this.#rng.below(this.#scenario.containers);
    let peer: Endpoint;
    const published = { address: HOST, port: 8000 + index };
    const target = { address: container(index), port: 80 };
    do peer = { address: client(this.#rng.below(100)), port: 1024 + this.#rng.below(64_000) };
    while (!this.#nat.isFree(proto, peer, published));
    this.#nat.masquerade(proto, peer, published, peer.address);
    const inside = { client: peer, server: target };
    const outside = { client: peer, server: published };
    return this.#path(false, inside, outside, false, this.#farTtl(), 64);
  }

  /**
   * A client to a port that docker-proxy serves: its connection to the host, and the proxy's to the container. The client
   * is somewhere (IPv6 comes this way where containers have none), or another container.
   */
  proxied(): { front: Path; back: Path } {
    const index = this.#rng.below(this.#scenario.containers);
    const isHairpin = this.#rng.chance(0.15);
    const isIpv6 = !isHairpin && this.#rng.chance(0.5);
    const proxy = { address: HOST, port: 9000 + index };
    const target = { address: container(index), port: 80 };
    const peer = isHairpin
      ? this.#free("tcp", proxy, () => ({ address: this.#container(), port: this.#clientPort(0) }))
      : this.#free("tcp", proxy, () => ({ address: client(this.#rng.below(100)), port: this.#clientPort(0) }));
    const dialling = this.#free("tcp", target, () => ({ address: BRIDGE, port: this.#clientPort(0) }));
    this.#streams++;
    const ends = { client: peer, server: proxy };
    const front = isHairpin
      ? this.#path(false, ends, null, true, 64, 64)
      : this.#path(isIpv6, null, ends, false, this.#farTtl(), 64);
    const back = this.#path(false, { client: dialling, server: target }, null, true, 64, 64);
    return { front: { ...front, stream: this.#streams }, back: { ...back, stream: this.#streams } };
  }

  /** Draws a source until no conversation with this peer had it before. */
  #free(proto: string, to: Endpoint, draw: () => Endpoint): Endpoint {
    let from: Endpoint;
    do from = draw();
    while (!this.#nat.isFree(proto, from, to));
    this.#nat.masquerade(proto, from, to, from.address);
    return from;
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
    let ends: Ends;
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
    return { isIpv6, inside, outside, isClientInside, clientTtl, serverTtl, stream: 0, lastExitNs };
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

function familyOf(proto: string, isIpv6: boolean): string {
  return isIpv6 ? `${proto}6` : proto;
}
