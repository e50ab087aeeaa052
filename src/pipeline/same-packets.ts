import type { Decoder } from "../wire/decode.js";
import { type Opening, TELLING_FRAMES } from "./hash-limit.js";

/** As much of a packet, from its IP header on, tells it: both addresses, the TTL, an identification, the transport header. */
const TELLING_BYTES = 64;
/** The kernel stamps a packet once, whoever captures it then: the captures' units alone make a difference, nanoseconds. */
const TOLERANCE_NS = 1000n;

/** A capture whose packets are looked at. */
type Looked = Opening<"interfaces" | "epochNs">;

/**
 * Whether two captures show the same packets at the same time, as nothing does that was forwarded in between: that lowers the TTL, and takes its time. They
 * are one capture, or were taken at one point, or one of them was taken on all interfaces. Of those first packets that were stamped while both
 * were running, a quarter must be in both: where an interface is captured alone and among all, the kernel may stamp a packet for each.
 */
export function areOfOnePoint(decoder: Decoder, one: Looked, other: Looked): boolean {
  const [a, b] = [packetsOf(decoder, one), packetsOf(decoder, other)];
  if (a.length === 0 || b.length === 0) return false;
  const [fromNs, toNs] = [a, b]
    .map((packets) => [packets[0].timeNs, packets[packets.length - 1].timeNs])
    .reduce(([from, to], [first, last]) => [first > from ? first : from, last < to ? last : to]);
  const [inA, inB] = [a, b].map((packets) =>
    packets.filter(({ timeNs }) => timeNs >= fromNs - TOLERANCE_NS && timeNs <= toNs + TOLERANCE_NS),
  );
  const stamps = new Map<string, bigint[]>();
  for (const { bytes, timeNs } of inB) stamps.set(bytes, [...(stamps.get(bytes) ?? []), timeNs]);
  const isInB = ({ bytes, timeNs }: Packet): boolean =>
    stamps.get(bytes)?.some((other) => timeNs - other <= TOLERANCE_NS && other - timeNs <= TOLERANCE_NS) ?? false;
  const same = inA.filter(isInB).length;
  return same > 0 && 4 * same >= Math.min(inA.length, inB.length);
}

/** A packet, and when it was captured, nanoseconds since 1970. */
interface Packet {
  readonly bytes: string;
  readonly timeNs: bigint;
}

function packetsOf(decoder: Decoder, { source, batches }: Looked): Packet[] {
  const packets: Packet[] = [];
  for (const batch of batches) {
    const headers = decoder.ipHeaders(batch, source.interfaces);
    for (let row = 0; row < batch.count && row < TELLING_FRAMES; row++) {
      if (headers[row] < 0) continue;
      const end = Math.min(batch.start[row] + batch.captured[row], headers[row] + TELLING_BYTES);
      const bytes = Buffer.from(batch.data.subarray(headers[row], end)).toString("latin1");
      packets.push({ bytes, timeNs: source.epochNs + BigInt(Math.round(batch.timeNs[row])) });
    }
  }
  return packets;
}
