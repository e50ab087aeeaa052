import {
  concat,
  echo,
  echo6,
  ethernet,
  filler,
  fragmentHeader,
  fragments,
  hex,
  icmp,
  icmpv6,
  ipv4,
  ipv6,
  sll,
  sll2,
  tcp,
  transport,
  udp,
} from "../support/packets.js";

/** Link types of the samples. */
export const ETHERNET = 1;
export const SLL = 113;
export const SLL2 = 276;
export const RAW = 101;
export const NULL = 0;
export const LOOP = 108;

/** A frame, and under it what `tcpdump -nvr` says of it (4.99). */
export interface Sample {
  readonly linkType: number;
  readonly frame: Uint8Array;
}

function sample(linkType: number, frame: Uint8Array): Sample {
  return { linkType, frame };
}

/** An echo request of ping. */
export const echoRequest = sample(ETHERNET, ethernet(ipv4({ id: 5572, df: true }, echo({ id: 4096, seq: 3 }))));
// IP (tos 0x0, ttl 64, id 5572, offset 0, flags [DF], proto ICMP (1), length 84)
// 172.17.0.2 > 180.101.49.11: ICMP echo request, id 4096, seq 3, length 64

/** Its reply. */
export const echoReply = sample(
  ETHERNET,
  ethernet(ipv4({ src: "180.101.49.11", dst: "172.17.0.2", id: 9 }, echo({ id: 4096, seq: 3, reply: true }))),
);
// IP (tos 0x0, ttl 64, id 9, offset 0, flags [none], proto ICMP (1), length 84)
// 180.101.49.11 > 172.17.0.2: ICMP echo reply, id 4096, seq 3, length 64

/** An ICMP query that is no echo. */
export const timestampRequest = sample(
  ETHERNET,
  ethernet(ipv4({ id: 6 }, icmp({ type: 13, word: 0x10000002, payload: filler(12) }))),
);
// IP (tos 0x0, ttl 64, id 6, offset 0, flags [none], proto ICMP (1), length 40)
// 172.17.0.2 > 180.101.49.11: ICMP time stamp query id 4096 seq 2, length 20

/** A SYN with MSS and window scale, of a sender that leaves the identification 0. */
export const tcpSyn = sample(
  ETHERNET,
  ethernet(ipv4({ id: 0, df: true }, tcp({ seq: 4000000000, ack: 0, flags: 0x02, options: hex("020405b4 01030307") }))),
);
// IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 48)
// 172.17.0.2.40000 > 180.101.49.11.80: Flags [S], cksum 0x44a7 (correct), seq 4000000000, win 64240, options [mss 1460,nop,wscale 7], length 0

/** Data with a timestamp option. */
export const tcpData = sample(
  ETHERNET,
  ethernet(
    ipv4(
      { id: 77 },
      tcp({ seq: 4000000001, ack: 17, flags: 0x18, options: hex("0101080a 00000001 00000002"), payload: filler(100) }),
    ),
  ),
);
// IP (tos 0x0, ttl 64, id 77, offset 0, flags [none], proto TCP (6), length 152)
// 172.17.0.2.40000 > 180.101.49.11.80: Flags [P.], cksum 0xf025 (correct), seq 4000000001:4000000101, ack 17, win 64240, options [nop,nop,TS val 1 ecr 2], length 100: HTTP

/** A frame the sender padded to the shortest that Ethernet allows. */
export const udpPadded = sample(
  ETHERNET,
  ethernet(ipv4({ id: 12 }, udp({ srcPort: 5000, dstPort: 9, payload: filler(5) })), { padTo: 60 }),
);
// IP (tos 0x0, ttl 64, id 12, offset 0, flags [none], proto UDP (17), length 33)
// 172.17.0.2.5000 > 180.101.49.11.9: UDP, length 5

/** Router alert, RFC 2113. */
export const ipOptions = sample(
  ETHERNET,
  ethernet(ipv4({ id: 3, options: hex("94040000") }, udp({ srcPort: 5000, dstPort: 9, payload: filler(5) }))),
);
// IP (tos 0x0, ttl 64, id 3, offset 0, flags [none], proto UDP (17), length 37, options (RA))
// 172.17.0.2.5000 > 180.101.49.11.9: UDP, length 5

