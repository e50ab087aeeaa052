/** Capture files for tests. */

export interface PcapFrame {
  /** Epoch nanoseconds. */
  readonly timeNs: bigint;
  readonly frame: Uint8Array;
  /** Bytes the frame had on the wire, where more than are there. */
  readonly original?: number;
}

const NS_MAGIC = 0xa1b23c4d;
const NS_PER_S = 1_000_000_000n;

/** A little-endian pcap file with nanosecond stamps. https://ietf-opsawg-wg.github.io/draft-ietf-opsawg-pcap/ */
export function pcap(
  frames: readonly PcapFrame[],
  { linkType = 1, snaplen = 262144 }: { readonly linkType?: number; readonly snaplen?: number } = {},
): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(NS_MAGIC, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(snaplen, 16);
  header.writeUInt32LE(linkType, 20);
  const records = frames.flatMap(({ timeNs, frame, original }) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Number(timeNs / NS_PER_S), 0);
    record.writeUInt32LE(Number(timeNs % NS_PER_S), 4);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(original ?? frame.length, 12);
    return [record, frame];
  });
  return Buffer.concat([header, ...records]);
}

/**
 * A pcapng file of one interface with nanosecond stamps, as dumpcap 4.4 writes it: what the interface lost stands at its end alone, in a
 * statistics block whose times count microseconds. draft-ietf-opsawg-pcapng
 */
export function dumpcap(frames: readonly PcapFrame[], lost: number): Buffer {
  const endUs = frames.reduce((last, { timeNs }) => (timeNs > last ? timeNs : last), 0n) / 1000n + 1_000_000n;
  const section = block(0x0a0d0d0a, words(0x1a2b3c4d, 0x00000001, 0xffffffff, 0xffffffff));
  const description = block(1, Buffer.concat([words(1, 262_144), option(9, Uint8Array.of(9)), option(0)]));
  const packets = frames.map(({ timeNs, frame, original }) => {
    const padding = Buffer.alloc(-frame.length & 3);
    return block(
      6,
      Buffer.concat([words(0, ...halves(timeNs), frame.length, original ?? frame.length), frame, padding]),
    );
  });
  const statistics = Buffer.concat([
    words(0, ...halves(endUs)),
    option(1, Buffer.from("Counters provided by dumpcap")),
    option(3, words(...halves(endUs))),
    option(4, words(frames.length + lost, 0)),
    option(5, words(lost, 0)),
    option(0),
  ]);
  return Buffer.concat([section, description, ...packets, block(5, statistics)]);
}

function block(type: number, body: Uint8Array): Buffer {
  const length = words(body.length + 12);
  return Buffer.concat([words(type), length, body, length]);
}

function option(code: number, value: Uint8Array = new Uint8Array(0)): Buffer {
  return Buffer.concat([words(code + value.length * 0x1_0000), value, Buffer.alloc(-value.length & 3)]);
}

/** The upper and the lower word of a stamp. */
function halves(stamp: bigint): [number, number] {
  return [Number(stamp >> 32n), Number(stamp & 0xffffffffn)];
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, 4 * at);
  return bytes;
}
