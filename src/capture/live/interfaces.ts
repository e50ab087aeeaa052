import { endianness } from "node:os";
import type { TypeObject } from "koffi";
import { addressText } from "../../packets/address.js";
import { AF_INET, AF_INET6 } from "../../protocols/addresses.js";
import { CaptureError } from "../errors.js";
import { ERROR_BYTES, koffi, libpcap, type Pointer, textIn } from "./libpcap.js";

/** A network interface of this network namespace. */
export interface NetworkInterface {
  readonly name: string;
  /** libpcap's words for it; often empty. */
  readonly description: string;
  /** IPv4 and IPv6 addresses as text, the latter without their zone. */
  readonly addresses: readonly string[];
  readonly isUp: boolean;
  readonly isLoopback: boolean;
}

/** PCAP_IF_ flags, pcap/pcap.h. */
const IS_LOOPBACK = 1;
const IS_UP = 2;

/** Where the addresses of families stand in a sockaddr, netinet/in.h. */
const SOCKADDR_BYTES = 28;
const IPV4_AT = 4;
const IPV6_AT = 8;

/** struct pcap_if, pcap/pcap.h. */
interface PcapIf {
  readonly next: Pointer;
  readonly name: string;
  readonly description: string | null;
  readonly addresses: Pointer;
  readonly flags: number;
}
/** The start of struct pcap_addr, pcap/pcap.h. */
interface PcapAddr {
  readonly next: Pointer;
  readonly addr: Pointer;
}

/**
 * The interfaces that can be named, in libpcap's order: up and running ones first. Needs no permission. libpcap's other devices
 * (nflog, bluetooth, any, …) are left out. Throws CaptureError where libpcap is missing or fails.
 */
export async function listInterfaces(): Promise<NetworkInterface[]> {
  const pcap = libpcap();
  const { struct } = koffi();
  const pcapIf = struct({
    next: "void *",
    name: "char *",
    description: "char *",
    addresses: "void *",
    flags: "uint32_t",
  });
  const pcapAddr = struct({ next: "void *", addr: "void *" });
  const list: Pointer[] = [null];
  const errors = Buffer.alloc(ERROR_BYTES);
  if (pcap.findAllDevices(list, errors) !== 0)
    throw new CaptureError(`the interfaces cannot be listed: ${textIn(errors)}`);
  try {
    return [...entries<PcapIf>(list[0], pcapIf)]
      .filter(({ name }) => pcap.interfaceIndex(name) !== 0)
      .map(({ name, description, addresses, flags }) => ({
        name,
        description: description ?? "",
        addresses: [...entries<PcapAddr>(addresses, pcapAddr)].flatMap(({ addr }) => addressOf(addr)),
        isUp: (flags & IS_UP) !== 0,
        isLoopback: (flags & IS_LOOPBACK) !== 0,
      }));
  } finally {
    pcap.freeAllDevices(list[0]);
  }
}

/** The entries of a linked list of libpcap. */
function* entries<Entry extends { readonly next: Pointer }>(first: Pointer, type: TypeObject): Generator<Entry> {
  for (let at = first; at; ) {
    const entry: Entry = koffi().decode(at, type);
    yield entry;
    at = entry.next;
  }
}

/** A sockaddr's address as text, or nothing where it is of neither IP version. */
function addressOf(sockaddr: Pointer): string[] {
  if (!sockaddr) return [];
  const view = new DataView(koffi().view(sockaddr, SOCKADDR_BYTES));
  const family = view.getUint16(0, endianness() === "LE");
  if (family !== AF_INET && family !== AF_INET6) return [];
  const isIpv6 = family === AF_INET6;
  const wordAt = (word: number) => view.getUint32((isIpv6 ? IPV6_AT : IPV4_AT) + word * 4);
  return [
    addressText(
      isIpv6,
      Uint32Array.from({ length: isIpv6 ? 4 : 1 }, (_, word) => wordAt(word)),
      0,
    ),
  ];
}
