import type { Adversary } from "./adversary.js";
import { missing } from "./capture.js";
import { ACK, AH, ESP, FIN, GRE, type Packet, packet, PSH, SCTP, segment, SYN, TCP, UDP } from "./packet.js";
import { clampMss, nat64Ends } from "./rewrites.js";
import { background, beatTalk, bytes, datagram, dnsTalk, flowOf, ids, tcpTalk } from "./talk.js";
import { container, container6, type Direction, HOST, server, server6, type World } from "./world.js";

const SECOND_NS = 1e9;

/** What once was not found. */
export const RECALL: Readonly<Record<string, Adversary>> = {
  "recall/udp-alone-clocks-apart": {
    about: "WireGuard, QUIC and DNS and no TCP, clocks seconds or years apart",
    recall: 0.999,
    play(world) {
      const { rng, outside } = world;
      outside.model.offsetS = [2, -19, 86_400 * 900, -86_400 * 2000][rng.below(4)];
      outside.model.offsetNs = rng.below(1e9);
      const hasIds = rng.chance(0.5);
      for (let i = 0; i < 6; i++)
        datagrams(world, { port: i < 2 ? 51_820 : 443, count: 400, hasIds, unit: i < 2 ? 16 : 1 });
      for (let i = 0; i < 150; i++) world.start(rng.between(0, 4e9), dnsTalk(world, { hasIds }));
    },
  },
  "recall/dns-10-ms-apart": {
    about: "DNS over IPv6, or over IPv4 without IDs, and 10 ms between the capture points",
    recall: 0.99,
    play(world) {
      const { rng } = world;
      const isIpv6 = rng.chance(0.5);
      world.router.latencyNs = () => 10e6 + rng.exponential(100e3);
      for (let i = 0; i < 800; i++) world.start(rng.between(0, 5e9), dnsTalk(world, { isIpv6, hasIds: false }));
    },
  },
  "recall/stream-latency-over-spacing": {
    about: "equal datagrams without ID every 3 ms, 12 ms between the capture points: their sequence tells them apart",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      world.router.latencyNs = () => 12e6 + rng.exponential(100e3);
      for (let i = 0; i < 3; i++) {
        const beat = { everyNs: rng.between(2e6, 5e6), count: 800, payload: bytes(rng, 160), port: 5004, jitter: 0.2 };
        world.start(SECOND_NS, beatTalk(world, beat));
      }
      background(world, 4 * SECOND_NS, 80, { rttNs: 3e6 });
    },
  },
  "recall/esp-gre-sctp-ah": {
    about: "ESP, GRE, SCTP and AH without IDs",
    recall: 1,
    play(world) {
      const { rng } = world;
      for (const [i, proto] of [ESP, GRE, SCTP, AH].entries()) {
        const port = proto === SCTP ? 36_412 : 0;
        const ends = { near: { address: container(i), port }, far: { address: server(i), port } };
        const flow = flowOf(world, proto, ends);
        const heads = { outbound: bytes(rng, 4), inbound: bytes(rng, 4) };
        world.start(rng.between(0, 1e6), function* () {
          for (let k = 1; k <= 600; k++) {
            const direction = k === 1 || rng.chance(0.5) ? "outbound" : "inbound";
            const ttl = direction === "outbound" ? 64 : 50;
            const payload = Buffer.concat([headOf(proto, heads[direction], k), bytes(rng, 200)]);
            world.send(flow, direction, packet({ proto, payload, ttl }));
            yield rng.exponential(2e6);
          }
        });
      }
    },
  },
  "recall/nat64-alike-beginnings": {
    about: "NAT64 of datagrams of equal length whose first 32 bytes are alike",
    recall: 1,
    nats: ["snat+dnat", "nat64"],
    play(world) {
      const { rng } = world;
      const head = bytes(rng, 32);
      for (let i = 0; i < 12; i++) {
        const [inside, outside] = nat64Ends(world, 4433 + i);
        const flow = world.mapped(UDP, inside, outside);
        world.start(rng.between(0, 1e9), function* () {
          for (let k = 0; k < 150; k++) {
            const payload = Buffer.concat([head, bytes(rng, 68)]);
            const direction = k % 2 === 0 ? "outbound" : "inbound";
            world.send(flow, direction, datagram(payload, 0, direction === "outbound" ? 64 : 50));
            yield rng.exponential(10e6);
          }
        });
      }
    },
  },
  "recall/span-copies-one-side": {
    about: "a mirror port hands the outside capture each frame twice",
    recall: 1,
    play(world) {
      copies(world.outside.model, world);
      background(world, 4 * SECOND_NS, 150);
    },
  },
  "recall/span-copies-both-sides": {
    about: "mirror ports hand both captures each frame twice",
    recall: 1,
    play(world) {
      copies(world.inside.model, world);
      copies(world.outside.model, world);
      background(world, 4 * SECOND_NS, 150);
    },
  },
  "recall/pppoe-uplink": {
    about: "the uplink is PPPoE",
    recall: 1,
    play(world) {
      world.outside.model.link = "pppoe";
      background(world, 4 * SECOND_NS, 120);
      background(world, 4 * SECOND_NS, 40, { isIpv6: true });
    },
  },
  "recall/flow-label-rewritten": {
    about: "the router writes an IPv6 flow label of its own",
    recall: 1,
    says: /flow.?label/i,
    play(world) {
      world.router.rewrite = (sent) => ({ ...sent, label: world.rng.below(0x100000) });
      background(world, 4 * SECOND_NS, 150, { isIpv6: true });
    },
  },
  "recall/fragments-ipv6-reordered": {
    about: "IPv6 fragments that leave in another order within 60 µs",
    recall: 1,
    play(world) {
      const { rng } = world;
      for (let i = 0; i < 5; i++) {
        const near = { address: container6(i), port: 2049 + i };
        const flow = flowOf(world, UDP, { near, far: { address: server6(i), port: 2049 } });
        world.start(rng.between(0, 1e7), function* () {
          for (let k = 0; k < 200; k++) {
            const sent = datagram(bytes(rng, 3000 + rng.below(3000)), 0, 64, { fragmentId: rng.word() });
            world.send(flow, "outbound", sent, { spacingNs: 12_000, shuffle: true });
            yield 100e3 + rng.exponential(5e6);
          }
        });
      }
      background(world, SECOND_NS, 30, { isIpv6: true });
    },
  },
  "recall/timestamps-stripped": {
    about: "the router strips TCP timestamps",
    recall: 0.99,
    says: /timestamp|option/i,
    play(world) {
      world.router.rewrite = (sent) => {
        if (sent.tcp === undefined) return sent;
        const { tcp } = sent;
        return { ...sent, tcp: { ...tcp, options: tcp.options.subarray(0, (tcp.flags & SYN) === 0 ? 0 : 4) } };
      };
      background(world, 5 * SECOND_NS, 180);
    },
  },
  "recall/window-clamped": {
    about: "the router clamps the TCP window",
    recall: 0.99,
    says: /window/i,
    play(world) {
      world.router.rewrite = (sent) =>
        sent.tcp === undefined ? sent : { ...sent, tcp: { ...sent.tcp, window: Math.min(sent.tcp.window, 300) } };
      background(world, 5 * SECOND_NS, 180);
    },
  },
  "recall/mss-clamped": {
    about: "the router clamps the MSS of SYNs",
    recall: 0.99,
    says: /MSS|option/i,
    play(world) {
      world.router.rewrite = clampMss(1360, false);
      background(world, 5 * SECOND_NS, 180);
    },
  },
  "recall/ecn-dscp-marked": {
    about: "the router marks DSCP and clears ECN",
    recall: 0.99,
    says: /DSCP|ECN|TOS|traffic class/i,
    play(world) {
      world.router.rewrite = (sent, direction) => ({ ...sent, tos: direction === "outbound" ? 0xb8 : 0 });
      background(world, 5 * SECOND_NS, 120);
      const { rng } = world;
      for (let i = 0; i < 5; i++) datagrams(world, { port: 443, count: 200, hasIds: rng.chance(0.5), unit: 1, tos: 2 });
    },
  },
  "recall/ids-rewritten": {
    about: "the router fills in IP IDs of its own, both ways; TCP, DNS and QUIC",
    recall: 0.99,
    says: /IP.?ID/i,
    play(world) {
      const { rng } = world;
      const next = ids(rng, true);
      world.router.rewrite = (sent) => ({ ...sent, ipId: next() });
      background(world, 5 * SECOND_NS, 150);
      for (let i = 0; i < 4; i++) datagrams(world, { port: 443, count: 200, hasIds: true, unit: 1 });
    },
  },
  "recall/payload-changed-by-alg": {
    about: "a helper (SIP) writes the outside address into the payload, whose length changes",
    recall: 0.99,
    says: /payload/i,
    play(world) {
      const { rng } = world;
      const replaced = (text: string, from: string, to: string) => text.split(from).join(to);
      for (let host = 0; host < 10; host++) {
        const near = { address: container(host), port: 5060 + host };
        const flow = flowOf(world, UDP, { near, far: { address: server(0), port: 5060 } });
        const id = { outbound: ids(rng, rng.chance(0.5)), inbound: ids(rng, rng.chance(0.5)) };
        world.start(rng.between(0, 1e9), function* () {
          for (let k = 0; k < 60; k++) {
            const direction = k % 2 === 0 ? "outbound" : "inbound";
            const [seen, meant] = direction === "outbound" ? [near.address, HOST] : [HOST, near.address];
            const text = sipText(rng.word(), k >> 1, seen, direction);
            const ttl = direction === "outbound" ? 64 : 50;
            const entered = datagram(Buffer.from(text), id[direction](), ttl);
            const left = { ...entered, ttl: ttl - 1, payload: Buffer.from(replaced(text, seen, meant)) };
            world.send(flow, direction, entered, { left });
            yield 5e6 + rng.exponential(30e6);
          }
        });
      }
      background(world, 2 * SECOND_NS, 60);
    },
  },
  "recall/heartbeats-alike-between-flows": {
    about: "equal heartbeats without ID of many containers, ports kept, clocks to be estimated",
    recall: 0.999,
    play(world) {
      const { rng, outside } = world;
      outside.model.offsetS = rng.chance(0.5) ? 3 : -8;
      outside.model.offsetNs = rng.below(1e9);
      const [payload, far] = [bytes(rng, 30), { address: server(0), port: 9000 }];
      for (let i = 0; i < 14; i++) {
        const near = { address: container(i), port: 9000 + i };
        const beat = { everyNs: rng.between(15e6, 30e6), count: 200, payload, near, far, jitter: 0.3 };
        world.start(rng.between(0, 30e6), beatTalk(world, beat));
      }
      background(world, 4 * SECOND_NS, 80);
    },
  },
  "recall/constant-id-losses-counted": {
    about: "3,000 equal datagrams a second with one IP ID; both captures miss 1 % and count it",
    recall: 0.99,
    play(world) {
      const { rng } = world;
      world.router.latencyNs = () => 6_000 + Math.min(rng.exponential(5_000), 34_000);
      for (const { model } of [world.inside, world.outside]) {
        model.misses = missing(rng, 0.01);
        model.hasCounters = true;
        model.isMissTold = true;
      }
      const beat = { everyNs: 333_333, count: 7000, payload: bytes(rng, 120), id: () => 1, port: 5004 };
      world.start(0, beatTalk(world, beat));
      background(world, 2 * SECOND_NS, 40);
    },
  },
  "recall/udp-gso": {
    about: "UDP super-datagrams on the side they enter, single ones where they leave (GSO, GRO)",
    recall: 1,
    play(world) {
      const { rng } = world;
      world.inside.model.mtu = world.outside.model.mtu = 0x20000;
      for (let i = 0; i < 5; i++) {
        const flow = flowOf(world, UDP, { port: 443, isIpv6: i % 2 === 1 });
        const id = { outbound: ids(rng, i < 3), inbound: ids(rng, false) };
        world.start(rng.between(0, 1e7), function* () {
          for (let k = 0; k < 120; k++) {
            const direction = k === 0 || rng.chance(0.6) ? "outbound" : "inbound";
            const pieces = Array.from({ length: 1 + rng.below(12) }, () => bytes(rng, 1200));
            const numbers = pieces.map(() => id[direction]());
            const ttl = direction === "outbound" ? 64 : 50;
            const whole = datagram(Buffer.concat(pieces), numbers[0], ttl);
            const left = pieces.map((payload, n) => datagram(payload, numbers[n], ttl - 1));
            world.send(flow, direction, whole, { left });
            yield 50e3 + rng.exponential(10e6);
          }
        });
      }
    },
  },
  "recall/big-tcp": {
    about: "BIG TCP: segments of more than 64 KiB on the side they enter, their IP length 0",
    recall: 1,
    play(world) {
      const { rng } = world;
      world.inside.model.mtu = world.outside.model.mtu = 0x100000;
      for (let i = 0; i < 4; i++) {
        const flow = flowOf(world, TCP, { port: 443, isIpv6: i % 2 === 1 });
        let seq = rng.word();
        const ack = rng.word();
        const id = ids(rng, i % 2 === 0);
        world.start(rng.between(0, 1e7), function* () {
          for (let k = 0; k < 12; k++) {
            const whole = segment(
              { seq, ack, flags: ACK | PSH },
              { ipId: id(), payload: bytes(rng, 66_000 + rng.below(60_000)) },
            );
            const pieces = tcpPieces(whole, 1448);
            for (let taken = 1; taken < pieces.length; taken++) id();
            world.send(flow, "outbound", whole, { left: pieces.map((piece) => ({ ...piece, ttl: piece.ttl - 1 })) });
            seq = (seq + whole.payload.length) >>> 0;
            yield 2e6 + rng.exponential(20e6);
            const acked = { seq: ack, ack: seq, flags: ACK };
            world.send(flow, "inbound", segment(acked, { ttl: 50, ipId: rng.below(0x10000) }));
            yield 1e6;
          }
        });
      }
      background(world, SECOND_NS, 30);
    },
  },
  "recall/df-without-ids": {
    about: "SYN-ACKs and all other TCP with DF and without IP ID, with and without timestamps",
    recall: 1,
    play(world) {
      const { rng } = world;
      background(world, 4 * SECOND_NS, 80, { hasIds: false });
      for (let i = 0; i < 60; i++) {
        world.start(rng.between(0, 4e9), tcpTalk(world, { hasIds: false, hasTimestamps: false }));
      }
    },
  },
  "recall/uncut-then-cut": {
    about: "the first frames are whole, later ones are cut to 96 bytes, on one side or both",
    recall: 1,
    play(world) {
      const { rng } = world;
      const first = 1000 + rng.below(2000);
      world.outside.model.kept = (frame) => (frame < first ? 262_144 : 96);
      if (rng.chance(0.5)) world.inside.model.kept = (frame) => (frame < first + 300 ? 262_144 : 96);
      background(world, 6 * SECOND_NS, 250, { hasIds: rng.chance(0.5) });
    },
  },
};

