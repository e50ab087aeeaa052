import type { Adversary } from "./adversary.js";
import { missing, START_NS } from "./capture.js";
import { ACK, ESP, mssOption, type Packet, packet, segment, SYN, TCP, UDP } from "./packet.js";
import { background, beatTalk, bytes, datagram, flowOf, ids } from "./talk.js";
import { container, container6, type Flow, server, server6, type World } from "./world.js";

const SECOND_NS = 1e9;

/** What once led to wrong pairs. */
export const WRONG: Readonly<Record<string, Adversary>> = {
  "wrong/clock-runaway-ipv6": {
    about: "IPv6, clocks 37 s apart, TCP and DNS beside 12 constant heartbeats every 10 ms",
    recall: 0.999,
    play: (world) => runaway(world, true),
  },
  "wrong/clock-runaway-no-id": {
    about: "the same over IPv4 without IP IDs",
    recall: 0.999,
    play: (world) => runaway(world, false),
  },
  "wrong/acausal-new-flow": {
    about: "datagrams that the inside missed, then equal ones of another container that the router drops",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      background(world, 6 * SECOND_NS, 60);
      for (let i = 0; i < 60; i++) {
        const far = { address: server(rng.below(4)), port: 8125 };
        const [payload, id] = [bytes(rng, 40), 1 + rng.below(20)];
        const from = (host: number) => flowOf(world, UDP, { near: { address: container(host), port: 5000 + i }, far });
        world.start(rng.between(0, 5 * SECOND_NS), function* () {
          world.send(from(1), "outbound", datagram(payload, id), { missed: "inside" });
          yield rng.between(2e6, 300e6);
          world.send(from(2), "outbound", datagram(payload, id), { drop: true });
        });
      }
    },
  },
  "wrong/acausal-constant-id": {
    about: "IP ID 1 in every datagram, 20 Hz, 5 % missed inside",
    recall: 0.99,
    play(world) {
      missedInside(world);
      for (let i = 0; i < 4; i++) {
        const beat = { everyNs: 50e6, count: 250, payload: bytes(world.rng, 48), id: () => 1, port: 7000 };
        world.start(world.rng.between(0, 50e6), beatTalk(world, beat));
      }
      background(world, 12 * SECOND_NS, 60);
    },
  },
  "wrong/acausal-wrapping-ids": {
    about: "100,000 equal datagrams a second: their IDs wrap within the window; 5 % missed inside",
    recall: 0.99,
    play(world) {
      missedInside(world);
      world.router.latencyNs = () => 3_000 + world.rng.below(2_000);
      const beat = {
        everyNs: 10_000,
        count: 72_000,
        payload: bytes(world.rng, 60),
        id: ids(world.rng, true),
        port: 7000,
      };
      world.start(0, beatTalk(world, beat));
      background(world, 0.6 * SECOND_NS, 20);
    },
  },
  "wrong/acausal-equal-starts": {
    about: "devices that start with the same TCP numbers and IDs do the same; 5 % missed inside",
    recall: 0.99,
    play(world) {
      missedInside(world);
      const start = { isn: world.rng.word(), id: world.rng.below(0x8000), report: bytes(world.rng, 120) };
      const far = { address: server(1), port: 1883 };
      for (let i = 0; i < 120; i++) {
        const near = { address: container(i % 40), port: 40_000 + i };
        world.start(world.rng.between(0, 8 * SECOND_NS), device(world, flowOf(world, TCP, { near, far }), start));
      }
    },
  },
  "wrong/acausal-jiffies-ids": {
    about: "kernels whose IP ID is the time in jiffies, equal reports; 5 % missed inside",
    recall: 0.99,
    play(world) {
      missedInside(world);
      const payload = bytes(world.rng, 32);
      const jiffies = world.rng.below(0x10000);
      const id = () => (jiffies + Math.floor((world.nowNs - START_NS) / 4e6)) & 0xffff;
      for (let i = 0; i < 20; i++) {
        const near = { address: container(i), port: 8125 };
        const beat = { everyNs: world.rng.between(15e6, 40e6), count: 200, payload, id, jitter: 0.5, near };
        world.start(world.rng.between(0, 40e6), beatTalk(world, { ...beat, far: { address: server(2), port: 8125 } }));
      }
      background(world, 5 * SECOND_NS, 40);
    },
  },
  "wrong/acausal-replay": {
    about: "a recording of 20 datagrams, played again every 0.4 s with the same IDs; 5 % missed inside",
    recall: 0.99,
    play(world) {
      missedInside(world);
      const { rng } = world;
      for (let player = 0; player < 4; player++) {
        const flow = flowOf(world, UDP, { port: 6000 });
        const recording = Array.from({ length: 20 }, (_, i) => datagram(bytes(rng, 100), 100 + i));
        world.start(rng.between(0, 100e6), function* () {
          for (let turn = 0; turn < 20; turn++) {
            for (const one of recording) {
              world.send(flow, "outbound", one);
              yield 20e6;
            }
          }
        });
      }
      background(world, 8 * SECOND_NS, 40);
    },
  },
  "wrong/stale-translation": {
    about: "equal heartbeats of two containers; after conntrack -F the second holds the first's old outside port",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      const far = { address: server(0), port: 5000 };
      const payload = bytes(rng, 5);
      const [a, b] = [0, 1].map((host) => ({ address: container(host), port: 5000 }));
      let flows = [flowOf(world, UDP, { near: a, far }), flowOf(world, UDP, { near: b, far })];
      world.start(0.4 * SECOND_NS, function* () {
        for (let i = 0; i < 600; i++) {
          if (i === 300) {
            world.flush();
            const [second, first] = [b, a].map((near) => flowOf(world, UDP, { near, far }));
            flows = [first, second];
          }
          world.send(flows[0], "outbound", datagram(payload, 0));
          const apartNs = rng.between(0.6e6, 5e6);
          yield apartNs;
          world.send(flows[1], "outbound", datagram(payload, 0));
          yield 10e6 - apartNs;
        }
      });
      background(world, 6 * SECOND_NS, 80);
    },
  },
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
          world.start(rng.between(0, 1e6), function* () {
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
      background(world, 0.2 * SECOND_NS, 10);
    },
  },
  "wrong/router-ids-sequential": {
    about: "the router numbers IP IDs itself, one after the other; one stream of equal datagrams",
    recall: 0.999,
    says: /IP.?ID/i,
    play(world) {
      const next = ids(world.rng, true);
      routerIds(world, next);
    },
  },
  "wrong/router-ids-random": {
    about: "the router draws IP IDs at random",
    recall: 0.999,
    says: /IP.?ID/i,
    play: (world) => routerIds(world, () => 1 + world.rng.below(0xffff)),
  },
  "wrong/sampled-statsd": {
    about: "statsd with a socket a datagram, 1 in 10 sampled on each side: an IP ID is all there is to go by",
    recall: null,
    play(world) {
      const { rng } = world;
      world.router.ports = "random";
      world.inside.model.misses = missing(rng, 0.9);
      world.outside.model.misses = missing(rng, 0.9);
      const metrics = Array.from({ length: 6 }, () => bytes(rng, 30));
      const why = "16 bits of ID, some of payload and time: less than 2⁴⁰ against hundreds of orphans";
      world.start(0, function* () {
        for (let i = 0; i < 20_000; i++) {
          const near = { address: container(rng.below(8)), port: 32_768 + rng.below(28_000) };
          const flow = flowOf(world, UDP, { near, far: { address: server(0), port: 8125 } });
          world.send(flow, "outbound", datagram(metrics[rng.below(6)], 1 + rng.below(0xffff)), { why });
          yield rng.exponential(0.5e6);
        }
      });
    },
  },
  "wrong/order-500-hz": {
    about: "500 Hz without ID, 5 % dropped and 5 % missed on each side",
    recall: 0.9,
    play: (world) => ordered(world, 0.05, () => 0),
  },
  "wrong/order-constant-id": {
    about: "500 Hz with one ID for all, 10 % dropped and 10 % missed on each side",
    recall: 0.9,
    play: (world) => ordered(world, 0.1, () => 1),
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
    about: "IPv4 datagrams of several containers in fragments, whose IP IDs are the same",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      const far = { address: server(0), port: 2049 };
      for (let host = 0; host < 6; host++) {
        const flow = flowOf(world, UDP, { near: { address: container(host), port: 1000 + host }, far });
        world.start(rng.between(0, 2e6), function* () {
          for (let i = 0; i < 250; i++) {
            world.send(flow, "outbound", datagram(bytes(rng, 4000), 1 + (i % 20), 64, { df: false }), {
              spacingNs: 2_000,
            });
            yield rng.between(1e6, 9e6);
          }
        });
      }
      background(world, SECOND_NS, 20);
    },
  },
  "wrong/clock-late-step": {
    about: "one clock; after a second the outside's stamps are 30 µs early; heartbeats every 3 to 4 ms, 3 % dropped",
    recall: 0.99,
    play(world) {
      world.outside.model.errorNs = (timeNs) => (timeNs > START_NS + SECOND_NS ? -30_000 : 0);
      dropping(world);
    },
  },
  "wrong/clock-late-drift": {
    about: "clocks that agree at first and drift by 20 ppm; heartbeats every 3 to 4 ms, 3 % dropped",
    recall: 0.99,
    play(world) {
      world.outside.model.driftPpm = world.rng.chance(0.5) ? 20 : -20;
      dropping(world);
    },
  },
  "wrong/swapped-payload": {
    about: "segments with the same TCP numbers and other payload leave in the other order, within 100 µs",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      swapped(world, TCP, () => {
        const [seq, ack] = [rng.word(), rng.word()];
        return [0, 1].map(() => segment({ seq, ack }, { payload: bytes(rng, 64) }));
      });
    },
  },
  "wrong/swapped-options": {
    about: "SYNs that differ in their options alone leave in the other order",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      swapped(world, TCP, () => {
        const seq = rng.word();
        return [1460, 1400].map((mss) => segment({ seq, flags: SYN, options: mssOption(mss) }));
      });
    },
  },
  "wrong/swapped-ttl": {
    about: "datagrams that differ in their TTL alone leave in the other order",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      swapped(world, UDP, () => {
        const payload = bytes(rng, 40);
        return [64, 128].map((ttl) => datagram(payload, 0, ttl));
      });
    },
  },
};

