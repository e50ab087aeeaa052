import type { Actor } from "./actor.js";
import { End } from "./end.js";
import type { Network, Path } from "./network.js";
import { ICMP } from "./packet.js";
import { ALPHABET_AT, COUNTING_AT, ZEROS_AT } from "./payload.js";

/** Whose ping it is: what it sends as payload, and how it counts. */
export type PingKind = "busybox" | "windows" | "iputils";
export const PING_KINDS: readonly PingKind[] = ["busybox", "windows", "iputils"];

/** ping: a request, its reply, a pause. */
export class Ping implements Actor {
  readonly #network: Network;
  readonly #path: Path;
  readonly #kind: PingKind;
  readonly #client: End;
  readonly #server: End;
  readonly #intervalNs: number;
  #seq: number;
  #requestsLeft: number;
  #isAsked = false;
  #askedNs = 0;

  constructor(network: Network, path: Path, kind: PingKind) {
    const { rng } = network;
    this.#network = network;
    this.#path = path;
    this.#kind = kind;
    this.#client = new End(rng, false);
    this.#server = new End(rng, rng.chance(0.2));
    this.#intervalNs = 10e6 * (1 + rng.below(20));
    this.#seq = kind === "windows" ? rng.below(2000) : kind === "busybox" ? 0 : 1;
    this.#requestsLeft = 5 + rng.below(100);
  }

  step(nowNs: number): number {
    const { rng } = this.#network;
    if (!this.#isAsked) this.#askedNs = nowNs;
    const arrived = this.#send(!this.#isAsked, nowNs);
    if (!this.#isAsked && arrived) {
      this.#isAsked = true;
      return nowNs + rng.between(1e6, 9e6);
    }
    this.#isAsked = false;
    this.#seq = (this.#seq + 1) & 0xffff;
    return --this.#requestsLeft === 0 ? -1 : this.#askedNs + this.#intervalNs + rng.between(0, 100e3);
  }

  #send(isRequest: boolean, nowNs: number): boolean {
    const { packet } = this.#network;
    packet.reset(ICMP, this.#path.isIpv6, (isRequest ? this.#client : this.#server).nextIpId());
    packet.df = isRequest && this.#kind === "iputils";
    packet.isEchoReply = !isRequest;
    packet.echoSeq = this.#seq;
    switch (this.#kind) {
      case "busybox":
        packet.payloadLength = 56;
        packet.poolAt = ZEROS_AT;
        break;
      case "windows":
        packet.payloadLength = 32;
        packet.poolAt = ALPHABET_AT;
        break;
      case "iputils":
        packet.payloadLength = 56;
        packet.poolAt = COUNTING_AT;
        packet.lead[0] = 1_700_000_000 + Math.floor(this.#askedNs / 1e9);
        packet.lead[1] = 0;
        packet.lead[2] = Math.floor((this.#askedNs % 1e9) / 1e3);
        packet.lead[3] = 0;
        packet.leadWords = 4;
        break;
    }
    return this.#network.send(this.#path, isRequest, nowNs);
  }
}
