import type { Adversary } from "../adversary.js";
import { missing } from "../capture.js";
import { ACK, PSH, segment, SYN, TCP, UDP } from "../packet.js";
import { background, bytes, datagram, flowOf, ids, tcpEnds } from "../talk.js";
import { container, HOST, server } from "../world.js";

/** Scenarios of connections and their translations, taken for what they are not. */
export const CONNECTIONS: Readonly<Record<string, Adversary>> = {
  "said/clash-resolve": {
    about: "A and AAAA from one socket at once: conntrack gives one inside tuple two translations",
    recall: 0.998,
    play(world) {
      const { rng } = world;
      for (let i = 0; i < 260; i++) {
        world.start(rng.between(0, 6e9), function* () {
          const near = { address: container(rng.below(12)), port: 32_768 + rng.below(28_000) };
          const far = { address: server(0), port: 53 };
          const hasIds = rng.chance(0.5);
          const id = ids(rng, hasIds);
          for (const isRedrawn of [false, true]) {
            const port = isRedrawn ? 1024 + rng.below(64_000) : near.port;
            const flow = world.mapped(UDP, { near, far }, { near: { address: HOST, port }, far });
            const leftNs = world.send(flow, "outbound", datagram(bytes(rng, 40), id()));
            world.after(leftNs - world.nowNs + 3e6, () => {
              world.send(flow, "inbound", datagram(bytes(rng, 90), 1 + rng.below(0xffff), 50));
            });
            yield 4e3 + rng.below(4e3);
          }
        });
      }
      background(world, 6e9, 60);
    },
  },
  "recall/forgotten-between-requests": {
    about:
      "clients outside ask a port that leads to containers, and whose answers come from the host: conntrack forgets each request before the next one, which gets another port inside",
    recall: 0.95,
    findings: ["client-address-hidden"],
    nats: ["snat+dnat"],
    play(world) {
      const { rng } = world;
      const everyNs = rng.between(0.4e9, 2e9);
      const id = ids(rng, true);
      for (let client = 0; client < 2 + rng.below(3); client++) {
        const outside = {
          near: { address: HOST, port: 30_080 },
          far: { address: server(client), port: 40_000 + client },
        };
        world.start(rng.between(0, everyNs), function* () {
          for (let asked = 0; asked < 60; asked++) {
            const near = { address: container(rng.below(3)), port: 8080 };
            const far = { address: "172.17.0.1", port: 1024 + rng.below(64_000) };
            const flow = world.mapped(UDP, { near, far }, outside);
            const cameNs = world.send(flow, "inbound", datagram(bytes(rng, 30), 1 + rng.below(0xffff), 50));
            const answer = () => world.send(flow, "outbound", datagram(bytes(rng, 60), id()));
            world.after(cameNs - world.nowNs + 40e3, answer);
            yield everyNs * rng.between(0.9, 1.1);
          }
        });
      }
    },
  },
  "said/keep-alives-of-windows": {
    about: "idle connections that Windows keeps alive by a byte that was sent before",
    recall: 0.99,
    play(world) {
      const { rng } = world;
      for (let i = 0; i < 60; i++) {
        world.start(rng.between(0, 1e9), function* () {
          const { flow, ends, send } = tcpEnds(world, { hasTimestamps: false });
          yield 2e6 + send("outbound", SYN, 0);
          yield 1e6 + send("inbound", SYN | ACK, 0);
          yield 1e6 + send("outbound", ACK, 0);
          yield 2e6 + send("outbound", ACK | PSH, 200);
          yield 1e6 + send("inbound", ACK, 0);
          for (let times = 0; times < 8; times++) {
            yield 1e9;
            const [own, peer] = [ends.outbound, ends.inbound];
            const alive = { seq: (own.seq - 1) >>> 0, ack: peer.seq, flags: ACK };
            world.send(flow, "outbound", segment(alive, { ipId: own.id(), payload: Buffer.alloc(1) }));
            yield 2e6;
            send("inbound", ACK, 0);
          }
        });
      }
    },
  },
  "said/reordered-before-the-nat": {
    about: "segments that overtook each other before they came to the host",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      for (let i = 0; i < 50; i++) {
        world.start(rng.between(0, 3e9), function* () {
          const { flow, ends, send } = tcpEnds(world, {});
          yield 2e6 + send("outbound", SYN, 0);
          yield 1e6 + send("inbound", SYN | ACK, 0);
          yield 2e6 + send("outbound", ACK | PSH, 300);
          for (let burst = 0; burst < 10; burst++) {
            const { inbound: own, outbound: peer } = ends;
            const numbers = [0, 1, 2, 3].map((k) => ({ seq: (own.seq + 1400 * k) >>> 0, ipId: own.id() }));
            own.seq = (own.seq + 4 * 1400) >>> 0;
            for (const k of [0, 2, 1, 3]) {
              const { seq, ipId } = numbers[k];
              const late = segment({ seq, ack: peer.seq }, { ipId, ttl: own.ttl, payload: bytes(rng, 1400) });
              world.send(flow, "inbound", late);
              yield 30e3 + rng.exponential(20e3);
            }
            send("outbound", ACK, 0);
            yield rng.exponential(20e6);
          }
        });
      }
    },
  },
  "said/five-tuple-used-again": {
    about: "connections of the same ports again and again, each with a lower initial sequence number",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      for (let i = 0; i < 30; i++) {
        const flow = flowOf(world, TCP, { port: 80 });
        const starts = Array.from({ length: 6 }, () => rng.word()).sort((a, b) => b - a);
        world.start(rng.between(0, 1e9), function* () {
          for (const seq of starts) {
            const { ends, send } = tcpEnds(world, { flow, hasTimestamps: false });
            ends.outbound.seq = seq;
            yield 2e6 + send("outbound", SYN, 0);
            yield 1e6 + send("inbound", SYN | ACK, 0);
            yield 2e6 + send("outbound", ACK | PSH, 150);
            yield 1e6 + send("inbound", ACK | PSH, 900);
            yield 40e6 + send("outbound", ACK, 0);
          }
        });
      }
    },
  },
  "said/ports-always-redrawn": {
    about: "a NAT that redraws every port; 2 % missed outside",
    recall: 0.99,
    play(world) {
      world.router.ports = "random";
      world.outside.model.misses = missing(world.rng, 0.02);
      background(world, 6e9, 260);
    },
  },
  "said/taken-up-in-the-middle": {
    about: "captures begin while connections to ports like 8080 and 5432 are open, and the server speaks first",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      const ports = [8080, 5432, 3306, 9092, 6379, 27_017];
      for (let i = 0; i < 160; i++) {
        world.start(rng.between(0, 4e9), function* () {
          const { send } = tcpEnds(world, { port: ports[i % ports.length] });
          for (let turn = 0; turn < 6; turn++) {
            yield 2e6 + send("inbound", ACK | PSH, 60 + rng.below(300));
            yield rng.exponential(80e6) + 1e6 + send("outbound", ACK, 0);
          }
        });
      }
    },
  },
};
