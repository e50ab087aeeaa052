import type { Adversary } from "../adversary.js";
import { ACK, type End, ICMP, PSH, segment, TCP, UDP } from "../packet.js";
import { background, bytes, datagram, tcpTalk } from "../talk.js";
import { container6, HOST, server, type World } from "../world.js";

/** Scenarios of translations between IP versions. */
export const VERSIONS: Readonly<Record<string, Adversary>> = {
  "said/nat64-icmp-errors": {
    about: "NAT64 with ICMP errors of the IPv4 side that cross",
    recall: 0.99,
    nats: ["nat64"],
    play(world) {
      const { rng } = world;
      for (let i = 0; i < 150; i++) {
        const [near, far] = nat64Ends(world, 33_434 + i);
        world.start(rng.between(0, 4e9), function* () {
          const flow = world.mapped(UDP, near, far);
          const probe = datagram(bytes(rng, 60), 0);
          const leftNs = world.send(flow, "outbound", probe);
          yield leftNs - world.nowNs + 3e6;
          const quote = world.quote(flow, "outbound", { ...probe, ttl: 40 });
          const [type, code] = rng.chance(0.5) ? [3, 3] : [11, 0];
          world.send(flow, "inbound", { ...probe, proto: ICMP, ttl: 50, icmp: { type, code, value: 0, quote } });
        });
        if (i % 2 === 0)
          world.start(rng.between(0, 4e9), tcpTalk(world, { flow: world.mapped(TCP, near, far), hasIds: false }));
      }
    },
  },
  "said/nat64-equal-packets": {
    about: "NAT64 of equal packets 10 ms apart: their sequence tells them apart",
    recall: 0.99,
    nats: ["nat64"],
    play(world) {
      const { rng } = world;
      for (let i = 0; i < 20; i++) {
        const [inside, outside] = nat64Ends(world, 4000 + i);
        const flow = world.mapped(UDP, inside, outside);
        const [asked, answered] = [bytes(rng, 60), bytes(rng, 60)];
        world.start(rng.between(0, 1e9), function* () {
          for (let k = 0; k < 60; k++) {
            world.send(flow, "outbound", datagram(asked, 0));
            yield 5e6;
            world.send(flow, "inbound", datagram(answered, 0, 50));
            yield 5e6;
          }
        });
      }
    },
  },
  "said/nat64-atomic-fragments": {
    about:
      "NAT64 whose IPv6 side has a fragment header on whole TCP segments, as translators of RFC 6145 write: nothing else is rewritten",
    recall: 0.99,
    nats: ["nat64"],
    play(world) {
      const { rng } = world;
      for (let i = 0; i < 40; i++) {
        const [inside, outside] = nat64Ends(world, 8000 + i);
        const flow = world.mapped(TCP, inside, outside);
        const [ours, theirs] = [rng.below(2 ** 31), rng.below(2 ** 31)];
        world.start(rng.between(0, 2e9), function* () {
          for (let k = 0; k < 30; k++) {
            const isOurs = k % 2 === 0;
            const numbers = isOurs
              ? { seq: ours + 50 * k, ack: theirs + 50 * k }
              : { seq: theirs + 50 * k, ack: ours + 50 * k };
            const carried = { payload: bytes(rng, 50), fragmentId: rng.below(2 ** 32), isAtomic: true };
            world.send(
              flow,
              isOurs ? "outbound" : "inbound",
              segment({ ...numbers, flags: ACK | PSH, window: 100 + rng.below(60_000) }, carried),
            );
            yield 5e6;
          }
        });
      }
    },
  },
  "said/464xlat-clat-to-plat": {
    about: "from CLAT to PLAT: IPv4 on both sides, IPv6 between; every IP ID is new, the TTL lower by three",
    recall: 0.99,
    says: ["IP ID"],
    play(world) {
      const { rng } = world;
      world.router.latencyNs = () => 60e3 + rng.exponential(30e3);
      world.router.rewrite = (sent) => ({ ...sent, ttl: sent.ttl - 2, ipId: sent.df ? 0 : 1 + rng.below(0xffff) });
      background(world, 5e9, 200);
    },
  },
  "said/explicit-mappings": {
    about: "SIIT with explicit address mappings (RFC 7757): scripted TCP whose numbers are zero, and UDP",
    recall: 0.99,
    nats: ["nat64"],
    play(world) {
      const { rng } = world;
      for (let i = 0; i < 40; i++) {
        const port = 2000 + i;
        const inside = {
          near: { address: container6(i), port },
          far: { address: `2001:db8:64::${(i + 1).toString(16)}`, port: 80 },
        };
        const outside = { near: { address: `192.0.2.${1 + i}`, port }, far: { address: server(i), port: 80 } };
        world.start(rng.between(0, 1e9), function* () {
          const tcp = world.mapped(TCP, inside, outside);
          const udp = world.mapped(UDP, inside, outside);
          for (let turn = 0; turn < 25; turn++) {
            const direction = turn % 2 === 0 ? "outbound" : "inbound";
            world.send(
              tcp,
              direction,
              segment({ flags: ACK | PSH, window: 100 }, { payload: bytes(rng, 40 + rng.below(80)) }),
            );
            yield 10e6;
            world.send(udp, direction, datagram(bytes(rng, 40 + rng.below(80)), 0));
            yield 10e6;
          }
        });
      }
    },
  },
  "recall/nat64-alike-beginnings": {
    about: "NAT64 of datagrams of equal length whose first 32 bytes are alike",
    recall: 1,
    nats: ["nat64"],
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
};

/** A conversation through NAT64 with the well-known prefix, RFC 6052: its ends on each side. */
function nat64Ends({ rng }: World, port: number): { near: End; far: End }[] {
  const [host, index] = [rng.below(12), rng.below(8)];
  const near = { address: container6(host), port: 32_768 + rng.below(28_000) };
  const far = { address: server(index), port };
  const words = [0xc633, 0x6400 | (1 + index)].map((word) => word.toString(16));
  return [
    { near, far: { address: `64:ff9b::${words.join(":")}`, port } },
    { near: { address: HOST, port: near.port }, far },
  ];
}
