import { joinedNumbers } from "../../../packets/memory/joined.js";
import type { Side } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { ACK, RST } from "../../../protocols/tcp.js";
import { type Drop, isTelling, type Missed, type Packet, packetOf, spanOf } from "./drop.js";
import type { OpenDrops } from "./open-drops.js";
import { Unclear } from "./unclear.js";

/** What drops may be said again by of which nothing tells whether it got through: nothing follows of such a drop any more. */
export class SaidAgain {
  readonly #timeline: Timeline;
  readonly #open: OpenDrops;
  readonly #windowNs: number;
  readonly #unclear = new Unclear();

  constructor(timeline: Timeline, open: OpenDrops, windowNs: number) {
    this.#timeline = timeline;
    this.#open = open;
    this.#windowNs = windowNs;
  }

  /** Takes a packet of which nothing tells whether it got through. Returns the drops that it may be a copy of; they are open no more. */
  by(row: number): readonly Drop[] {
    const t = this.#timeline;
    return this.#by(packetOf(t, row), t.sideOf(row), t.way(row), t.timeNs(row));
  }

  /** The same of one that was taken for a drop. */
  byDrop(drop: Drop): readonly Drop[] {
    return this.#by(drop, drop.side, drop.way, drop.timeNs);
  }

  /** Whether such a packet came behind a drop that may be a copy of it, and that others cannot be told from. */
  isBehind(drop: Missed): boolean {
    return this.#unclear.size > 0 && this.#unclear.isBehind(copyKey(drop.way, drop), drop.timeNs);
  }

  #by(packet: Packet, side: Side, way: number, timeNs: number): readonly Drop[] {
    const keys = [copyKey(way, packet)];
    if (packet.proto === TCP && (packet.tcpFlags & ACK) !== 0) keys.push(acknowledgementKey(way));
    // what is still to be judged waits for its twin no longer than for a window, and captures that are out of order are so by less than another one
    this.#unclear.note(keys, timeNs, timeNs - 2 * this.#windowNs);
    const mayBeIt = (drop: Drop): boolean =>
      drop.side === side && drop.timeNs < timeNs && keys.includes(copyKey(way, drop)) && isTelling(drop);
    const drops = [...this.#open.like(way, packet)].filter(mayBeIt);
    for (const drop of drops) this.#open.keep(drop);
    return drops;
  }
}

/** What a packet of this way has in common with its copies; of one that only acknowledges, any that does as well says as much. */
function copyKey(way: number, packet: Packet): string {
  const { proto, seq, payloadLength, content } = packet;
  if (proto !== TCP) return joinedNumbers(way, proto, seq, payloadLength, content);
  const isBare = spanOf(packet) === 0 && (packet.tcpFlags & RST) === 0;
  return isBare ? acknowledgementKey(way) : joinedNumbers(way, seq, spanOf(packet));
}

/** What all segments of this way that acknowledge have in common. */
function acknowledgementKey(way: number): string {
  return joinedNumbers(way);
}
