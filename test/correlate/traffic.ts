import { echo, filler, ipv4, tcp, udp } from "../support/packets.js";
import type { Stamped } from "./outcome.js";

export const CONTAINER = "172.17.0.2";
export const OTHER = "172.17.0.3";
export const HOST = "10.0.2.15";
export const SERVER = "180.101.49.11";
export const CLIENT = "10.0.2.2";

interface Header {
  readonly src: string;
  readonly dst: string;
  readonly ipId: number;
  readonly ttl: number;
  readonly tos?: number;
  readonly df?: boolean;
}

const header = ({ src, dst, ipId, ttl, tos = 0, df = true }: Header) => ({ src, dst, id: ipId, ttl, tos, df });

/** An echo request, or a reply, with a payload of its own for every seq. */
export function ping(of: Header & { icmpId: number; seq: number; reply?: boolean }): Uint8Array {
  const { icmpId, seq, reply = false } = of;
  return ipv4(header(of), echo({ id: icmpId, seq, reply, payload: filler(56, seq) }));
}

export function datagram(of: Header & { srcPort: number; dstPort: number; text: string }): Uint8Array {
  return ipv4(header(of), udp({ srcPort: of.srcPort, dstPort: of.dstPort, payload: Buffer.from(of.text) }));
}

export interface Segment extends Header {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags?: number;
  readonly text?: string;
}

export function segment({ srcPort, dstPort, seq, ack, flags = 0x10, text = "", ...of }: Segment): Uint8Array {
  return ipv4(header(of), tcp({ srcPort, dstPort, seq, ack, flags, payload: Buffer.from(text) }));
}

export const SYN = 0x02;
export const SYN_ACK = 0x12;

/** The two sides of the same traffic. */
export interface Sides {
  readonly inside: Stamped[];
  readonly outside: Stamped[];
}

/**
 * A masqueraded TCP conversation: `count` segments, one every `everyUs`, of the container and of the server in turn, each
 * seen on the side it goes to 20 µs (outbound) or 10 µs (inbound) later.
 */
export function conversation(
  count: number,
  {
    startUs = 0,
    everyUs = 100,
    srcPort = 40_000,
    insideSrc = CONTAINER,
    outsideSrc = HOST,
    insideDst = SERVER,
    seed = 1,
  } = {},
): Sides {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < count; n++) {
    const ns = (startUs + n * everyUs) * 1000;
    const numbers = {
      seq: seed * 1_000_000 + 100 * n,
      ack: seed * 2_000_000 + 100 * n,
      ipId: (seed * 1000 + n) & 0xffff,
    };
    if (n % 2 === 0) {
      const out = { srcPort, dstPort: 80, ...numbers };
      inside.push({ ns, packet: segment({ src: insideSrc, dst: insideDst, ttl: 64, ...out }) });
      outside.push({ ns: ns + 20_000, packet: segment({ src: outsideSrc, dst: SERVER, ttl: 63, ...out }) });
    } else {
      const back = { srcPort: 80, dstPort: srcPort, ...numbers };
      inside.push({ ns: ns + 10_000, packet: segment({ src: insideDst, dst: insideSrc, ttl: 52, ...back }) });
      outside.push({ ns, packet: segment({ src: SERVER, dst: outsideSrc, ttl: 53, ...back }) });
    }
  }
  return { inside, outside };
}

/** All captures' packets in one, by time. */
export function merged(...parts: readonly (readonly Stamped[])[]): Stamped[] {
  return parts.flat().sort((a, b) => a.ns - b.ns);
}

/** Pairs [1, 1] … [count, count]. */
export function inStep(count: number): [number, number][] {
  return Array.from({ length: count }, (_, at) => [at + 1, at + 1]);
}
