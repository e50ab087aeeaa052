const SECTION_HEADER = 0x0a0d0d0a;
const ENHANCED_PACKET = 6;

/** What a file is made of, without its header. */
export interface FileRecord {
  readonly timeNs: bigint;
  readonly bytes: Uint8Array;
}

export function isPcapng(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, 4).readUInt32LE() === SECTION_HEADER;
}

/** The frames of a little-endian pcapng whose stamps are nanoseconds, and each one's interface. */
export function readPcapng(bytes: Uint8Array): { interfaceId: number; record: FileRecord }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: { interfaceId: number; record: FileRecord }[] = [];
  for (let at = 0; at < bytes.length; at += view.getUint32(at + 4, true)) {
    if (view.getUint32(at, true) !== ENHANCED_PACKET) continue;
    const timeNs = (BigInt(view.getUint32(at + 12, true)) << 32n) | BigInt(view.getUint32(at + 16, true));
    const captured = view.getUint32(at + 20, true);
    found.push({
      interfaceId: view.getUint32(at + 8, true),
      record: { timeNs, bytes: bytes.subarray(at + 28, at + 28 + captured) },
    });
  }
  return found;
}