/** 802.1Q. */
export const vlan = sample(ETHERNET, ethernet(ipv4({ id: 1 }, tcp()), { tags: [[0x8100, 5]] }));
// IP (tos 0x0, ttl 64, id 1, offset 0, flags [none], proto TCP (6), length 40)
// 172.17.0.2.40000 > 180.101.49.11.80: Flags [.], cksum 0x7b17 (correct), ack 2000, win 64240, length 0

/** 802.1ad around 802.1Q. */
export const qinq = sample(
  ETHERNET,
  ethernet(ipv4({ id: 1 }, tcp()), {
    tags: [
      [0x88a8, 7],
      [0x8100, 5],
    ],
  }),
);
// IP (tos 0x0, ttl 64, id 1, offset 0, flags [none], proto TCP (6), length 40)
// 172.17.0.2.40000 > 180.101.49.11.80: Flags [.], cksum 0x7b17 (correct), ack 2000, win 64240, length 0

/** Stacked tags of before 802.1ad. */
export const oldQinq = sample(
  ETHERNET,
  ethernet(ipv6({}, tcp()), {
    tags: [
      [0x9100, 7],
      [0x8100, 5],
    ],
  }),
);
// IP6 (hlim 64, next-header TCP (6) payload length: 20) fd00::2.40000 > 2001:db8::11.80: Flags [.], cksum 0xe1ce (correct), ack 2000, win 64240, length 0

/** Linux cooked. */
export const cooked = sample(SLL, sll(ipv4({ id: 1 }, tcp())));
// IP (tos 0x0, ttl 64, id 1, offset 0, flags [none], proto TCP (6), length 40)
// 172.17.0.2.40000 > 180.101.49.11.80: Flags [.], cksum 0x7b17 (correct), ack 2000, win 64240, length 0

/** Linux cooked, version 2. */
export const cooked2 = sample(SLL2, sll2(ipv6({}, tcp())));
// IP6 (hlim 64, next-header TCP (6) payload length: 20) fd00::2.40000 > 2001:db8::11.80: Flags [.], cksum 0xe1ce (correct), ack 2000, win 64240, length 0

/** No link header. */
export const raw4 = sample(RAW, ipv4({ id: 1 }, tcp()));
// IP (tos 0x0, ttl 64, id 1, offset 0, flags [none], proto TCP (6), length 40)
// 172.17.0.2.40000 > 180.101.49.11.80: Flags [.], cksum 0x7b17 (correct), ack 2000, win 64240, length 0

/** No link header. */
export const raw6 = sample(RAW, ipv6({}, tcp()));
// IP6 (hlim 64, next-header TCP (6) payload length: 20) fd00::2.40000 > 2001:db8::11.80: Flags [.], cksum 0xe1ce (correct), ack 2000, win 64240, length 0

/** BSD loopback, of a little-endian host. */
export const nullLittleEndian = sample(NULL, concat(hex("02000000"), ipv4({ id: 1 }, tcp())));
// IP (tos 0x0, ttl 64, id 1, offset 0, flags [none], proto TCP (6), length 40)
// 172.17.0.2.40000 > 180.101.49.11.80: Flags [.], cksum 0x7b17 (correct), ack 2000, win 64240, length 0

/** BSD loopback, of a big-endian host with the AF_INET6 of macOS. */
export const nullBigEndian = sample(NULL, concat(hex("0000001e"), ipv6({}, tcp())));
// IP6 (hlim 64, next-header TCP (6) payload length: 20) fd00::2.40000 > 2001:db8::11.80: Flags [.], cksum 0xe1ce (correct), ack 2000, win 64240, length 0

/** OpenBSD loopback. */
export const loop = sample(LOOP, concat(hex("00000018"), ipv6({}, tcp())));
// IP6 (hlim 64, next-header TCP (6) payload length: 20) fd00::2.40000 > 2001:db8::11.80: Flags [.], cksum 0xe1ce (correct), ack 2000, win 64240, length 0

