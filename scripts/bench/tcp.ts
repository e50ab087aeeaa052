import type { Actor } from "./actor.js";
import type { Network, Path } from "./network.js";
import { ACK, FIN, PSH, SYN } from "./packet.js";
import type { Scenario } from "./scenarios.js";
import { TcpEnds } from "./tcp-ends.js";

type Phase =
  | "syn"
  | "syn-ack"
  | "established"
  | "request"
  | "response"
  | "dup-ack"
  | "ack"
  | "fin"
  | "fin-ack"
  | "last-ack";

/** A TCP connection: handshake, some requests with responses of many segments, FIN. What is lost is sent again. */
export class TcpConnection implements Actor {
  readonly #network: Network;
  readonly #scenario: Scenario;
  readonly #ends: TcpEnds;
  #phase: Phase = "syn";
  #requestsLeft: number;
  #segmentsLeft = 0;
  #unacknowledged = 0;
  #dupAcksLeft = 0;

  constructor(network: Network, path: Path, scenario: Scenario) {
    const { rng } = network;
    this.#network = network;
    this.#scenario = scenario;
    this.#ends = new TcpEnds(network, path, scenario);
    this.#requestsLeft = 1 + rng.below(4);
  }

  step(nowNs: number): number {
    const { rng } = this.#network;
    switch (this.#phase) {
      case "syn":
        if (!this.#send(true, SYN, 0, nowNs)) return nowNs + rng.between(50e6, 100e6);
        this.#ends.client.advance(1);
        return this.#then("syn-ack", this.#later(nowNs));
      case "syn-ack":
        if (!this.#send(false, SYN | ACK, 0, nowNs)) return nowNs + rng.between(50e6, 100e6);
        this.#ends.server.advance(1);
        return this.#then("established", nowNs + rng.between(20e3, 100e3));
      case "established":
        this.#send(true, ACK, 0, nowNs);
        return this.#then("request", nowNs + rng.between(20e3, 500e3));
      case "request":
        return this.#request(nowNs);
      case "response":
        return this.#respond(nowNs);
      case "dup-ack":
        this.#send(true, ACK, 0, nowNs);
        return this.#then(--this.#dupAcksLeft > 0 ? "dup-ack" : "response", nowNs + rng.between(10e3, 200e3));
      case "ack":
        return this.#acknowledge(nowNs);
      case "fin":
        if (!this.#send(true, FIN | ACK, 0, nowNs)) return nowNs + rng.between(20e6, 60e6);
        this.#ends.client.advance(1);
        return this.#then("fin-ack", this.#later(nowNs));
      case "fin-ack":
        if (!this.#send(false, FIN | ACK, 0, nowNs)) return nowNs + rng.between(20e6, 60e6);
        this.#ends.server.advance(1);
        return this.#then("last-ack", nowNs + rng.between(20e3, 200e3));
      case "last-ack":
        break;
    }
    this.#send(true, ACK, 0, nowNs);
    return -1;
  }

  #request(nowNs: number): number {
    const { rng } = this.#network;
    const bytes = 80 + rng.below(400);
    if (!this.#send(true, PSH | ACK, bytes, nowNs)) return nowNs + rng.between(10e6, 50e6);
    this.#ends.client.advance(bytes);
    this.#requestsLeft--;
    this.#segmentsLeft = 1 + rng.below(this.#scenario.responseSegments);
    return this.#then("response", this.#later(nowNs));
  }

  #respond(nowNs: number): number {
    const { rng } = this.#network;
    const isLast = this.#segmentsLeft === 1;
    const full = this.#ends.mss;
    const bytes = isLast ? 1 + rng.below(full) : full;
    if (!this.#send(false, isLast ? PSH | ACK : ACK, bytes, nowNs)) {
      this.#dupAcksLeft = 1 + rng.below(3);
      return this.#then("dup-ack", nowNs + rng.between(20e3, 200e3));
    }
    this.#ends.server.advance(bytes);
    this.#segmentsLeft--;
    // Every second segment is acknowledged, RFC 5681 section 4.2, and the last one.
    if (++this.#unacknowledged < 2 && !isLast) return nowNs + rng.between(1e3, 12e3);
    return this.#then("ack", nowNs + rng.between(10e3, 100e3));
  }

  #acknowledge(nowNs: number): number {
    const { rng } = this.#network;
    this.#send(true, ACK, 0, nowNs);
    this.#unacknowledged = 0;
    if (this.#segmentsLeft > 0) return this.#then("response", nowNs + rng.between(20e3, 2e6));
    return this.#then(this.#requestsLeft > 0 ? "request" : "fin", this.#later(nowNs));
  }

  #then(phase: Phase, atNs: number): number {
    this.#phase = phase;
    return atNs;
  }

  #later(nowNs: number): number {
    return nowNs + 1e6 + this.#network.rng.exponential(this.#scenario.gapNs);
  }

  #send(fromClient: boolean, flags: number, bytes: number, nowNs: number): boolean {
    const { seq } = fromClient ? this.#ends.client : this.#ends.server;
    // What is sent again is the same bytes: they follow from where they lie in the stream.
    const poolAt = bytes === 0 ? 0 : (Math.imul(seq, 0x9e3779b1) >>> 16) & ~1;
    return this.#ends.send(fromClient, nowNs, { flags, bytes, poolAt });
  }
}
