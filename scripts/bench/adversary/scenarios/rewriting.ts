import type { Adversary } from "../adversary.js";
import { ACK, mssOption, type Packet, PSH, segment, SYN, TCP, UDP } from "../packet.js";
import { background, beatTalk, bytes, datagram, datagramTalk, dnsTalk, flowOf, ids, tcpTalk } from "../talk.js";
import { container, type Direction, HOST, server, type World } from "../world.js";

/** Scenarios of routers that rewrite more than addresses and ports. */
export const REWRITING: Readonly<Record<string, Adversary>> = {
  "wrong/router-ids-sequential": {
    about:
      "the router numbers IP IDs itself, a few behind the sender's, one after the other; a stream of equal datagrams",
    recall: 0.999,
    says: ["IP ID"],
    play(world) {
      const { rng } = world;
      const first = rng.below(0x10000);
      const behind = rng.below(8) - 4;
      const counters = new Map<number, number>();
      // a counter a protocol, as some stacks have one a destination
      const next = ({ proto }: Packet) => {
        const id = counters.get(proto) ?? first - behind;
        counters.set(proto, id + 1);
        return id & 0xffff;
      };
      routerIds(world, next, first);
    },
  },
  "wrong/router-ids-random": {
    about: "the router draws IP IDs at random",
    recall: 0.999,
    says: ["IP ID"],
    play: (world) => routerIds(world, () => 1 + world.rng.below(0xffff), world.rng.below(0x10000)),
  },
  "said/ttl-set-65": {
    about: "the router sets every TTL to 65; 3 % dropped",
    recall: 0.999,
    says: ["raised TTL"],
    play: (world) => ttlSet(world, 65),
  },
  "said/ttl-set-64": {
    about: "the router sets every TTL to 64, which containers send with; 3 % dropped",
    recall: 0.999,
    says: ["raised TTL"],
    play: (world) => ttlSet(world, 64),
  },
  "said/ttl-kept-no-id": {
    about: "the router leaves the TTL alone; UDP without IDs",
    recall: 0.999,
    play(world) {
      world.router.rewrite = (sent) => ({ ...sent, ttl: sent.ttl + 1 });
      for (let i = 0; i < 6; i++)
        world.start(world.rng.between(0, 10e6), datagramTalk(world, { count: 60, hasIds: false }));
      for (let i = 0; i < 80; i++) world.start(world.rng.between(0, 2e9), dnsTalk(world, { hasIds: false }));
    },
  },
  "said/mss-option-added": {
    about:
      "the router adds an MSS option to SYNs without one, and lowers others (TCPMSS), with fast open's data behind",
    recall: 0.999,
    says: ["TCP options"],
    play(world) {
      world.router.rewrite = clampMss(1400, true);
      const { rng } = world;
      for (let i = 0; i < 200; i++) {
        const hasMss = i % 2 === 0;
        world.start(rng.between(0, 4e9), function* () {
          const flow = flowOf(world, TCP, {});
          const options = hasMss ? mssOption(1460) : Buffer.alloc(0);
          const [isn, peer] = [rng.word(), rng.word()];
          const payload = bytes(rng, rng.chance(0.5) ? 200 : 0);
          world.send(
            flow,
            "outbound",
            segment({ seq: isn, flags: SYN, options }, { ipId: rng.below(0x10000), payload }),
          );
          yield 2e6;
          const ack = (isn + 1 + payload.length) >>> 0;
          world.send(flow, "inbound", segment({ seq: peer, ack, flags: SYN | ACK, options }, { ttl: 50 }));
          yield 1e6;
          const answer = { seq: ack, ack: (peer + 1) >>> 0, flags: ACK | PSH };
          world.send(flow, "outbound", segment(answer, { ipId: rng.below(0x10000), payload: bytes(rng, 300) }));
        });
      }
    },
  },
  "recall/flow-label-rewritten": {
    about: "the router writes an IPv6 flow label of its own",
    recall: 1,
    says: ["IPv6 flow label"],
    play(world) {
      world.router.rewrite = (sent) => ({ ...sent, label: world.rng.below(0x100000) });
      background(world, 4e9, 150, { isIpv6: true });
    },
  },
  "recall/timestamps-stripped": {
    about: "the router strips TCP timestamps",
    recall: 0.99,
    says: ["TCP options"],
    play(world) {
      world.router.rewrite = (sent) => {
        if (sent.tcp === undefined) return sent;
        const { tcp } = sent;
        return { ...sent, tcp: { ...tcp, options: tcp.options.subarray(0, (tcp.flags & SYN) === 0 ? 0 : 4) } };
      };
      background(world, 5e9, 180);
    },
  },
  "recall/window-clamped": {
    about: "the router clamps the TCP window",
    recall: 0.99,
    says: ["TCP window"],
    play(world) {
      world.router.rewrite = (sent) =>
        sent.tcp === undefined ? sent : { ...sent, tcp: { ...sent.tcp, window: Math.min(sent.tcp.window, 300) } };
      background(world, 5e9, 180);
    },
  },
  "recall/mss-clamped": {
    about: "the router clamps the MSS of SYNs",
    recall: 0.99,
    says: ["TCP options"],
    play(world) {
      world.router.rewrite = clampMss(1360, false);
      background(world, 5e9, 180);
    },
  },
  "recall/ecn-dscp-marked": {
    about: "the router marks DSCP and clears ECN",
    recall: 0.99,
    says: ["ECN", "DSCP"],
    play(world) {
      world.router.rewrite = (sent, direction) => ({ ...sent, tos: direction === "outbound" ? 0xb8 : 0 });
      background(world, 5e9, 120);
      const { rng } = world;
      for (let i = 0; i < 5; i++)
        world.start(rng.between(0, 1e9), datagramTalk(world, { count: 200, hasIds: rng.chance(0.5), tos: 2 }));
    },
  },
  "recall/ids-rewritten": {
    about: "the router fills in IP IDs of its own, both ways; TCP, DNS and QUIC",
    recall: 0.99,
    says: ["IP ID"],
    play(world) {
      const { rng } = world;
      const next = ids(rng, true);
      world.router.rewrite = (sent) => ({ ...sent, ipId: next() });
      background(world, 5e9, 150);
      for (let i = 0; i < 4; i++) world.start(rng.between(0, 1e9), datagramTalk(world, { count: 200, hasIds: true }));
    },
  },
  "recall/payload-changed-by-alg": {
    about: "a helper (SIP) writes the outside address into the payload, whose length changes",
    recall: 0.99,
    says: ["payload"],
    play(world) {
      const { rng } = world;
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
            const left = { ...entered, ttl: ttl - 1, payload: Buffer.from(text.replaceAll(seen, meant)) };
            world.send(flow, direction, entered, { left });
            yield 5e6 + rng.exponential(30e6);
          }
        });
      }
      background(world, 2e9, 60);
    },
  },
};