function runaway(world: World, isIpv6: boolean): void {
  const { rng } = world;
  world.outside.model.offsetS = rng.chance(0.5) ? 37 : -37;
  world.outside.model.offsetNs = rng.below(1e9);
  const durationNs = 12 * SECOND_NS;
  background(world, durationNs, 160, { isIpv6, hasIds: false });
  for (let i = 0; i < 12; i++) {
    const near = { address: isIpv6 ? container6(i) : container(i), port: 20_000 + i };
    const beat = {
      everyNs: 10e6,
      count: durationNs / 10e6,
      payload: bytes(rng, 20 + (i % 3)),
      isIpv6,
      near,
      port: 9000,
    };
    world.start(rng.between(0, 10e6), beatTalk(world, beat));
  }
}

function missedInside({ rng, inside }: World): void {
  inside.model.misses = missing(rng, 0.05);
}

/** A device that connects, reports and hangs up, each time the same. */
function device(world: World, flow: Flow, start: { isn: number; id: number; report: Buffer }) {
  return function* () {
    const { isn, id, report } = start;
    const peer = world.rng.word();
    const say = (n: number, flags: number, seq: number, payload: Buffer = Buffer.alloc(0)) =>
      world.send(
        flow,
        "outbound",
        segment(
          { seq: (isn + seq) >>> 0, ack: flags === SYN ? 0 : isn, flags, window: 2048 },
          { ipId: id + n, payload },
        ),
      );
    const answer = (seq: number, flags: number) =>
      world.send(
        flow,
        "inbound",
        segment({ seq: (peer + seq) >>> 0, ack: isn + 1, flags }, { ttl: 52, ipId: world.rng.below(0x10000) }),
      );
    say(0, SYN, 0);
    yield 2e6;
    answer(0, SYN | ACK);
    yield 1e6;
    say(1, ACK, 1);
    for (let i = 0; i < 4; i++) {
      yield 5e6;
      say(2 + i, ACK, 1 + i * report.length, report);
      yield 2e6;
      answer(1, ACK);
    }
  };
}