/** The first of three pieces. */
export const firstFragment = sample(
  ETHERNET,
  ethernet(fragments(ipv4({ id: 900 }, udp({ payload: filler(3000) })), 1500)[0]),
);
// IP (tos 0x0, ttl 64, id 900, offset 0, flags [+], proto UDP (17), length 1500)
// 172.17.0.2.40000 > 180.101.49.11.53: 264 inv_q+% [b2&3=0xf16] [7460q] [11058a] [14656n] [18254au] [|domain]

/** The last of them. */
export const laterFragment = sample(
  ETHERNET,
  ethernet(fragments(ipv4({ id: 900 }, udp({ payload: filler(3000) })), 1500)[2]),
);
// IP (tos 0x0, ttl 64, id 900, offset 2960, flags [none], proto UDP (17), length 68)
// 172.17.0.2 > 180.101.49.11: ip-proto-17

/** A router answering traceroute. */
export const timeExceeded = sample(
  ETHERNET,
  ethernet(
    ipv4(
      { src: "10.0.2.2", dst: "172.17.0.2", id: 44 },
      icmp({
        type: 11,
        payload: ipv4({ id: 31, ttl: 1 }, udp({ srcPort: 33000, dstPort: 33434, payload: filler(12) })),
      }),
    ),
  ),
);
// IP (tos 0x0, ttl 64, id 44, offset 0, flags [none], proto ICMP (1), length 68)
// 10.0.2.2 > 172.17.0.2: ICMP time exceeded in-transit, length 48
// IP (tos 0x0, ttl 1, id 31, offset 0, flags [none], proto UDP (17), length 40)
// 172.17.0.2.33000 > 180.101.49.11.33434: UDP, length 12

/** A quote cut to 8 bytes after its IP header, as RFC 792 asks for. */
export const fragmentationNeeded = sample(
  ETHERNET,
  ethernet(
    ipv4(
      { src: "10.0.2.2", dst: "172.17.0.2", id: 45 },
      icmp({
        type: 3,
        code: 4,
        word: 1400,
        payload: ipv4({ id: 32, df: true }, tcp({ seq: 3000000000, payload: filler(1440) })).subarray(0, 28),
      }),
    ),
  ),
);
// IP (tos 0x0, ttl 64, id 45, offset 0, flags [none], proto ICMP (1), length 56)
// 10.0.2.2 > 172.17.0.2: ICMP 180.101.49.11 unreachable - need to frag (mtu 1400), length 36
// IP (tos 0x0, ttl 64, id 32, offset 0, flags [DF], proto TCP (6), length 1480)
// 172.17.0.2.40000 > 180.101.49.11.80:  [|tcp]

/** A host that cannot be reached. */
export const quotedEcho = sample(
  ETHERNET,
  ethernet(
    ipv4(
      { src: "10.0.2.2", dst: "172.17.0.2", id: 46 },
      icmp({ type: 3, code: 1, payload: ipv4({ id: 33 }, echo({ id: 4096, seq: 7 })) }),
    ),
  ),
);
// IP (tos 0x0, ttl 64, id 46, offset 0, flags [none], proto ICMP (1), length 112)
// 10.0.2.2 > 172.17.0.2: ICMP host 180.101.49.11 unreachable, length 92
// IP (tos 0x0, ttl 64, id 33, offset 0, flags [none], proto ICMP (1), length 84)
// 172.17.0.2 > 180.101.49.11: ICMP echo request, id 4096, seq 7, length 64

/** ICMPv6 quoting TCP. */
export const packetTooBig = sample(
  ETHERNET,
  ethernet(
    ipv6(
      { src: "2001:db8::1", dst: "fd00::2" },
      icmpv6({ type: 2, word: 1280, payload: ipv6({}, tcp({ seq: 5, payload: filler(60) })) }),
    ),
  ),
);
// IP6 (hlim 64, next-header ICMPv6 (58) payload length: 128) 2001:db8::1 > fd00::2: [icmp6 sum ok] ICMP6, packet too big, mtu 1280

/** ping over IPv6. */
export const echo6Request = sample(ETHERNET, ethernet(ipv6({ flowLabel: 0x12345 }, echo6({ id: 11, seq: 2 }))));
// IP6 (flowlabel 0x12345, hlim 64, next-header ICMPv6 (58) payload length: 64) fd00::2 > 2001:db8::11: [icmp6 sum ok] ICMP6, echo request, id 11, seq 2

