import { concat, echo, echo6, ethernet, fragments, hex, ipv4, ipv6, tcp, udp } from "../support/packets.js";
import { geneve, gre, ipInIp, vxlan } from "../support/tunnels.js";
import { ETHERNET, type Sample } from "./samples.js";

/** What all of these carry. */
export const carried = ipv4({ src: "172.17.0.2", dst: "10.244.3.5", id: 101, ttl: 63 }, tcp({ seq: 7 }));
export const carried6 = ipv6({ src: "fd00:17::2", dst: "fd00:244::5", hopLimit: 63 }, echo6({ id: 78, seq: 3 }));
const NODES = { src: "10.0.2.15", dst: "10.0.2.3", id: 900 } as const;
const NODES6 = { src: "fd00:2::15", dst: "fd00:2::3" } as const;

function sample(packet: Uint8Array): Sample {
  return { linkType: ETHERNET, frame: ethernet(packet) };
}

export const inVxlan = sample(ipv4(NODES, vxlan(carried)));
// 10.0.2.15.50000 > 10.0.2.3.4789: VXLAN, flags [I] (0x08), vni 42
// 172.17.0.2.40000 > 10.244.3.5.80: Flags [.], seq 7, ack 2000, win 64240, length 0

export const inLinuxVxlan = sample(ipv6(NODES6, vxlan(carried, { port: 8472, vni: 1 })));
// fd00:2::15.50000 > fd00:2::3.8472: OTV, flags [I] (0x08), overlay 0, instance 1
// 172.17.0.2.40000 > 10.244.3.5.80: Flags [.], seq 7, ack 2000, win 64240, length 0

export const inVxlanWithPolicy = sample(ipv4(NODES, vxlan(carried, { flags: 0x8808_0123 })));
// 10.0.2.15.50000 > 10.0.2.3.4789: VXLAN, flags [I] (0x88), vni 42

export const inGeneve = sample(ipv4(NODES, geneve(carried, { vni: 5, options: hex("0102800100000009") })));
// 10.0.2.15.50000 > 10.0.2.3.6081: Geneve, Flags [none], vni 0x5, options [class OVN (0x102) type 0x80(C) len 8]

export const inGre = sample(ipv4(NODES, gre(carried)));
// 10.0.2.15 > 10.0.2.3: GREv0, Flags [none], length 44

export const inKeyedGre = sample(ipv4(NODES, gre(carried6, { hasChecksum: true, key: 0xfffffff0, sequence: 9 })));
// 10.0.2.15 > 10.0.2.3: GREv0, Flags [checksum present, key present, sequence# present], key=0xfffffff0, seq 9, length 120

export const inBridgingGre = sample(ipv6(NODES6, gre(carried, { isBridging: true, key: 9 })));
// fd00:2::15 > fd00:2::3: GREv0, Flags [key present], key=0x9, length 62

export const inIpip = sample(ipv4(NODES, ipInIp(carried)));
// 10.0.2.15 > 10.0.2.3: IP 172.17.0.2.40000 > 10.244.3.5.80: Flags [.], seq 7, ack 2000, win 64240, length 0

export const in6in4 = sample(ipv4(NODES, ipInIp(carried6)));
// 10.0.2.15 > 10.0.2.3: IP6 fd00:17::2 > fd00:244::5: ICMP6, echo request, id 78, seq 3, length 64

export const in4in6 = sample(ipv6(NODES6, ipInIp(carried)));
// fd00:2::15 > fd00:2::3: IP 172.17.0.2.40000 > 10.244.3.5.80: Flags [.], seq 7, ack 2000, win 64240, length 0

/** With the option that says how deep tunnels may be (RFC 2473 section 4.1.1), as Linux sends it. */
export const in6in6 = sample(
  ipv6({ ...NODES6, extensions: [{ type: 60, bytes: hex("00 04 01 04 01 01 00") }] }, ipInIp(carried6)),
);
// fd00:2::15 > fd00:2::3: DSTOPT (opt_type 0x04: len=1)(padn) IP6 fd00:17::2 > fd00:244::5: ICMP6, echo request, id 78, seq 3, length 64

export const nestedVxlan = sample(
  ipv4(NODES, vxlan(ipv4({ src: "10.9.0.1", dst: "10.9.0.2", id: 3 }, vxlan(carried)))),
);
// 10.0.2.15.50000 > 10.0.2.3.4789: VXLAN, flags [I] (0x08), vni 42
// 10.9.0.1.50000 > 10.9.0.2.4789: VXLAN, flags [I] (0x08), vni 42

const pieces = fragments(
  ipv4(NODES, vxlan(ipv4({ src: "172.17.0.2", dst: "10.244.3.5", id: 102 }, echo({ payload: new Uint8Array(200) })))),
  220,
);

export const vxlanFirstFragment = sample(pieces[0]);
// 10.0.2.15.50000 > 10.0.2.3.4789: VXLAN, flags [I] (0x08), vni 42

export const vxlanLastFragment = sample(pieces[1]);
// 10.0.2.15 > 10.0.2.3: udp

/** What is none, by name: the flags of VXLAN and its reserved byte, Geneve's version and bit O, GRE with routing and PPTP's … */
export const notTunnels: Readonly<Record<string, Sample>> = {
  "VXLAN without a VNI": sample(ipv4(NODES, vxlan(carried, { flags: 0 }))),
  "VXLAN with other flags": sample(ipv4(NODES, vxlan(carried, { flags: 0x0c00_0000 }))),
  "VXLAN with reserved bits": sample(ipv4(NODES, vxlan(carried, { flags: 0x0800_0001 }))),
  "VXLAN with a reserved byte": sample(
    ipv4(NODES, udp({ dstPort: 4789, payload: concat(hex("08000000 00002a01"), ethernet(carried)) })),
  ),
  "VXLAN from the port": sample(ipv4(NODES, vxlan(carried, { srcPort: 4789, port: 4790 }))),
  "VXLAN around ARP": sample(
    ipv4(NODES, udp({ dstPort: 4789, payload: concat(hex("08000000 00002a00"), ethernet(carried, { type: 0x0806 })) })),
  ),
  "words on VXLAN's port": sample(ipv4(NODES, udp({ dstPort: 4789, payload: Buffer.from("GET / HTTP/1.1\r\n\r\n") }))),
  "Geneve of another version": sample(ipv4(NODES, geneve(carried, { version: 1 }))),
  "Geneve's control": sample(ipv4(NODES, geneve(carried, { flags: 0x80 }))),
  "Geneve with options beyond its end": sample(
    ipv4(NODES, udp({ dstPort: 6081, payload: concat(hex("3f006558 00002a00"), ethernet(carried)) })),
  ),
  "GRE with routing": sample(ipv4(NODES, gre(carried, { flags: 0x4000 }))),
  "GRE of PPTP": sample(ipv4(NODES, gre(carried, { flags: 1 }))),
  "IPIP around words": sample(ipv4(NODES, { ...ipInIp(carried), bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n") })),
  "a packet that is longer than what carries it": sample(
    ipv4(NODES, ipInIp(ipv4({ totalLength: 2000, id: 5 }, tcp({ seq: 7 })))),
  ),
  "a packet that is shorter than its header": sample(ipv4(NODES, ipInIp(ipv4({ totalLength: 12, id: 5 }, tcp())))),
};
