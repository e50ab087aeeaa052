import { readRecords } from "./capture.js";
import { decodePacket, type Packet } from "./packet.js";

/** What the lab's rules log a packet as. */
type Logged = "in" | "out" | "own" | "drop" | "reject";

export interface LogEntry {
  readonly timeNs: bigint;
  readonly as: Logged;
  /** As it was where the rule met it. */
  readonly packet: Packet;
}

/** Linux netfilter log messages (pcap-linktype(7), LINKTYPE_NFLOG): attributes as in linux/netfilter/nfnetlink_log.h. */
const NFLOG = 239;
const HEADER_BYTES = 4;
const PAYLOAD = 9;
const PREFIX = 10;

/** Reads what `tcpdump -i nflog:<group>` wrote. */
export function readRuleLog(bytes: Uint8Array): LogEntry[] {
  return readRecords(bytes, NFLOG).map(({ timeNs, bytes }) => {
    const attributes = readAttributes(bytes);
    const prefix = Buffer.from(attributes.get(PREFIX) ?? []).toString("latin1");
    const payload = attributes.get(PAYLOAD);
    if (payload === undefined) throw new Error("a log message without a packet");
    return { timeNs, as: loggedAs(prefix.replace(/\0.*$/s, "").trim()), packet: decodePacket(payload) };
  });
}

function loggedAs(prefix: string): Logged {
  if (prefix === "in" || prefix === "out" || prefix === "own" || prefix === "drop" || prefix === "reject")
    return prefix;
  throw new Error(`a log message of another rule: ${prefix}`);
}

// Lengths and types are in the byte order of the machine; an attribute is padded to four bytes.
function readAttributes(message: Uint8Array): Map<number, Uint8Array> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const attributes = new Map<number, Uint8Array>();
  for (let at = HEADER_BYTES; at + 4 <= message.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4) throw new Error("an attribute without its header");
    attributes.set(view.getUint16(at + 2, true) & 0x7fff, message.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return attributes;
}