interface Datagrams {
  readonly port: number;
  readonly count: number;
  readonly hasIds: boolean;
  /** Lengths are multiples of this. */
  readonly unit: number;
  readonly tos?: number;
}

/** Datagrams both ways, like no others. */
function datagrams(world: World, { port, count, hasIds, unit, tos = 0 }: Datagrams): void {
  const { rng } = world;
  const flow = flowOf(world, UDP, { port });
  const id = { outbound: ids(rng, hasIds), inbound: ids(rng, hasIds) };
  world.start(rng.between(0, 1e9), function* () {
    for (let k = 0; k < count; k++) {
      const direction: Direction = k === 0 || rng.chance(0.5) ? "outbound" : "inbound";
      const length = unit * Math.ceil((32 + rng.below(1100)) / unit);
      world.send(
        flow,
        direction,
        datagram(bytes(rng, length), id[direction](), direction === "outbound" ? 64 : 50, { tos }),
      );
      yield rng.exponential(7e6);
    }
  });
}

/** What stands before the payload: SPI and sequence number, GRE's key and number, SCTP's tag and a DATA chunk. */
function headOf(proto: number, id: Buffer, sequence: number): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(sequence);
  switch (proto) {
    case ESP:
      return Buffer.concat([id, number]);
    case GRE:
      // RFC 2890: key and sequence number present, IPv4 within
      return Buffer.concat([Buffer.from([0x30, 0, 8, 0]), id, number]);
    case AH:
      // RFC 4302: next header ESP, length in words less two, reserved
      return Buffer.concat([Buffer.from([ESP, 4, 0, 0]), id, number, Buffer.alloc(12)]);
    default:
      // RFC 9260: tag; DATA, whole, 16 + 200 bytes; TSN; stream 0, number, payload protocol
      return Buffer.concat([id, Buffer.from([0, 3, 0, 216]), number, Buffer.alloc(8)]);
  }
}

