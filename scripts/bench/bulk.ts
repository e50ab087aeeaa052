import { type Cut, inOrder, piecesOf, type View } from "./cuts.js";
import type { Network, Path } from "./network.js";
import { ACK, FIN, PSH, SYN } from "./packet.js";
import { STREAM_BYTES, streamAt } from "./payload.js";
import { type Clock, type Lines, Script } from "./script.js";
import type { Scenario } from "./scenarios.js";
import { TcpEnds } from "./tcp-ends.js";

/** Segments of one super-segment at the most: 64 KiB with all headers, GSO_MAX_SIZE. */
const MOST_SEGMENTS = 44;
/** A sender knows of a loss after a round trip at the earliest; to a server elsewhere that takes so long at least, ns. */
const ROUND_TRIP_NS = 2e6;

/**
 * How offload makes the two sides differ: the card cuts what the first one shows whole (GSO), or the host has put together
 * what it received in pieces (GRO), or both sides show it whole.
 */
type Offload = "cut" | "merged" | "none";

/** A TCP connection that moves bytes in super-segments. What is lost is sent again, cut otherwise. */
export function bulkTransfer(network: Network, path: Path, scenario: Scenario): Script {
  return new Script((clock) => new Transfer(network, path, scenario, clock).lines());
}

class Transfer {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #ends: TcpEnds;
  readonly #mss: number;
  readonly #isUpload: boolean;
  readonly #offload: Offload;
  readonly #content: number;
  readonly #pieceLoss: number;
  #sent = 0;
  /** Which pieces of the segment sent last were lost behind the cut: where each begins, and its bytes. */
  #lost: { readonly at: number; readonly bytes: number }[] = [];

  constructor(network: Network, path: Path, scenario: Scenario, clock: Clock) {
    const { rng } = network;
    this.#network = network;
    this.#clock = clock;
    this.#ends = new TcpEnds(network, path, scenario);
    this.#mss = this.#ends.mss;
    this.#pieceLoss = scenario.segmentPieceLoss;
    this.#isUpload = rng.chance(0.5);
    const draw = rng.unit();
    this.#offload = draw < 0.6 ? "cut" : draw < 0.85 ? "merged" : "none";
    this.#content = 2 * rng.below(STREAM_BYTES / 2);
  }

