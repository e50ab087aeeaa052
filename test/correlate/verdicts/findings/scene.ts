import type { Finding } from "../../../../src/packets/results/findings.js";
import type { FindingCode } from "../../../../src/packets/results/finding-codes.js";
import type { HostRules } from "../../../../src/packets/results/host-rules.js";
import type { ContainerMacs } from "../../../../src/packets/results/container-macs.js";
import { type Outcome, outcomeOf, type Stamped } from "../../outcome.js";
import { CONTAINER, conversation, datagram, HOST, merged, ping, segment, SERVER } from "../../traffic.js";

/** Who talks: a container, its NAT, and a server, which everybody of a scene is unless it says otherwise. */
export interface Ends {
  readonly container?: string;
  readonly nat?: string;
  readonly server?: string;
  readonly port?: number;
  readonly service?: number;
}

export interface Numbers {
  readonly seq?: number;
  readonly ack?: number;
  readonly flags?: number;
  readonly text?: string;
}

/** On which sides a packet is seen. */
export type Where = "both" | "inside" | "outside";

/** What both captures see of a NAT, packet by packet, from some milliseconds on; with 80 packets of a flow before that pair for certain. */
export class Scene {
  readonly inside: Stamped[] = [];
  readonly outside: Stamped[] = [];
  #ipId = 20_000;
  #macs: ContainerMacs | undefined;
  #rules: (() => HostRules) | undefined;

  constructor() {
    const known = conversation(80, { srcPort: 50_000, seed: 7 });
    this.inside.push(...known.inside);
    this.outside.push(...known.outside);
  }

  /** A segment of the container's, which takes 20 µs. */
  up(ms: number, ends: Ends, numbers: Numbers, where: Where = "both"): this {
    const { container = CONTAINER, nat = HOST, server = SERVER, port = 40_000, service = 443 } = ends;
    const of = { dst: server, srcPort: port, dstPort: service, seq: 1000, ack: 0, ...numbers, ipId: this.#next() };
    return this.#cross(ms, true, where, [
      segment({ src: container, ttl: 64, ...of }),
      segment({ src: nat, ttl: 63, ...of }),
    ]);
  }

  /** A segment of the server's. */
  down(ms: number, ends: Ends, numbers: Numbers, where: Where = "both"): this {
    const { container = CONTAINER, nat = HOST, server = SERVER, port = 40_000, service = 443 } = ends;
    const of = { src: server, srcPort: service, dstPort: port, seq: 5000, ack: 1001, ...numbers, ipId: this.#next() };
    return this.#cross(ms, false, where, [
      segment({ dst: container, ttl: 52, ...of }),
      segment({ dst: nat, ttl: 53, ...of }),
    ]);
  }

  /** A datagram, the container's or the server's. */
  datagram(ms: number, ends: Ends, text: string, isUp = true, where: Where = "both"): this {
    const { container = CONTAINER, nat = HOST, server = SERVER, port = 40_000, service = 53 } = ends;
    const ipId = this.#next();
    const packet = (host: string, ttl: number) =>
      isUp
        ? datagram({ src: host, dst: server, srcPort: port, dstPort: service, ipId, ttl, text })
        : datagram({ src: server, dst: host, srcPort: service, dstPort: port, ipId, ttl, text });
    return this.#cross(ms, isUp, where, [packet(container, isUp ? 64 : 52), packet(nat, isUp ? 63 : 53)]);
  }

  /** An echo request of the container's, or the reply. */
  ping(
    ms: number,
    seq: number,
    reply = false,
    where: Where = "both",
    { nat = HOST, server = SERVER }: Ends = {},
  ): this {
    const of = { icmpId: 77, seq, reply, ipId: this.#next() };
    const packet = (host: string, ttl: number) =>
      reply ? ping({ ...of, src: server, dst: host, ttl }) : ping({ ...of, src: host, dst: server, ttl });
    return this.#cross(ms, !reply, where, [packet(CONTAINER, reply ? 52 : 64), packet(nat, reply ? 53 : 63)]);
  }

  /** Any packet as one side alone has it. */
  alone(ms: number, side: "inside" | "outside", packet: Uint8Array, mac?: Uint8Array, macTo?: Uint8Array): this {
    this[side].push({ ns: ms * 1e6, packet, mac, macTo });
    return this;
  }

  /** Which MAC addresses are containers', as the host's snapshot says. */
  of(macs: ContainerMacs): this {
    this.#macs = macs;
    return this;
  }

  /** What the host's rules, and conntrack, say. */
  by(rules: () => HostRules): this {
    this.#rules = rules;
    return this;
  }

  /** So long both captures go on: packets of the known flow, the last of them there. */
  until(ms: number): this {
    const rest = conversation(2, { srcPort: 50_000, seed: 9, startUs: ms * 1000 });
    this.inside.push(...rest.inside);
    this.outside.push(...rest.outside);
    return this;
  }

  /** What is found that has this code; and that it is found the same way however it is run. */
  async findings(code: FindingCode): Promise<Finding[]> {
    const { findings } = await this.outcome();
    return findings.filter((finding) => finding.code === code);
  }

  /** What became of the packets without a twin, in words, in order of time. */
  async verdicts(): Promise<string[]> {
    const { alone } = await this.outcome();
    return alone.map(({ side, frame, verdict, why }) => `${side} ${frame} ${verdict}: ${why}`);
  }

  outcome(): Promise<Outcome> {
    return outcomeOf(merged(this.inside), merged(this.outside), {
      ...(this.#macs && { macs: this.#macs }),
      ...(this.#rules && { rules: this.#rules }),
    });
  }

  #next(): number {
    return ++this.#ipId;
  }

  #cross(ms: number, isUp: boolean, where: Where, [inside, outside]: readonly [Uint8Array, Uint8Array]): this {
    const [insideNs, outsideNs] = isUp ? [ms * 1e6, ms * 1e6 + 20_000] : [ms * 1e6 + 10_000, ms * 1e6];
    if (where !== "outside") this.inside.push({ ns: insideNs, packet: inside });
    if (where !== "inside") this.outside.push({ ns: outsideNs, packet: outside });
    return this;
  }
}
