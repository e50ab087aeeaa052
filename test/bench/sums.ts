/** The one's complement sum of bytes that hold their own checksum: 0xffff where that is right (RFC 1071). */
export function onesSum(bytes: Buffer, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at + 1 < to; at += 2) sum += bytes.readUInt16BE(at);
  if ((to - from) % 2 === 1) sum += bytes[to - 1] << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}
