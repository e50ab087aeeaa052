import type { Actor } from "../actor.js";
import { Rng } from "../rng.js";
import { type Lines, Script } from "../script.js";
import { TimeHeap } from "../time-heap.js";
import { CapturePoint, START_NS } from "./capture.js";
import { framesOf } from "./frame.js";
import type { End, Packet, Quote } from "./packet.js";

export type Direction = "outbound" | "inbound";
type Side = "inside" | "outside";

/** A conversation's ends as each side sees them: `near` is behind the NAT, `far` somewhere. */
interface Ends {
  readonly inside: { readonly near: End; readonly far: End };
  readonly outside: { readonly near: End; readonly far: End };
}

export interface Flow extends Ends {
  readonly id: number;
  readonly proto: number;
}

/** What one side shows of what was sent as one: segments of a super-segment, or simply the packet. */
export type Parts = Packet | readonly Packet[];

/** How the router treats what it is given. A scenario changes what it is about. */
export interface RouterModel {
  /** From entry to exit, ns, before anything waits for what went before it. */
  latencyNs: (direction: Direction, nowNs: number) => number;
  /** Whether packets of one direction leave in the order they entered. */
  isFifo: boolean;
  drops: (direction: Direction, nowNs: number) => boolean;
  /** How much later a network hands the host a packet once more that it handed it now, ns; 0 for not at all. */
  againAfterNs: (direction: Direction) => number;
  /** What leaves for what entered, its TTL lowered already. */
  rewrite: (packet: Packet, direction: Direction) => Packet;
  /** How ports and ICMP ids are translated: kept unless taken, or always drawn. */
  ports: "kept" | "random";
}

/** What became of a packet, as the network knows it. */
export interface Fate {
  readonly serial: number;
  /** The flow's id; 0 of what is nobody's. */
  readonly flow: number;
  readonly direction: Direction;
  readonly entered: Parts;
  /** Null where it was dropped or never to be forwarded. */
  readonly left: Parts | null;
  readonly entryNs: number;
  readonly exitNs: number;
  readonly isLocal: boolean;
  /** Whether it is one that the network handed over once more. */
  readonly isAgain: boolean;
  /** Whether it was said to be beyond what evidence decides: see `SendOptions.why`. */
  readonly isUndecidable: boolean;
}

export interface SendOptions {
  /** Dropped, or not, whatever the router's model says. */
  readonly drop?: boolean;
  readonly latencyNs?: number;
  /** A capture point that misses it for certain. */
  readonly missed?: Side;
  /** What leaves, where it is not what the router's model makes of what enters. */
  readonly left?: Parts;
  /** How far apart a packet's frames are on either side, ns, where it is cut. */
  readonly spacingNs?: number;
  /** Whether they leave in another order. */
  readonly shuffle?: boolean;
  /** Why nothing that the captures hold decides what it is the twin of, where `decide.ts` cannot see that by itself. */
  readonly why?: string;
}

/** Where the masquerading host has its addresses, and where its containers and the servers have theirs. */
export const HOST = "10.0.2.15";
export const HOST6 = "2001:db8:0:f::2";
export const container = (index: number): string => `172.17.0.${2 + index}`;
export const container6 = (index: number): string => `fd00:d0c5::${(2 + index).toString(16)}`;
export const server = (index: number): string => `198.51.100.${1 + index}`;
export const server6 = (index: number): string => `2001:db8:1::${(1 + index).toString(16)}`;

/** A host that forwards and translates, the two captures that watch it, and those who talk through it. */
export class World {
  readonly rng: Rng;
  readonly inside = new CapturePoint();
  readonly outside = new CapturePoint();
  readonly router: RouterModel;
  readonly fates: Fate[] = [];
  readonly flows: Flow[] = [];
  /** How much slower than said everything goes that takes its time from this: another in each world. */
  readonly pace: number;
  nowNs = START_NS;
  readonly #actors: Actor[] = [];
  readonly #turns = new TimeHeap();
  readonly #taken = new Set<string>();
  readonly #lastExitNs = { outbound: 0, inbound: 0 };
  #serial = 0;

  constructor(seed: number) {
    this.rng = new Rng(seed);
    this.pace = this.rng.between(0.8, 1.5);
    this.router = {
      latencyNs: () => 8_000 + Math.min(this.rng.exponential(9_000), 68_000),
      isFifo: true,
      drops: () => false,
      againAfterNs: () => 0,
      rewrite: (packet) => packet,
      ports: "kept",
    };
  }

  /** Lets a conversation begin after this long; its lines yield how long they wait. */
  start(afterNs: number, lines: () => Lines): void {
    this.#enter(afterNs, new Script(lines));
  }

