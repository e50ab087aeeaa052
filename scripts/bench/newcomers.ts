import { isIPv4 } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { koffi } from "../../src/capture/live/libpcap.js";
import { PORT } from "./chatter.js";
import { frameRoom, writeFrame } from "./frame.js";
import { ICMP, Packet, SYN, TCP, UDP } from "./packet.js";

const AF_INET = 2;
const SOCK_RAW = 3;
/** What is sent has its IP header: raw(7). */
const IPPROTO_RAW = 255;
const SOCKADDR_BYTES = 16;
const ETHERNET = 14;
const FIRST_PORT = 1024;
/** Of each four conversations; a port comes again after 26 s at the least with 5,000 a second, when conntrack has forgotten it. */
const TURNS = [TCP, UDP, TCP, ICMP] as const;
const PAUSE_MS = 10;

/**
 * Begins so many conversations a second with an answerer for so many seconds, each from a port, or with an ICMP id, of its own: half of them by
 * TCP, which the kernel ends by a reset as soon as they are answered, a quarter by UDP, whose answers it refuses, and a quarter pings.
 *
 * @param from an address of this host, as `to` dotted IPv4.
 */
export async function newcomers(from: string, to: string, seconds: number, perSecond: number): Promise<void> {
  const send = rawSender(to);
  const packet = new Packet();
  const bytes = Buffer.alloc(frameRoom(packet, 0xffff) + 128);
  const startMs = performance.now();
  for (let sent = 0; sent < seconds * perSecond; ) {
    const due = Math.min(seconds * perSecond, ((performance.now() - startMs) / 1000) * perSecond);
    for (; sent < due; sent++) {
      const proto = TURNS[sent % TURNS.length];
      const turn = Math.floor(sent / (proto === TCP ? 2 : TURNS.length));
      packet.reset(proto, false, 1 + (sent % 0xffff));
      packet.src = numberOf(from);
      packet.dst = numberOf(to);
      packet.srcPort = FIRST_PORT + (turn % (0x10000 - FIRST_PORT));
      packet.dstPort = PORT;
      packet.seq = sent;
      packet.tcpFlags = SYN;
      packet.payloadLength = proto === TCP ? 0 : 32;
      send(bytes.subarray(ETHERNET, writeFrame(bytes, packet, "outside", 0xffff)));
    }
    await sleep(PAUSE_MS);
  }
}

/** What sends an IP packet to an address. */
function rawSender(to: string): (packet: Buffer) => void {
  const libc = koffi().load(null);
  const socket: (family: number, type: number, proto: number) => number = libc.func("int socket(int, int, int)");
  const sendto: (file: number, bytes: Buffer, count: number, flags: number, to: Buffer, length: number) => number =
    libc.func("long sendto(int, void *, size_t, int, void *, uint32_t)");
  const file = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  const address = Buffer.alloc(SOCKADDR_BYTES);
  address.writeUInt16LE(AF_INET, 0);
  address.writeUInt32BE(numberOf(to), 4);
  return (packet) => {
    if (sendto(file, packet, packet.length, 0, address, SOCKADDR_BYTES) !== packet.length)
      throw new Error(`nothing can be sent to ${to}: it takes root, and a route`);
  };
}

function numberOf(address: string): number {
  if (!isIPv4(address)) throw new Error(`${address} is no IPv4 address`);
  return Buffer.from(address.split(".").map(Number)).readUInt32BE();
}
