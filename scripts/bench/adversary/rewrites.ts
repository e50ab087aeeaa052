import { type End, mssOption, type Packet, SYN } from "./packet.js";
import { container6, HOST, server, type World } from "./world.js";

/** Lowers the MSS of SYNs to this much, and adds the option where there is none. */
export function clampMss(most: number, isAdded: boolean): (sent: Packet) => Packet {
  return (sent) => {
    const { tcp } = sent;
    if (tcp === undefined || (tcp.flags & SYN) === 0) return sent;
    const { options } = tcp;
    if (options.length === 0) return isAdded ? { ...sent, tcp: { ...tcp, options: mssOption(536) } } : sent;
    const clamped = Buffer.concat([mssOption(Math.min(options.readUInt16BE(2), most)), options.subarray(4)]);
    return { ...sent, tcp: { ...tcp, options: clamped } };
  };
}

/** A conversation through NAT64 with the well-known prefix, RFC 6052: its ends on each side. */
export function nat64Ends({ rng }: World, port: number): { near: End; far: End }[] {
  const [host, index] = [rng.below(12), rng.below(8)];
  const near = { address: container6(host), port: 32_768 + rng.below(28_000) };
  const far = { address: server(index), port };
  const words = [0xc633, 0x6400 | (1 + index)].map((word) => word.toString(16));
  return [
    { near, far: { address: `64:ff9b::${words.join(":")}`, port } },
    { near: { address: HOST, port: near.port }, far },
  ];
}