/** Hands each frame over once more, some microseconds later. */
function copies(model: World["inside"]["model"], { rng }: World): void {
  model.copyAfterNs = () => 1_000 + rng.below(20_000);
}

function sipText(call: number, turn: number, address: string, direction: Direction): string {
  const first = direction === "outbound" ? "OPTIONS sip:pbx.example SIP/2.0" : "SIP/2.0 200 OK";
  return `${first}\r\nVia: SIP/2.0/UDP ${address}:5060;branch=z9hG4bK${call}\r\nCSeq: ${turn} OPTIONS\r\nContact: <sip:x@${address}>\r\n\r\n`;
}

/** A segment as Linux cuts it: net/ipv4/tcp_offload.c, tcp_gso_segment; IP IDs count on, inet_gso_segment. */
function tcpPieces(whole: Packet, bytesEach: number): Packet[] {
  const { tcp, payload, ipId } = whole;
  if (tcp === undefined) throw new Error("only segments are cut so");
  const count = Math.ceil(payload.length / bytesEach);
  return Array.from({ length: count }, (_, i) => ({
    ...whole,
    ipId: ipId === 0 ? 0 : (ipId + i) & 0xffff,
    tcp: {
      ...tcp,
      seq: (tcp.seq + i * bytesEach) >>> 0,
      flags: i === count - 1 ? tcp.flags : tcp.flags & ~(PSH | FIN),
    },
    payload: payload.subarray(i * bytesEach, (i + 1) * bytesEach),
  }));
}