/** A router that fills in IDs of its own, of which equal datagrams are all there is beside TCP. */
function routerIds(world: World, next: () => number): void {
  const { rng } = world;
  world.router.rewrite = (sent, direction) => (direction === "outbound" ? { ...sent, ipId: next() } : sent);
  const beat = { everyNs: 1e6, count: 2000, payload: bytes(rng, 100), id: ids(rng, true), port: 5004 };
  world.start(0.3 * SECOND_NS, beatTalk(world, beat));
  background(world, 2 * SECOND_NS, 80);
}

function ordered(world: World, share: number, id: () => number): void {
  const { rng } = world;
  world.inside.model.misses = missing(rng, share);
  world.outside.model.misses = missing(rng, share);
  world.router.drops = () => rng.chance(share);
  const beat = { everyNs: 2e6, count: 3000, payload: bytes(rng, 32), id, port: 5004 };
  world.start(0, beatTalk(world, beat));
  background(world, 6 * SECOND_NS, 40);
}

function dropping(world: World): void {
  const { rng } = world;
  world.router.drops = (direction) => direction === "outbound" && rng.chance(0.03);
  for (let i = 0; i < 2; i++) {
    const beat = { everyNs: rng.between(3e6, 4e6), count: 2000, payload: bytes(rng, 32), jitter: 0.3, port: 5004 };
    world.start(rng.between(0, 4e6), beatTalk(world, beat));
  }
  background(world, 7 * SECOND_NS, 40);
}

/** Pairs of packets of one flow that enter one after the other and leave the other way round. */
function swapped(world: World, proto: number, two: () => Packet[]): void {
  const { rng } = world;
  world.router.isFifo = false;
  for (let talker = 0; talker < 10; talker++) {
    const flow = flowOf(world, proto, { port: 443 });
    world.start(rng.between(0, 50e6), function* () {
      for (let i = 0; i < 100; i++) {
        const apartNs = rng.between(5e3, 40e3);
        const [first, second] = two();
        const backNs = rng.between(2e3, 20e3);
        world.send(flow, "outbound", first, { latencyNs: apartNs + 10e3 + backNs });
        yield apartNs;
        world.send(flow, "outbound", second, { latencyNs: 10e3 });
        yield rng.between(5e6, 30e6);
      }
    });
  }
  background(world, 1.5 * SECOND_NS, 60);
}