  *lines(): Lines {
    const { rng } = this.#network;
    yield* handshake(this.#network, this.#clock, this.#ends);
    for (let bursts = 1 + rng.below(6); bursts > 0; bursts--) {
      yield* this.#burst(bursts === 1);
      yield rng.exponential(20e6);
    }
    this.#say(!this.#isUpload, FIN | ACK);
    (this.#isUpload ? this.#ends.server : this.#ends.client).advance(1);
    yield rng.between(20e3, 200e3);
    this.#say(this.#isUpload, ACK);
  }

  /** Sends some bytes until all have arrived; the last of the connection with FIN. */
  *#burst(isLast: boolean): Lines {
    const { rng } = this.#network;
    const from = this.#isUpload ? this.#ends.client : this.#ends.server;
    let left = this.#mss * rng.below(MOST_SEGMENTS) + 2 * (1 + rng.below(this.#mss / 2));
    let most = MOST_SEGMENTS;
    while (left > 0) {
      // as much as the window lets through, or as came in together
      const bytes = Math.min(left, this.#mss * (1 + rng.below(most)));
      const isEnd = bytes === left;
      let arrived = this.#data(0, bytes, ACK | (isEnd ? PSH : 0) | (isEnd && isLast ? FIN : 0));
      yield rng.between(80e3, 400e3);
      // RFC 2018: what was received tells what is missing, and nothing else goes again
      if (this.#lost.length > 0 && rng.chance(0.6)) {
        yield* this.#repair();
        arrived = true;
      }
      if (arrived) {
        from.advance(bytes);
        this.#sent += bytes;
        left -= bytes;
      }
      yield* this.#acknowledge();
      // what is lost goes again after a round trip, in smaller portions: the window has shrunk
      if (!arrived) {
        most = Math.max(1, most >> 2);
        yield rng.between(ROUND_TRIP_NS, 10 * ROUND_TRIP_NS);
      }
      if (arrived && bytes > this.#mss && rng.chance(0.05)) yield* this.#again(bytes);
    }
    if (isLast) from.advance(1);
    yield rng.between(20e3, 300e3);
    this.#say(!this.#isUpload, ACK);
  }

  /** Something of the last `bytes` was lost further on: some segments out of their middle come again, with IP IDs of their own. */
  *#again(bytes: number): Lines {
    const { rng } = this.#network;
    yield rng.between(ROUND_TRIP_NS, 10 * ROUND_TRIP_NS);
    const segments = Math.floor(bytes / this.#mss);
    const first = rng.below(segments);
    const count = 1 + rng.below(Math.min(4, segments - first));
    this.#data(first * this.#mss - bytes, count * this.#mss, ACK);
    yield rng.between(80e3, 400e3);
  }

  /** Sends each lost piece again until it arrives. */
  *#repair(): Lines {
    const { rng } = this.#network;
    for (const { at, bytes } of this.#lost) {
      yield* this.#acknowledge();
      do yield rng.between(ROUND_TRIP_NS, 10 * ROUND_TRIP_NS);
      while (!this.#data(at, bytes, ACK));
    }
  }

  /** @param offset from the next byte on; what was sent before is sent again where it is negative. */
  #data(offset: number, bytes: number, flags: number): boolean {
    const poolAt = streamAt(this.#content, this.#sent + offset);
    const cut = this.#cutOf(bytes);
    return this.#ends.send(this.#isUpload, this.#clock.nowNs, { flags, bytes, poolAt, offset, cut });
  }

  #cutOf(bytes: number): Cut {
    const whole = inOrder([bytes]);
    const pieces = inOrder(piecesOf(bytes, this.#mss));
    this.#lost = [];
    if (this.#offload === "none") return { entry: whole, exit: whole };
    return this.#offload === "cut" ? { entry: whole, exit: this.#thinned(pieces) } : { entry: pieces, exit: whole };
  }

  /** Some pieces of several, but never none. */
  #thinned({ pieces, order }: View): View {
    if (this.#pieceLoss === 0 || pieces.length === 1) return { pieces, order };
    const left = order.filter(() => !this.#network.rng.chance(this.#pieceLoss));
    if (left.length === 0) return { pieces, order };
    for (const [k, bytes] of pieces.entries()) if (!left.includes(k)) this.#lost.push({ at: k * this.#mss, bytes });
    return { pieces, order: left };
  }

  /** The receiver says a few times how far it got, or that something is missing. */
  *#acknowledge(): Lines {
    const { rng } = this.#network;
    for (let acks = 1 + rng.below(3); acks > 0; acks--) {
      this.#say(!this.#isUpload, ACK);
      // further apart than any stamp is off: without IP IDs these may be the same, and nothing but their order tells
      yield rng.between(35e3, 90e3);
    }
  }

  #say(fromClient: boolean, flags: number): void {
    this.#ends.send(fromClient, this.#clock.nowNs, { flags, bytes: 0, poolAt: 0 });
  }
}

/** SYN, SYN-ACK and ACK, each again until it arrives. */
export function* handshake(network: Network, clock: Clock, ends: TcpEnds): Lines {
  const { rng } = network;
  const say = (fromClient: boolean, flags: number) =>
    ends.send(fromClient, clock.nowNs, { flags, bytes: 0, poolAt: 0 });
  while (!say(true, SYN)) yield rng.between(50e6, 100e6);
  ends.client.advance(1);
  yield rng.between(20e3, 3e6);
  while (!say(false, SYN | ACK)) yield rng.between(50e6, 100e6);
  ends.server.advance(1);
  yield rng.between(20e3, 100e3);
  say(true, ACK);
  yield rng.between(20e3, 500e3);
}
