/** Classic pcap files for tests. */

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
