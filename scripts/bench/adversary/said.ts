import type { Adversary } from "./adversary.js";
import { missing, START_NS } from "./capture.js";
import { ACK, ICMP, mssOption, PSH, segment, SYN, TCP, UDP } from "./packet.js";
import { clampMss, nat64Ends } from "./rewrites.js";
import { background, beatTalk, bytes, datagram, dnsTalk, flowOf, ids, tcpEnds, tcpTalk } from "./talk.js";
import { container, container6, HOST, server, type World } from "./world.js";

const SECOND_NS = 1e9;

/** What once led to statements that were false: of clocks, drops, findings. */
export const SAID: Readonly<Record<string, Adversary>> = {
  "said/points-15-ms-apart": {
    about: "15 ms between the capture points, and clocks seconds apart",
    recall: 0.99,
    play: (world) => apart(world, { latencyNs: 15e6, talks: 150 }),
  },
  "said/points-15-ms-apart-sparse": {
    about: "the same with little traffic",
    recall: 0.99,
    play: (world) => apart(world, { latencyNs: 15e6, talks: 14 }),
  },
  "said/points-15-ms-apart-ipv6": {
    about: "the same over IPv6",
    recall: 0.99,
    play: (world) => apart(world, { latencyNs: 15e6, talks: 150, isIpv6: true }),
  },
  "said/points-50-ms-apart": {
    about: "50 ms between the capture points, and clocks 3.5 s apart",
    recall: 0.99,
    play: (world) => apart(world, { latencyNs: 50e6, talks: 120, offsetNs: 3.5e9 }),
  },
  "said/points-300-ms-apart-one-clock": {
    about: "300 ms between the capture points, on one clock",
    recall: 0.99,
    play: (world) => apart(world, { latencyNs: 300e6, talks: 120, offsetNs: 0 }),
  },
  "said/drift-invented": {
    about: "clocks apart that do not drift, while the uplink's queue grows by 1 ms a second",
    recall: 0.99,
    play(world) {
      offset(world);
      queue(world, (ns) => ns * 1e-3);
      background(world, 8 * SECOND_NS, 200, { rttNs: 5e6 });
    },
  },
  "said/clock-steps-back": {
    about: "the outside clock is set back by half a second on the way",
    recall: 0.95,
    play(world) {
      const stepNs = START_NS + world.rng.between(2.5, 3.5) * SECOND_NS;
      world.outside.model.errorNs = (timeNs) => (timeNs > stepNs ? -0.5e9 : 0);
      background(world, 7 * SECOND_NS, 220);
    },
  },
  "said/offset-given-drift": {
    about: "the offset is given; the clocks drift by 20 ppm for two minutes; heartbeats without ID",
    recall: 0.99,
    args: ["--clock-offset", "2500ms"],
    play(world) {
      world.outside.model.offsetNs = 2.5e9;
      world.outside.model.driftPpm = world.rng.chance(0.5) ? 20 : -20;
      for (let i = 0; i < 4; i++) {
        const beat = { everyNs: 100e6, count: 1150, payload: bytes(world.rng, 24), isAnswered: true, port: 9000 };
        world.start(world.rng.between(0, 100e6), beatTalk(world, beat));
      }
      background(world, 115 * SECOND_NS, 120);
    },
  },
  "said/queue-60-ms-ipv6": {
    about: "the uplink's queue grows to 60 ms and shrinks; IPv6",
    recall: 0.999,
    play: (world) => queued(world, 60e6, true),
  },
  "said/queue-10-ms-no-id": {
    about: "the uplink's queue grows to 10 ms and shrinks; no IP IDs",
    recall: 0.999,
    play: (world) => queued(world, 10e6, false),
  },
  "said/queue-burst-900-ms": {
    about: "a burst that waits up to 900 ms; no IP IDs",
    recall: 0.99,
    play(world) {
      const { rng } = world;
      const flow = flowOf(world, UDP, { port: 4433 });
      queue(world, (ns) => Math.max(0, 900e6 - Math.abs(ns - 2e9)));
      world.start(0, function* () {
        for (let i = 0; i < 1500; i++) {
          world.send(flow, "outbound", datagram(bytes(rng, 200 + rng.below(900)), 0));
          yield rng.exponential(i > 400 && i < 1000 ? 1e6 : 4e6);
        }
      });
      background(world, 4 * SECOND_NS, 60, { hasIds: false, rttNs: 5e6 });
    },
  },
  "said/ttl-set-65": {
    about: "the router sets every TTL to 65; 3 % dropped",
    recall: 0.999,
    says: /TTL/i,
    play: (world) => ttlSet(world, 65),
  },
  "said/ttl-set-64": {
    about: "the router sets every TTL to 64, which containers send with; 3 % dropped",
    recall: 0.999,
    says: /TTL/i,
    play: (world) => ttlSet(world, 64),
  },
  "said/ttl-kept-no-id": {
    about: "the router leaves the TTL alone; UDP without IDs",
    recall: 0.999,
    play(world) {
      world.router.rewrite = (sent) => ({ ...sent, ttl: sent.ttl + 1 });
      quic(world, 6, 60);
      for (let i = 0; i < 80; i++) world.start(world.rng.between(0, 2e9), dnsTalk(world, { hasIds: false }));
    },
  },
  "said/clash-resolve": {
    about: "A and AAAA from one socket at once: conntrack gives one inside tuple two translations",
    recall: 0.999,
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
            world.start(leftNs - world.nowNs + 3e6, function* () {
              world.send(flow, "inbound", datagram(bytes(rng, 90), 1 + rng.below(0xffff), 50));
            });
            yield 4e3 + rng.below(4e3);
          }
        });
      }
      background(world, 6 * SECOND_NS, 60);
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
  "said/snaplen-54": {
    about: "54 to 61 bytes kept: whole TCP headers, and none of what they carry",
    recall: 0.99,
    play(world) {
      const kept = 54 + world.rng.below(8);
      world.inside.model.kept = () => kept;
      world.outside.model.kept = () => kept;
      background(world, 5 * SECOND_NS, 160, { hasTimestamps: false });
    },
  },
  "said/ports-always-redrawn": {
    about: "a NAT that redraws every port; 2 % missed outside",
    recall: 0.99,
    play(world) {
      world.router.ports = "random";
      world.outside.model.misses = missing(world.rng, 0.02);
      background(world, 6 * SECOND_NS, 260);
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
  "said/capture-pauses": {
    about: "the outside capture stands still for 1.5 s",
    recall: 0.99,
    play(world) {
      const fromNs = START_NS + world.rng.between(2, 3) * SECOND_NS;
      world.outside.model.misses = (timeNs) => timeNs > fromNs && timeNs < fromNs + 1.5 * SECOND_NS;
      world.outside.model.isMissTold = true;
      background(world, 7 * SECOND_NS, 220);
    },
  },
  "said/one-stamp-2-s-ahead": {
    about: "one frame is stamped two seconds ahead",
    recall: 0.99,
    play: (world) => oneStampAhead(world, 2e9),
  },
  "said/one-stamp-100-s-ahead": {
    about: "one frame is stamped a hundred seconds ahead",
    recall: 0.99,
    play: (world) => oneStampAhead(world, 100e9),
  },
  "said/halves-swapped": {
    about: "the second half of the outside capture stands before the first",
    recall: 0,
    play(world) {
      world.outside.model.arrange = (taps) => {
        const half = taps.length >> 1;
        return [...taps.slice(half), ...taps.slice(0, half)];
      };
      background(world, 8 * SECOND_NS, 200);
    },
  },
  "said/stamps-a-millisecond-out-of-order": {
    about: "stamps up to a millisecond early: nothing was sent again",
    recall: 0.99,
    play(world) {
      const { rng } = world;
      for (const { model } of [world.inside, world.outside]) {
        model.errorNs = () => (rng.chance(0.05) ? -rng.below(1e6) : 0);
      }
      background(world, 5 * SECOND_NS, 160, { rttNs: 4e6 });
    },
  },
  "said/one-frame-cut": {
    about: "one frame of the inside is cut to 60 bytes, all others are whole",
    recall: 0.999,
    play: (world) => oneCut(world, false),
  },
  "said/one-frame-cut-ipv6": {
    about: "the same over IPv6",
    recall: 0.999,
    play: (world) => oneCut(world, true),
  },
  "said/mss-option-added": {
    about:
      "the router adds an MSS option to SYNs without one, and lowers others (TCPMSS), with fast open's data behind",
    recall: 0.999,
    says: /MSS|option/i,
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
  "said/nat64-icmp-errors": {
    about: "NAT64 with ICMP errors of the IPv4 side that cross",
    recall: 0.99,
    nats: ["snat+dnat", "nat64"],
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
  "said/464xlat-clat-to-plat": {
    about: "from CLAT to PLAT: IPv4 on both sides, IPv6 between; every IP ID is new, the TTL lower by three",
    recall: 0.99,
    says: /IP.?ID/i,
    play(world) {
      const { rng } = world;
      world.router.latencyNs = () => 60e3 + rng.exponential(30e3);
      world.router.rewrite = (sent) => ({ ...sent, ttl: sent.ttl - 2, ipId: sent.df ? 0 : 1 + rng.below(0xffff) });
      background(world, 5 * SECOND_NS, 200);
    },
  },
  "said/explicit-mappings": {
    about: "SIIT with explicit address mappings (RFC 7757): scripted TCP whose numbers are zero, and UDP",
    recall: 0.99,
    nats: ["snat+dnat", "nat64"],
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
};

function offset({ rng, outside }: World): void {
  outside.model.offsetS = rng.chance(0.5) ? 2 : -2;
  outside.model.offsetNs = rng.below(1e9);
}

interface Apart {
  readonly latencyNs: number;
  readonly talks: number;
  readonly offsetNs?: number;
  readonly isIpv6?: boolean;
}

function apart(world: World, { latencyNs, talks, offsetNs, isIpv6 = false }: Apart): void {
  const { rng } = world;
  if (offsetNs === undefined) offset(world);
  else world.outside.model.offsetNs = offsetNs;
  world.router.latencyNs = () => latencyNs + rng.exponential(latencyNs / 200);
  background(world, 6 * SECOND_NS, talks, { isIpv6, rttNs: 3e6 });
}

/** Has what leaves wait in a queue that is so long, in time, so long after the start. */
function queue(world: World, waitNs: (sinceNs: number) => number): void {
  const { latencyNs } = world.router;
  world.router.latencyNs = (direction, nowNs) =>
    latencyNs(direction, nowNs) + (direction === "outbound" ? waitNs(nowNs - START_NS) : 0);
}

function queued(world: World, mostNs: number, isIpv6: boolean): void {
  queue(world, (ns) => Math.max(0, mostNs * (1 - Math.abs(ns - 3e9) / 2e9)));
  quic(world, 3, 1000, isIpv6);
  background(world, 5 * SECOND_NS, 60, { isIpv6, hasIds: false, rttNs: 5e6 });
}

/** Datagrams of random sizes both ways, without ID: connections, and how many datagrams of each. */
function quic(world: World, connections: number, count: number, isIpv6 = false): void {
  const { rng } = world;
  for (let i = 0; i < connections; i++) {
    const flow = flowOf(world, UDP, { isIpv6, port: 443 });
    world.start(rng.between(0, 10e6), function* () {
      for (let k = 0; k < count; k++) {
        const direction = k === 0 || rng.chance(0.5) ? "outbound" : "inbound";
        world.send(flow, direction, datagram(bytes(rng, 30 + rng.below(1200)), 0, direction === "outbound" ? 64 : 50));
        yield rng.exponential(5e6);
      }
    });
  }
}

function ttlSet(world: World, ttl: number): void {
  const { rng } = world;
  world.router.rewrite = (sent) => ({ ...sent, ttl });
  world.router.drops = () => rng.chance(0.03);
  quic(world, 4, 300);
  background(world, 5 * SECOND_NS, 120);
}

function oneStampAhead(world: World, aheadNs: number): void {
  const which = 500 + world.rng.below(1500);
  const point = world.rng.chance(0.5) ? world.inside : world.outside;
  point.model.errorNs = (_, frame) => (frame === which ? aheadNs : 0);
  background(world, 8 * SECOND_NS, 260);
}

function oneCut(world: World, isIpv6: boolean): void {
  const which = world.rng.below(30);
  world.inside.model.kept = (frame) => (frame === which ? 60 : 262_144);
  background(world, 2 * SECOND_NS, 60, { isIpv6, hasIds: false });
  for (let i = 0; i < 4; i++) {
    const beat = { everyNs: 20e6, count: 80, payload: bytes(world.rng, 40), isIpv6, port: 9000 };
    world.start(world.rng.between(0, 20e6), beatTalk(world, beat));
  }
}
