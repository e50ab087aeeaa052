// thin.mjs <pcapng> <to> <port> <count>: copies a capture of Ethernet with all but its first frames from and to a UDP port.
import { readFileSync, writeFileSync } from "node:fs";

const [from, to, port, count] = process.argv.slice(2);
const bytes = readFileSync(from);
const ENHANCED_PACKET = 6;
/** Where an enhanced packet block has its frame; where that has the ports, of IPv4 without options. */
const FRAME_AT = 28;
const PORTS_AT = 14 + 20;
const isOfPort = (at) => [0, 2].some((end) => bytes.readUInt16BE(at + FRAME_AT + PORTS_AT + end) === Number(port));
const blocks = [];
let left = Number(count);
for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) {
  const isThinned = bytes.readUInt32LE(at) === ENHANCED_PACKET && isOfPort(at);
  if (!isThinned || left-- > 0) blocks.push(bytes.subarray(at, at + bytes.readUInt32LE(at + 4)));
}
writeFileSync(to, Buffer.concat(blocks));
