import { endianness } from "node:os";
import type { Libpcap, Pointer } from "./libpcap.js";

/** netdevice(7): struct ifreq begins with a name, and here the flags follow. */
const SIOCGIFFLAGS = 0x8913;
const IFREQ_BYTES = 40;
const FLAGS_AT = 16;
const IFF_UP = 1;
const LOW_BYTE_AT = endianness() === "LE" ? FLAGS_AT : FLAGS_AT + 1;

/** Whether there is an interface of this name and it is up; asked through a handle's socket, in whose namespace it is. */
export function isUp(pcap: Libpcap, handle: Pointer, name: string): boolean {
  const request = Buffer.alloc(IFREQ_BYTES);
  request.write(name, 0, FLAGS_AT - 1);
  return (
    pcap.ioctl(pcap.fileNumber(handle), SIOCGIFFLAGS, "void *", request) === 0 && (request[LOW_BYTE_AT] & IFF_UP) !== 0
  );
}