  /** Has something happen after this long. */
  after(afterNs: number, act: () => unknown): void {
    this.#enter(afterNs, {
      step: () => {
        act();
        return -1;
      },
    });
  }

  #enter(afterNs: number, actor: Actor): void {
    this.#actors.push(actor);
    this.#turns.push(this.nowNs + afterNs, this.#actors.length - 1);
  }

  /** Lets all conversations come to their end, or go on until the inside capture has so many frames. */
  run(packets = Infinity): void {
    while (this.#turns.size > 0 && this.inside.taps.length < packets) {
      this.nowNs = this.#turns.time;
      const nextNs = this.#actors[this.#turns.id].step(this.nowNs);
      if (nextNs < 0) this.#turns.pop();
      else this.#turns.postpone(nextNs);
    }
  }

  /** A conversation from behind the NAT, masqueraded: the port is kept unless taken. */
  flow(proto: number, near: End, far: End): Flow {
    const isIpv6 = near.address.includes(":");
    const address = isIpv6 ? HOST6 : HOST;
    const isFree = (port: number) => !this.#taken.has(`${proto} ${address} ${port} ${far.address} ${far.port}`);
    let { port } = near;
    const isDrawn = this.router.ports === "random" && port !== 0;
    if (port !== 0)
      while (isDrawn ? port === near.port || !isFree(port) : !isFree(port)) port = 1024 + this.rng.below(64_000);
    this.#taken.add(`${proto} ${address} ${port} ${far.address} ${far.port}`);
    return this.mapped(proto, { near, far }, { near: { address, port }, far });
  }

  /** A conversation with any ends. */
  mapped(proto: number, inside: Flow["inside"], outside: Flow["outside"]): Flow {
    const flow = { id: this.flows.length + 1, proto, inside, outside };
    this.flows.push(flow);
    return flow;
  }

  /** Has what leaves wait in a queue that is so long, in time, so long after the start. */
  queue(waitNs: (sinceNs: number) => number): void {
    const { latencyNs } = this.router;
    this.router.latencyNs = (direction, nowNs) =>
      latencyNs(direction, nowNs) + (direction === "outbound" ? waitNs(nowNs - START_NS) : 0);
  }

  /** Forgets which ports are taken: `conntrack -F`. */
  flush(): void {
    this.#taken.clear();
  }

  /**
   * Sends a packet through the host at this moment, and once more where the network hands it over twice.
   *
   * @returns when it left, or -1 where it was dropped.
   */
  send(flow: Flow, direction: Direction, entered: Parts, options: SendOptions = {}): number {
    const againNs = this.router.againAfterNs(direction);
    if (againNs > 0) this.after(againNs, () => this.#forward(flow, direction, entered, options, true));
    return this.#forward(flow, direction, entered, options, false);
  }

  #forward(flow: Flow, direction: Direction, entered: Parts, options: SendOptions, isAgain: boolean): number {
    const { router } = this;
    const serial = this.#nextSerial();
    const [entry, exit]: [Side, Side] = direction === "outbound" ? ["inside", "outside"] : ["outside", "inside"];
    const enteredNs = this.#show(entry, flow, direction, entered, this.nowNs, serial, options, false);
    const isDropped = options.drop ?? router.drops(direction, this.nowNs);
    let exitNs = -1;
    let left: Parts | null = null;
    if (!isDropped) {
      left = options.left ?? passed(entered, (one) => router.rewrite({ ...one, ttl: one.ttl - 1 }, direction));
      exitNs = Math.floor(enteredNs + (options.latencyNs ?? router.latencyNs(direction, this.nowNs)));
      if (router.isFifo && options.latencyNs === undefined) {
        exitNs = Math.max(exitNs, this.#lastExitNs[direction] + 200);
        this.#lastExitNs[direction] = exitNs;
      }
      this.#show(exit, flow, direction, left, exitNs, serial, options, options.shuffle ?? false);
    }
    const { id } = flow;
    const isUndecidable = options.why !== undefined;
    const entryNs = this.nowNs;
    const fate = { serial, flow: id, direction, entered, left, entryNs, exitNs };
    this.fates.push({ ...fate, isLocal: false, isAgain, isUndecidable });
    return exitNs;
  }

  /** Sends what is seen on one side alone and meant for no other: the host's own. */
  local(side: Side, ends: Ends, direction: Direction, entered: Packet): void {
    const serial = this.#nextSerial();
    this.#show(side, ends, direction, entered, this.nowNs, serial, {}, false);
    const entryNs = this.nowNs;
    const fate = { serial, flow: 0, direction, entered, left: null, entryNs, exitNs: -1 };
    this.fates.push({ ...fate, isLocal: true, isAgain: false, isUndecidable: false });
  }

  /** A packet as an ICMP error quotes it. */
  quote({ inside, outside }: Flow, direction: Direction, packet: Packet): Quote {
    const ends = ({ near, far }: Flow["inside"]): readonly [End, End] =>
      direction === "outbound" ? [near, far] : [far, near];
    return { packet, ends: { inside: ends(inside), outside: ends(outside) } };
  }

  /** Serials of two packets never follow each other: in `truth.ts` that says that two are parts of one. */
  #nextSerial(): number {
    this.#serial += 2;
    return this.#serial;
  }

  /** @returns the time of the last frame. */
  #show(
    side: Side,
    ends: Ends,
    direction: Direction,
    parts: Parts,
    timeNs: number,
    serial: number,
    options: SendOptions,
    isShuffled: boolean,
  ): number {
    const point = this[side];
    const { near, far } = ends[side];
    const isOutbound = direction === "outbound";
    const [src, dst] = isOutbound ? [near, far] : [far, near];
    const { link, mtu } = point.model;
    const frames = listOf(parts).flatMap((part) => framesOf(part, { side, src, dst, isOutbound, link, mtu }));
    if (isShuffled) this.#shuffle(frames);
    let atNs = timeNs;
    for (const [i, bytes] of frames.entries()) {
      if (i > 0) atNs += options.spacingNs ?? 1_000;
      point.see(bytes, atNs, serial, options.missed === side);
    }
    return atNs;
  }

  #shuffle(frames: Buffer[]): void {
    for (let i = frames.length - 1; i > 0; i--) {
      const j = this.rng.below(i + 1);
      [frames[i], frames[j]] = [frames[j], frames[i]];
    }
  }
}

export function listOf(parts: Parts): readonly Packet[] {
  return "proto" in parts ? [parts] : parts;
}

function passed(parts: Parts, by: (packet: Packet) => Packet): Parts {
  return "proto" in parts ? by(parts) : parts.map(by);
}
