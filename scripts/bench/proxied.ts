import { handshake } from "./bulk.js";
import type { Network, Path } from "./network.js";
import { ACK, FIN, PSH } from "./packet.js";
import { STREAM_BYTES, streamAt } from "./payload.js";
import { type Clock, type Lines, Script } from "./script.js";
import type { Scenario } from "./scenarios.js";
import { TcpEnds } from "./tcp-ends.js";

/** What a proxy reads at once, bytes: io.Copy's buffer in docker-proxy. */
const READ_BYTES = 32 * 1024;
/** Requests and answers of which several clients have the very same. */
const POPULAR = 4;

/** One message of a stream. */
interface Message {
  readonly content: number;
  readonly bytes: number;
}

/** A connection through docker-proxy: the client's to the host, and the proxy's to the container, with the same bytes. */
export function proxied(network: Network, front: Path, back: Path, scenario: Scenario): Script {
  return new Script((clock) => new Relay(network, front, back, scenario, clock).lines());
}

class Relay {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #front: TcpEnds;
  readonly #back: TcpEnds;
  readonly #mss: number;

  constructor(network: Network, front: Path, back: Path, scenario: Scenario, clock: Clock) {
    this.#network = network;
    this.#clock = clock;
    this.#front = new TcpEnds(network, front, scenario);
    this.#back = new TcpEnds(network, back, scenario);
    this.#mss = Math.min(this.#front.mss, this.#back.mss);
  }

  *lines(): Lines {
    const { rng } = this.#network;
    yield* handshake(this.#network, this.#clock, this.#front);
    yield* handshake(this.#network, this.#clock, this.#back);
    for (let requests = 1 + rng.below(3); requests > 0; requests--) {
      const popular = rng.chance(0.5) ? 1 + rng.below(POPULAR) : 0;
      const request = this.#message(popular, 60 + 40 * popular, rng.chance(0.1) ? 6000 : 400);
      // the same file, but servers mostly say the time as well
      const answer = this.#message(rng.chance(0.3) ? popular : 0, 500 * (1 + 2 * popular), 60_000);
      yield* this.#pass(true, request);
      yield rng.between(50e3, 5e6);
      yield* this.#pass(false, answer);
      yield rng.exponential(10e6);
    }
    for (const fromClient of rng.chance(0.5) ? [true, false] : [false, true]) yield* this.#close(fromClient);
  }

  #message(popular: number, popularBytes: number, most: number): Message {
    const { rng } = this.#network;
    return popular > 0
      ? { content: 4096 * popular, bytes: popularBytes }
      : { content: 2 * rng.below(STREAM_BYTES / 2), bytes: 2 * (20 + rng.below(most / 2)) };
  }

  /** Has one side say something, in segments of any size, and the proxy say it to the other as it has read it. */
  *#pass(fromClient: boolean, { content, bytes }: Message): Lines {
    const { rng } = this.#network;
    const [from, to] = fromClient ? [this.#front, this.#back] : [this.#back, this.#front];
    let passed = 0;
    for (let said = 0; said < bytes; ) {
      const isCut = fromClient || rng.chance(0.3);
      const segment = Math.min(bytes - said, this.#mss * (isCut ? 1 : 1 + rng.below(20)));
      yield* this.#say(from, fromClient, content, said, segment, said + segment === bytes);
      said += segment;
      // the proxy reads whatever there is, now and then
      if (said < bytes && rng.chance(0.5)) continue;
      for (; passed < said; ) {
        const read = Math.min(said - passed, READ_BYTES);
        yield rng.between(15e3, 120e3);
        yield* this.#say(to, fromClient, content, passed, read, true);
        passed += read;
      }
    }
  }

  /** Sends until it has arrived, and has it acknowledged. */
  *#say(ends: TcpEnds, fromClient: boolean, content: number, at: number, bytes: number, isPushed: boolean): Lines {
    const { rng } = this.#network;
    const flags = isPushed ? ACK | PSH : ACK;
    const poolAt = streamAt(content, at);
    while (!ends.send(fromClient, this.#clock.nowNs, { flags, bytes, poolAt })) yield rng.between(20e6, 60e6);
    (fromClient ? ends.client : ends.server).advance(bytes);
    yield rng.between(4e3, 40e3);
    ends.send(!fromClient, this.#clock.nowNs, { flags: ACK, bytes: 0, poolAt: 0 });
    yield rng.between(4e3, 40e3);
  }

  /** One side is done: the proxy closes the other connection the same way. */
  *#close(fromClient: boolean): Lines {
    const { rng } = this.#network;
    const order = fromClient ? [this.#front, this.#back] : [this.#back, this.#front];
    for (const ends of order) {
      const say = (isClient: boolean, flags: number) =>
        ends.send(isClient, this.#clock.nowNs, { flags, bytes: 0, poolAt: 0 });
      while (!say(fromClient, FIN | ACK)) yield rng.between(20e6, 60e6);
      (fromClient ? ends.client : ends.server).advance(1);
      yield rng.between(10e3, 100e3);
      say(!fromClient, ACK);
      yield rng.between(10e3, 100e3);
    }
  }
}
