/** What starts with these bytes, and how to get at a capture from there. Mostly from wiretap of Wireshark and file(1). */
const KNOWN: readonly (readonly [magic: string, what: string])[] = [
  ["snoop\0", "a snoop capture (Solaris); convert it with editcap -F pcapng"],
  ["btsnoop\0", "a Bluetooth btsnoop capture, which holds no packets for a NAT"],
  ["GMBU", "a Microsoft Network Monitor capture; convert it with editcap -F pcapng"],
  ["RTSS", "a Microsoft Network Monitor capture; convert it with editcap -F pcapng"],
  ["XCP\0", "a NetXRay or Sniffer capture; convert it with editcap -F pcapng"],
  ["TRSNIFF data", "a Sniffer capture; convert it with editcap -F pcapng"],
  ["\x1f\x8b", "gzip inside gzip or zstd; decompress it once more first"],
  ["\x28\xb5\x2f\xfd", "zstd inside gzip or zstd; decompress it once more first"],
  ["\xfd7zXZ\0", "xz-compressed; pipe it through xz -dc"],
  ["BZh", "bzip2-compressed; pipe it through bzip2 -dc"],
  ["\x04\x22\x4d\x18", "lz4-compressed; pipe it through lz4 -dc"],
  ["PK\x03\x04", "a zip archive; unpack it first"],
];

/** What bytes that are neither pcap nor pcapng look like, and what to do about it, as the end of a sentence with "this is". */
export function describeForeign(head: Uint8Array): string {
  const text = Buffer.from(head).toString("latin1");
  const known = KNOWN.find(([magic]) => text.startsWith(magic));
  if (known) return `this is ${known[1]}`;
  if (isText(head)) return "this looks like text: natcorr reads captures written with tcpdump -w";
  const magic = Buffer.from(head.subarray(0, 4)).toString("hex");
  return `this is neither pcap nor pcapng: it starts with ${magic}; if Wireshark knows it, convert it with editcap -F pcapng`;
}

/** No control characters but white space; bytes above 127 may be UTF-8. */
function isText(head: Uint8Array): boolean {
  return (
    head.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13) || byte === 27) && head.some((byte) => byte < 127)
  );
}
