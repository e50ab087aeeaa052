import { type Packet, TCP } from "./packet.js";
import { overlap } from "./twins.js";

/** A packet that was seen somewhere. */
interface Sighting {
  readonly timeNs: bigint;
  readonly packet: Packet;
}

/** How far apart the stamps of one packet may be: rules' logs are stamped when they are read. */
const SAME_NS = 1_000_000_000n;

/** Packets that were seen somewhere, to be asked whether another one was among them, before or after a translation of one of its ends or both. */
export class Sightings<T extends Sighting> {
  readonly #byName = new Map<string, T[]>();

  constructor(all: readonly T[]) {
    for (const each of all) {
      for (const name of namesOf(each.packet)) {
        const named = this.#byName.get(name);
        if (named) named.push(each);
        else this.#byName.set(name, [each]);
      }
    }
  }

  /** Those that are this packet, or one like it to the last byte that was kept. */
  of({ packet, timeNs }: Sighting): T[] {
    const found = new Set(namesOf(packet).flatMap((name) => this.#byName.get(name) ?? []));
    return [...found].filter((other) => {
      const apartNs = other.timeNs - timeNs;
      return apartNs <= SAME_NS && -apartNs <= SAME_NS && isSame(packet, other.packet);
    });
  }
}

// What neither a translation nor cutting changes, and one of the ends, as mostly only the other one is rewritten.
function namesOf({ tuple: { proto, src, srcPort, dst, dstPort }, isIpv6, ipId, tcp, fragment }: Packet): string[] {
  const kept = tcp ? `${tcp.ack}` : isIpv6 ? "" : `${ipId}`;
  // whole in one place, a datagram may be in fragments in the other, of which only the first has ports
  const hasPorts = proto === TCP && !fragment;
  return [
    `${proto} ${kept} < ${src} ${hasPorts ? srcPort : ""}`,
    `${proto} ${kept} > ${dst} ${hasPorts ? dstPort : ""}`,
  ];
}

/** TCP may be cut differently, and a datagram be whole in one place and in fragments in the other. */
function isSame(a: Packet, b: Packet): boolean {
  if (a.tcp && b.tcp) {
    if (a.payloadLength !== b.payloadLength) return overlap(a, b);
    return a.tcp.seq === b.tcp.seq && a.ipId === b.ipId && ((a.tcp.flags ^ b.tcp.flags) & CONNECTION_FLAGS) === 0;
  }
  if (a.fragment || b.fragment) return true;
  if (a.length !== b.length || a.icmp?.type !== b.icmp?.type || a.icmp?.code !== b.icmp?.code) return false;
  if (a.quote && b.quote) return a.quote.ipId === b.quote.ipId && a.quote.length === b.quote.length;
  return a.icmp?.seq === b.icmp?.seq && sameBytes(a.payload, b.payload);
}

/** FIN, SYN, RST. */
const CONNECTION_FLAGS = 7;

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length);
  return Buffer.compare(a.subarray(0, length), b.subarray(0, length)) === 0;
}
