import type { Adversary } from "../adversary.js";
import { ACK, AH, ESP, FIN, GRE, type Packet, packet, PSH, SCTP, segment, TCP, UDP } from "../packet.js";
import { background, bytes, datagram, flowOf, ids, tcpTalk } from "../talk.js";
import { container, container6, server, server6 } from "../world.js";

/** Scenarios of protocols other than plain TCP and UDP, of fragments and super-segments. */
export const PROTOCOLS: Readonly<Record<string, Adversary>> = {
  "wrong/esp-overtaking": {
    about: "ESP packets of equal size overtake each other: SPI, sequence number and payload differ",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      world.router.isFifo = false;
      world.router.latencyNs = () => rng.between(10e3, 90e3);
      for (let peer = 0; peer < 4; peer++) {
        const far = { address: server(peer), port: 0 };
        const flow = flowOf(world, ESP, { near: { address: container(peer), port: 0 }, far });
        for (const direction of ["outbound", "inbound"] as const) {
          const spi = bytes(rng, 4);
          const startNs = direction === "outbound" ? rng.between(0, 1e6) : 2e6;
          world.start(startNs, function* () {
            for (let i = 1; i <= 500; i++) {
              const numbered = Buffer.alloc(4);
              numbered.writeUInt32BE(i);
              const size = i < 30 ? 60 + 4 * rng.below(300) : 1400;
              const payload = Buffer.concat([spi, numbered, bytes(rng, size)]);
              world.send(flow, direction, packet({ proto: ESP, payload, ttl: direction === "outbound" ? 64 : 50 }));
              yield rng.exponential(60e3);
            }
          });
        }
      }
      background(world, 0.2e9, 10);
    },
  },
  "wrong/fragments-ipv6": {
    about: "IPv6 datagrams of equal size and other content, in fragments that overtake each other",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      world.router.isFifo = false;
      world.router.latencyNs = () => rng.between(10e3, 80e3);
      const flows = [0, 1, 2].map((i) =>
        flowOf(world, UDP, { near: { address: container6(i), port: 2049 }, far: { address: server6(0), port: 2049 } }),
      );
      world.start(0, function* () {
        for (let i = 0; i < 900; i++) {
          const fragmentId = rng.word();
          const sent = datagram(bytes(rng, 4000), 0, 64, { fragmentId });
          world.send(flows[rng.below(3)], "outbound", sent, { spacingNs: 1_500 });
          yield rng.exponential(60e3);
        }
      });
    },
  },
  "wrong/fragments-equal-ids": {
    about: "IPv4 datagrams of several containers, of equal size and IP ID, whose fragments mingle",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      world.router.isFifo = false;
      const far = { address: server(0), port: 2049 };
      const flows = [0, 1, 2, 3].map((host) =>
        flowOf(world, UDP, { near: { address: container(host), port: 40_000 + host }, far }),
      );
      world.start(0, function* () {
        for (let i = 0; i < 250; i++) {
          const ipId = 1 + rng.below(40);
          for (const flow of flows) {
            world.send(flow, "outbound", datagram(bytes(rng, 4000), ipId, 64, { df: false }), { spacingNs: 4_000 });
            yield rng.below(6_000);
          }
          yield rng.exponential(8e6);
        }
      });
      background(world, 1e9, 20);
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
      background(world, 1e9, 30, { isIpv6: true });
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
  "wrong/udp-gro-behind-losses": {
    about: "UDP datagrams of one size that are merged (GRO) where they leave, some of each burst lost before that",
    recall: 0.99,
    play(world) {
      const { rng } = world;
      world.outside.model.mtu = world.inside.model.mtu = 0x20000;
      const spacingNs = 1_000;
      for (let i = 0; i < 5; i++) {
        const flow = flowOf(world, UDP, { port: 443, isIpv6: i % 2 === 1 });
        const id = ids(rng, i < 3);
        const single = (payload: Buffer) => datagram(payload, id(), 50);
        world.start(rng.between(0, 1e7), function* () {
          for (let k = 0; k < 80; k++) {
            world.send(flow, "outbound", datagram(bytes(rng, 40), id(), 64));
            yield 2e6;
            const burst = Array.from({ length: 4 + rng.below(12) }, () => single(bytes(rng, 1200)));
            const isLost = burst.map((_, n) => n > 0 && rng.chance(0.1));
            const crossing = burst.filter((_, n) => !isLost[n]);
            const payload = Buffer.concat(crossing.map((one) => one.payload));
            // those that cross stand spacingNs apart, and the lost ones between them
            let before = -1;
            for (const [n, lost] of burst.entries()) {
              if (!isLost[n]) before++;
              else
                world.after((before + rng.between(0.3, 0.7)) * spacingNs, () =>
                  world.send(flow, "inbound", lost, { drop: true }),
                );
            }
            const left = { ...crossing[0], payload, ttl: 49 };
            world.send(flow, "inbound", crossing.length === 1 ? crossing[0] : crossing, { left, spacingNs });
            yield 12e6 + rng.exponential(20e6);
          }
        });
      }
    },
  },
  "said/udp-gso-pieces-lost": {
    about:
      "UDP super-datagrams that enter as one (GSO), of some of which a piece is lost as they leave: often the first one",
    recall: 0.99,
    play(world) {
      const { rng } = world;
      world.inside.model.mtu = world.outside.model.mtu = 0x20000;
      for (let i = 0; i < 6; i++) {
        const flow = flowOf(world, UDP, { port: 443, isIpv6: i % 2 === 1 });
        const id = ids(rng, i < 4);
        world.start(rng.between(0, 1e7), function* () {
          for (let k = 0; k < 60; k++) {
            const pieces = Array.from({ length: 2 + rng.below(6) }, () => bytes(rng, 1200));
            pieces.push(bytes(rng, 100 + rng.below(1000)));
            const numbers = pieces.map(() => id());
            const whole = datagram(Buffer.concat(pieces), numbers[0]);
            const all = pieces.map((payload, n) => datagram(payload, numbers[n], 63));
            const lost = rng.chance(0.15) ? (rng.chance(0.5) ? 0 : rng.below(all.length)) : -1;
            const left = all.filter((_, n) => n !== lost);
            const why = lost < 0 ? {} : { why: "a piece of it is lost" };
            world.send(flow, "outbound", whole, { left, ...why });
            yield 5e6;
            // half of these conversations have nothing but super-datagrams
            if (i % 3 > 0) world.send(flow, "inbound", datagram(bytes(rng, 60), rng.below(0x10000), 50));
            yield 1e6 + rng.exponential(30e6);
          }
        });
      }
      background(world, 2e9, 30);
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
            const pieces = tcpPieces({ ...whole, ttl: 63 }, 1448);
            for (let taken = 1; taken < pieces.length; taken++) id();
            world.send(flow, "outbound", whole, { left: pieces });
            seq = (seq + whole.payload.length) >>> 0;
            yield 2e6 + rng.exponential(20e6);
            const acked = { seq: ack, ack: seq, flags: ACK };
            world.send(flow, "inbound", segment(acked, { ttl: 50, ipId: rng.below(0x10000) }));
            yield 1e6;
          }
        });
      }
      background(world, 1e9, 30);
    },
  },
  "recall/df-without-ids": {
    about: "SYN-ACKs and all other TCP with DF and without IP ID, with and without timestamps",
    recall: 1,
    play(world) {
      const { rng } = world;
      background(world, 4e9, 80, { hasIds: false });
      for (let i = 0; i < 60; i++) {
        world.start(rng.between(0, 4e9), tcpTalk(world, { hasIds: false, hasTimestamps: false }));
      }
    },
  },
};

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
