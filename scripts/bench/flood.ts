import { createSocket } from "node:dgram";
import { isIPv4 } from "node:net";
import { koffi } from "../../src/capture/live/libpcap.js";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCKADDR_BYTES = 16;
/** struct mmsghdr and struct iovec of 64-bit Linux, bits/socket.h and bits/types/struct_iovec.h. */
const MMSGHDR_BYTES = 64;
const IOV_AT = 16;
const IOV_COUNT_AT = 24;
const IOVEC_BYTES = 16;
/** Messages handed over in one call of sendmmsg(2). */
const MESSAGES = 64;
/** Conversations, each with a source port of its own. */
const SOCKETS = 16;

/**
 * Sends UDP datagrams as fast as one thread can, sixteen conversations in turn, each datagram with a number of its own.
 *
 * @param packets how many; rounded up to a multiple of 64.
 * @param bytes of payload, at least 4.
 */
export function flood(address: string, port: number, packets: number, bytes: number): void {
  if (!isIPv4(address)) throw new Error(`${address} is no IPv4 address`);
  const { load, address: addressOf } = koffi();
  const libc = load(null);
  const socket: (family: number, type: number, proto: number) => number = libc.func("int socket(int, int, int)");
  const connect: (file: number, to: Buffer, bytes: number) => number = libc.func("int connect(int, void *, uint32_t)");
  const sendmmsg: (file: number, messages: Buffer, count: number, flags: number) => number = libc.func(
    "int sendmmsg(int, void *, unsigned int, int)",
  );
  const to = Buffer.alloc(SOCKADDR_BYTES);
  to.writeUInt16LE(AF_INET, 0);
  to.writeUInt16BE(port, 2);
  Buffer.from(address.split(".").map(Number)).copy(to, 4);
  const sockets = Array.from({ length: SOCKETS }, () => {
    const file = socket(AF_INET, SOCK_DGRAM, 0);
    if (connect(file, to, SOCKADDR_BYTES) !== 0) throw new Error(`no route to ${address}`);
    return file;
  });

  const payloads = Buffer.alloc(MESSAGES * bytes);
  const vectors = Buffer.alloc(MESSAGES * IOVEC_BYTES);
  const messages = Buffer.alloc(MESSAGES * MMSGHDR_BYTES);
  const payloadsAt = addressOf(payloads);
  const vectorsAt = addressOf(vectors);
  for (let i = 0; i < MESSAGES; i++) {
    vectors.writeBigUInt64LE(payloadsAt + BigInt(i * bytes), i * IOVEC_BYTES);
    vectors.writeBigUInt64LE(BigInt(bytes), i * IOVEC_BYTES + 8);
    messages.writeBigUInt64LE(vectorsAt + BigInt(i * IOVEC_BYTES), i * MMSGHDR_BYTES + IOV_AT);
    messages.writeBigUInt64LE(1n, i * MMSGHDR_BYTES + IOV_COUNT_AT);
  }
  for (let sent = 0, turn = 0; sent < packets; turn++) {
    for (let i = 0; i < MESSAGES; i++) payloads.writeUInt32BE(sent + i, i * bytes);
    const given = sendmmsg(sockets[turn % SOCKETS], messages, MESSAGES, 0);
    if (given > 0) sent += given;
  }
}

/** Has a UDP port open until it is ended, so that nothing sent to it is refused; reads nothing. Says so on standard error. */
export function sink(port: number): void {
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 });
  socket.bind(port, () => process.stderr.write(`listening on port ${port}\n`));
}