/** The first piece of an IPv6 datagram. */
export const firstFragment6 = sample(
  ETHERNET,
  ethernet(
    ipv6({ extensions: [fragmentHeader({ offset: 0, more: true, id: 0xdeadbeef })] }, udp({ payload: filler(40) })),
  ),
);
// IP6 (hlim 64, next-header Fragment (44) payload length: 56) fd00::2 > 2001:db8::11: frag (0xdeadbeef:0|48) 40000 > 53: 264 inv_q+% [b2&3=0xf16] [7460q] [11058a] [14656n] [18254au] [|domain]

/** The last piece of it. */
export const laterFragment6 = sample(
  ETHERNET,
  ethernet(
    ipv6({ extensions: [fragmentHeader({ offset: 48, more: false, id: 0xdeadbeef })] }, transport(17, filler(16))),
  ),
);
// IP6 (hlim 64, next-header Fragment (44) payload length: 24) fd00::2 > 2001:db8::11: frag (0xdeadbeef:48|16)

/** Hop-by-hop options, a routing header and destination options before UDP. */
export const extensions6 = sample(
  ETHERNET,
  ethernet(
    ipv6(
      {
        extensions: [
          { type: 0, bytes: hex("00 0104 00000000") },
          { type: 43, bytes: hex("02 00 00 00000000 20010db8000000000000000000000099") },
          { type: 60, bytes: hex("00 0104 00000000") },
        ],
      },
      udp({ payload: filler(3) }),
    ),
  ),
);
// IP6 (hlim 64, next-header Options (0) payload length: 51) fd00::2 > 2001:db8::11: HBH (padn) RT6 (len=2, type=0 [Deprecated], segleft=0, rsv=0x0, [0]2001:db8::99) DSTOPT (padn) 40000 > 53: [bad udp cksum 0x288e -> 0x2806!] domain [length 3 < 12] (invalid)

/** A protocol natcorr does not look into. */
export const gre = sample(
  ETHERNET,
  ethernet(ipv4({ id: 8 }, transport(47, hex("0000 0800 45000014 00000000 40000000 0a000001 0a000002")))),
);
// IP (tos 0x0, ttl 64, id 8, offset 0, flags [none], proto GRE (47), length 44)
// 172.17.0.2 > 180.101.49.11: GREv0, Flags [none], length 24
// IP (tos 0x0, ttl 64, id 0, offset 0, flags [none], proto Options (0), length 20, bad cksum 0 (->66e8)!)
// 10.0.0.1 > 10.0.0.2:  ip-proto-0 0

/** Not IP. */
export const arp = sample(
  ETHERNET,
  ethernet(hex("0001 0800 0604 0001 0242ac110002 ac110002 000000000000 ac110001"), { type: 0x0806 }),
);
// ARP, Ethernet (len 6), IPv4 (len 4), Request who-has 172.17.0.1 tell 172.17.0.2, length 28

/** Not IP: 802.3 with a length, LLC. */
export const spanningTree = sample(
  ETHERNET,
  ethernet(hex("424203 0000 00 00 00 8000 0242ac110001 00000000 8000 0242ac110001 8001 0000 1400 0200 0f00"), {
    type: 38,
  }),
);
// STP 802.1d, Config, Flags [none], bridge-id 8000.02:42:ac:11:00:01.8001, length 35
// message-age 0.00s, max-age 20.00s, hello-time 2.00s, forwarding-delay 15.00s
// root-id 8000.02:42:ac:11:00:01, root-pathcost 0

/** Segmentation offload left the total length 0. */
export const offloaded4 = sample(ETHERNET, ethernet(ipv4({ id: 5, totalLength: 0 }, tcp({ payload: filler(3000) }))));
// IP bad-len 0

/** The same in IPv6. */
export const jumbo6 = sample(ETHERNET, ethernet(ipv6({ payloadLength: 0 }, tcp({ payload: filler(3000) }))));
// IP6 (hlim 64, next-header TCP (6) payload length: 0) fd00::2 > 2001:db8::11: [|tcp]