/** A router that fills in IDs of its own, and a stream of equal datagrams, whose IDs count from this one, beside TCP. */
function routerIds(world: World, next: (sent: Packet) => number, first: number): void {
  const { rng } = world;
  world.router.rewrite = (sent, direction) => (direction === "outbound" ? { ...sent, ipId: next(sent) } : sent);
  let last = first;
  const id = () => last++ & 0xffff;
  const beat = { everyNs: 1e6, count: 2000, payload: bytes(rng, 100), id, port: 5004 };
  world.start(0.3e9, beatTalk(world, beat));
  for (let i = 0; i < 50; i++) world.start(rng.between(0, 2.5e9), tcpTalk(world));
}

/** Lowers the MSS of SYNs to this much, and adds the option where there is none. */
function clampMss(most: number, isAdded: boolean): (sent: Packet) => Packet {
  return (sent) => {
    const { tcp } = sent;
    if (tcp === undefined || (tcp.flags & SYN) === 0) return sent;
    const { options } = tcp;
    if (options.length === 0) return isAdded ? { ...sent, tcp: { ...tcp, options: mssOption(536) } } : sent;
    const clamped = Buffer.concat([mssOption(Math.min(options.readUInt16BE(2), most)), options.subarray(4)]);
    return { ...sent, tcp: { ...tcp, options: clamped } };
  };
}

function ttlSet(world: World, ttl: number): void {
  const { rng } = world;
  world.router.rewrite = (sent) => ({ ...sent, ttl });
  world.router.drops = () => rng.chance(0.03);
  for (let i = 0; i < 4; i++)
    world.start(world.rng.between(0, 10e6), datagramTalk(world, { count: 300, hasIds: false }));
  background(world, 5e9, 120);
}

function sipText(call: number, turn: number, address: string, direction: Direction): string {
  const first = direction === "outbound" ? "OPTIONS sip:pbx.example SIP/2.0" : "SIP/2.0 200 OK";
  return `${first}\r\nVia: SIP/2.0/UDP ${address}:5060;branch=z9hG4bK${call}\r\nCSeq: ${turn} OPTIONS\r\nContact: <sip:x@${address}>\r\n\r\n`;
}
