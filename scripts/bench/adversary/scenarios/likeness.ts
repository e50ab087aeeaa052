import type { Adversary } from "../adversary.js";
import { missing } from "../capture.js";
import { mssOption, type Packet, segment, SYN, TCP, UDP } from "../packet.js";
import { background, beatTalk, bytes, datagram, flowOf } from "../talk.js";
import { container, HOST, server, type World } from "../world.js";

/** Scenarios of packets that are like others. */
export const LIKENESS: Readonly<Record<string, Adversary>> = {
  "wrong/stale-translation": {
    about: "equal heartbeats of two containers; after conntrack -F the second holds the first's old outside port",
    recall: 0.998,
    play(world) {
      const { rng } = world;
      const far = { address: server(0), port: 5000 };
      const payload = bytes(rng, 5);
      const [a, b] = [0, 1].map((host) => ({ address: container(host), port: 5000 }));
      let flows = [flowOf(world, UDP, { near: a, far }), flowOf(world, UDP, { near: b, far })];
      world.start(0.4e9, function* () {
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
      background(world, 6e9, 80);
    },
  },
  "wrong/probes-by-ttl": {
    about:
      "a traceroute that keeps its ports and what it says (paris-traceroute): probes differ by their TTL alone, and captures miss some",
    recall: 0.66,
    play(world) {
      const { rng } = world;
      const near = { address: container(0), port: 33_000 };
      const flow = flowOf(world, UDP, { near, far: { address: server(0), port: 33_434 } });
      const payload = bytes(rng, 32);
      const probe = (ttl: number, drop: boolean): void => {
        const missed = rng.chance(0.05) ? (rng.chance(0.5) ? "inside" : "outside") : undefined;
        world.send(flow, "outbound", datagram(payload, 0, ttl), { drop, ...(missed !== undefined && { missed }) });
      };
      world.start(0, function* () {
        for (let before = 0; before < 10; before++) {
          probe(64, false);
          yield 50e6;
        }
        for (let round = 0; round < 12; round++) {
          const apartNs = rng.between(1e3, 0.4e6);
          for (let nth = 0; nth < 90; nth++) {
            const ttl = 1 + Math.floor(nth / 3);
            probe(ttl, ttl === 1);
            yield apartNs;
          }
          yield rng.between(0.1e9, 1.5e9);
        }
      });
      background(world, 12e9, 60);
    },
  },
  "wrong/port-to-another-system": {
    about:
      "equal heartbeats of two containers that begin with other TTLs, of which captures miss some; after conntrack -F each has the other one's port",
    recall: 0.87,
    play(world) {
      const { rng } = world;
      const far = { address: server(0), port: 4500 };
      const payload = bytes(rng, 12);
      const containers = [64, 128].map((ttl, host) => ({ ttl, near: { address: container(host), port: 6000 } }));
      const before = containers.map(({ near }) => flowOf(world, UDP, { near, far }));
      const flows = [...before];
      world.start(0, function* () {
        for (let beat = 0; beat < 200; beat++) {
          if (beat === 60)
            for (const [host, { inside }] of before.entries())
              flows[host] = world.mapped(UDP, inside, before[1 - host].outside);
          for (const [host, { ttl }] of containers.entries()) {
            const missed = beat > 50 && rng.chance(0.3) ? (rng.chance(0.5) ? "inside" : "outside") : undefined;
            world.send(flows[host], "outbound", datagram(payload, 0, ttl), missed === undefined ? {} : { missed });
            yield rng.between(1e3, 0.3e6);
          }
          yield 50e6;
        }
      });
      background(world, 10e9, 60);
    },
  },
  "wrong/counters-in-step": {
    about:
      "two containers count in step, each from a port of its own that the NAT keeps; the router clears IP IDs, and each capture misses one of five",
    recall: 0.85,
    findings: ["rewritten"],
    play(world) {
      const { rng } = world;
      for (const { model } of [world.inside, world.outside]) model.misses = missing(rng, 0.2);
      world.router.rewrite = (packet) => ({ ...packet, ipId: 0 });
      world.router.latencyNs = () => 4000 + rng.exponential(500);
      const far = { address: server(0), port: 4000 };
      const flows = [0, 1].map((host) =>
        flowOf(world, UDP, { near: { address: container(host), port: 41_000 + host }, far }),
      );
      world.start(0, function* () {
        for (let beat = 0; beat < 300; beat++) {
          const payload = Buffer.alloc(4);
          payload.writeUInt32BE(beat);
          const at = rng.below(2);
          world.send(flows[at], "outbound", datagram(payload, 1 + rng.below(0xffff)));
          yield 1000;
          world.send(flows[1 - at], "outbound", datagram(payload, 1 + rng.below(0xffff)));
          yield 10e6;
        }
      });
      background(world, 3e9, 30);
    },
  },
  "wrong/ports-swapped": {
    about:
      "equal heartbeats of two containers at about the same time, answered; conntrack -F gives each the port of the other: the known translations are wrong from then on",
    recall: 0.99,
    play(world) {
      varyLatency(world);
      beatInStep(world, 2, nextOnesPort);
    },
  },
  "wrong/ports-by-turns": {
    about:
      "the same with two to four containers and a timeout that is shorter than what they wait: whoever speaks first gets the lowest port each time",
    recall: 0.96,
    play(world) {
      const count = 2 + world.rng.below(3);
      const latencyNs = world.rng.between(0.02e6, 0.3e6);
      world.router.latencyNs = () => latencyNs + world.rng.exponential(latencyNs / 20);
      beatInStep(world, count, (_, talking) => talking.map((_host, at) => talking.indexOf(at)));
    },
  },
  "wrong/ports-rotated": {
    about:
      "the same with three or four containers, of which each gets the port of the next; each capture misses one of thirty",
    recall: 0.99,
    findings: ["dropped"],
    play(world) {
      for (const { model } of [world.inside, world.outside]) model.misses = missing(world.rng, 0.03);
      const count = 3 + world.rng.below(2);
      varyLatency(world);
      beatInStep(world, count, nextOnesPort);
    },
  },
  "wrong/flushed-in-step": {
    about:
      "several containers ask the same at the same instant, all from port 123; conntrack -F gives the port to another one; each capture misses one of twenty",
    recall: 0.99,
    findings: ["dropped"],
    play(world) {
      const { rng } = world;
      for (const { model } of [world.inside, world.outside]) model.misses = missing(rng, 0.05);
      const far = { address: server(0), port: 123 };
      const payload = bytes(rng, 48);
      const nears = Array.from({ length: 3 + rng.below(3) }, (_, host) => ({ address: container(host), port: 123 }));
      const flowsIn = (order: readonly number[]) => {
        const flows = new Map(order.map((at) => [at, flowOf(world, UDP, { near: nears[at], far })]));
        return nears.map((_, at) => flows.get(at)!);
      };
      const order = [...nears.keys()];
      let flows = flowsIn(order);
      world.start(0, function* () {
        for (let i = 0; i < 30; i++) {
          if (i === 14) {
            world.flush();
            flows = flowsIn(order.toReversed());
          }
          const asking = [...flows];
          while (asking.length > 0) {
            const [flow] = asking.splice(rng.below(asking.length), 1);
            world.send(flow, "outbound", datagram(payload, 0));
            yield rng.exponential(60e3);
          }
          yield 1e9;
        }
      });
      background(world, 30e9, 60);
    },
  },
  "wrong/sampled-statsd": {
    about: "statsd with a socket a datagram, 1 in 10 sampled on each side: an IP ID is all there is to go by",
    recall: null,
    play(world) {
      const { rng } = world;
      if (rng.chance(0.5)) world.router.ports = "random";
      world.inside.model.misses = missing(rng, 0.9);
      world.outside.model.misses = missing(rng, 0.9);
      const metrics = Array.from({ length: 6 }, () => bytes(rng, 30));
      const why =
        "16 bits of ID (and, where it is kept, of port), some of payload and time, against hundreds of orphans: under 2⁴⁰";
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
    recall: 0.85,
    play: (world) => ordered(world, 0.1, () => 1),
  },
  "wrong/order-rare-misses": {
    about:
      "equal datagrams every 3 ms, some held up for as long; 3 % dropped, and each capture misses one or two in a thousand",
    recall: 0.5,
    play(world) {
      const { rng } = world;
      const share = rng.between(0.0005, 0.002);
      for (const { model } of [world.inside, world.outside]) model.misses = missing(rng, share);
      world.router.drops = () => rng.chance(0.03);
      world.router.latencyNs = () => 5_000 + rng.exponential(6_000) + (rng.chance(0.003) ? rng.between(0.3e6, 4e6) : 0);
      for (let i = 0; i < 6; i++) {
        const beat = {
          everyNs: rng.between(1e6, 5e6),
          count: 3000,
          payload: bytes(rng, 32),
          port: 5004 + i,
          jitter: 0.5,
        };
        world.start(1e9, beatTalk(world, beat));
      }
      background(world, 9e9, 40);
    },
  },
  "wrong/equal-crowds": {
    about:
      "hundreds of equal datagrams within the window, whose queue is as long as they are apart, now and then or for long; a few dropped, and at times missed",
    recall: 0.65,
    play(world) {
      const { rng } = world;
      const everyNs = rng.between(0.25e6, 1.2e6);
      const queueNs = rng.between(0.3, 3) * everyNs;
      const [swingNs, isLong, dropped] = [rng.between(0.5e9, 3e9), rng.chance(0.5), rng.between(0, 0.05)];
      if (rng.chance(0.5)) for (const { model } of [world.inside, world.outside]) model.misses = missing(rng, 0.002);
      world.router.drops = () => rng.chance(dropped);
      const waitedNs = () => {
        if (isLong) return (queueNs * (1 + Math.sin(world.nowNs / swingNs))) / 2;
        return rng.chance(0.01) ? rng.between(0, queueNs) : 0;
      };
      world.router.latencyNs = () => 5_000 + rng.exponential(6_000) + waitedNs();
      const jitter = rng.chance(0.3) ? 0 : 0.5;
      for (let i = 0; i < 3; i++) {
        const beat = { everyNs, count: Math.round(3e9 / everyNs), payload: bytes(rng, 32), port: 5004 + i, jitter };
        world.start(1e8, beatTalk(world, beat));
      }
      background(world, 3e9, 40);
    },
  },
  "wrong/equal-beats-of-several": {
    about: "several containers say the same every 0.2 to 4 ms; 10 % dropped, one or both captures miss up to 20 %",
    recall: 0.12,
    play(world) {
      const { rng } = world;
      const share = rng.between(0.02, 0.2);
      world.inside.model.misses = missing(rng, share);
      if (rng.chance(0.7)) world.outside.model.misses = missing(rng, share);
      sayTheSame(world);
    },
  },
  "wrong/crowd-of-two-translations": {
    about:
      "hundreds of equal datagrams within the window; for a while each host sends two at once, and the second leaves by another port (clash_resolve); the inside misses some",
    recall: 0.16,
    play(world) {
      const { rng } = world;
      world.inside.model.misses = missing(rng, rng.pick([0.02, 0.1]));
      const payload = bytes(rng, 20);
      const far = { address: server(0), port: 5000 };
      for (let host = rng.pick([10, 30]); host > 0; host--) {
        const near = { address: container(host), port: 5000 };
        const first = flowOf(world, UDP, { near, far });
        const second = world.mapped(UDP, first.inside, {
          near: { address: HOST, port: 1024 + rng.below(60_000) },
          far,
        });
        const [fromNs, forNs] = [rng.between(0.5e9, 2e9), rng.pick([0.3e9, 0.9e9])];
        world.start(rng.between(0, 10e6), function* () {
          for (let sentNs = 0; sentNs < 3e9; ) {
            world.send(first, "outbound", datagram(payload, 0));
            if (sentNs > fromNs && sentNs < fromNs + forNs) {
              yield rng.between(1e3, 8e3);
              world.send(second, "outbound", datagram(payload, 0));
            }
            const waitNs = rng.between(8e6, 16e6);
            sentNs += waitNs;
            yield waitNs;
          }
        });
      }
      background(world, 3e9, 20);
    },
  },
  "wrong/crowd-held-up": {
    about:
      "hundreds of equal datagrams within the window, all with one IP ID, of which some are held up by what several are apart; some are dropped, and missed",
    recall: 0.99,
    findings: ["dropped"],
    play(world) {
      const { rng } = world;
      const ipId = rng.pick([1, 7777, 43_690]);
      const share = rng.pick([0.002, 0.02]);
      world.router.isFifo = rng.chance(0.5);
      world.inside.model.misses = missing(rng, rng.pick([0, 0.01]));
      const dropped = rng.pick([0, 0.01]);
      world.router.drops = () => rng.chance(dropped);
      const payload = bytes(rng, 20);
      for (let host = rng.pick([1, 3, 10]); host > 0; host--) {
        const flow = flowOf(world, UDP, { near: { address: container(host), port: 5000 + host }, port: 7 });
        world.start(rng.between(0, 10e6), function* () {
          for (let sentNs = 0; sentNs < 3e9; ) {
            const held = rng.chance(share) ? { latencyNs: rng.between(0.5e6, 6e6) } : {};
            world.send(flow, "outbound", datagram(payload, ipId), held);
            const waitNs = rng.between(1e6, 2e6);
            sentNs += waitNs;
            yield waitNs;
          }
        });
      }
      background(world, 3e9, 20);
    },
  },
  "wrong/held-up-beside-losses": {
    about:
      "equal datagrams of few hosts, of which some are held up, by what one to four are apart, while others overtake them, and some are lost; the captures miss some, or none",
    recall: 0.9,
    findings: ["dropped"],
    play(world) {
      const { rng } = world;
      const [ipId, share, lost] = [rng.pick([0, 1, 7777]), rng.pick([0.005, 0.02, 0.05]), rng.pick([0.01, 0.05])];
      world.router.isFifo = false;
      world.router.drops = () => rng.chance(lost);
      world.inside.model.misses = missing(rng, rng.pick([0, 0, 0.01]));
      world.outside.model.misses = missing(rng, rng.pick([0, 0, 0.01]));
      const [payload, everyNs] = [bytes(rng, rng.pick([5, 200])), rng.between(0.5e6, 5e6)];
      for (let host = rng.pick([1, 2, 4]); host > 0; host--) {
        const flow = flowOf(world, UDP, { near: { address: container(host), port: 5000 + host }, port: 7 });
        world.start(rng.between(0, 10e6), function* () {
          for (let sent = 0; sent < 4000; sent++) {
            const held = rng.chance(share) ? { latencyNs: rng.between(0.3, 4) * everyNs } : {};
            world.send(flow, "outbound", datagram(payload, ipId), held);
            yield everyNs * rng.between(0.7, 1.3);
          }
        });
      }
      background(world, 4000 * everyNs, 20);
    },
  },
  "wrong/equal-beats-in-milliseconds": {
    about: "the same with nothing missed, and stamps of which all but the milliseconds were cut off",
    recall: 0.95,
    play(world) {
      for (const { model } of [world.inside, world.outside]) model.resolutionNs = 1e6;
      sayTheSame(world);
    },
  },
  "wrong/equal-beats-missed-in-milliseconds": {
    about: "the same, where each capture misses one of five as well",
    recall: 0.95,
    play(world) {
      for (const { model } of [world.inside, world.outside]) {
        model.resolutionNs = 1e6;
        model.misses = missing(world.rng, 0.2);
      }
      sayTheSame(world);
    },
  },
  "wrong/equal-acks-missed": {
    about: "bursts of equal ACKs without ID; each capture misses 2 to 10 %, which an equal one next to it may hide",
    recall: 0.9,
    findings: ["retransmissions", "asymmetric"],
    play(world) {
      const { rng } = world;
      const share = rng.between(0.02, 0.1);
      for (const { model } of [world.inside, world.outside]) {
        model.misses = missing(rng, share);
        model.resolutionNs = rng.chance(0.5) ? 1000 : 1;
      }
      world.router.drops = () => rng.chance(0.01);
      world.router.latencyNs = () => 10_000 + rng.exponential(rng.chance(0.1) ? 150_000 : 15_000);
      const isIpv6 = rng.chance(0.5);
      for (let i = 0; i < 6; i++) world.start(rng.between(0, 1e9), burstsOfAcks(world, isIpv6));
      background(world, 5e9, 60, { isIpv6, hasIds: false });
    },
  },
  "wrong/swapped-payload": {
    about: "segments with the same TCP numbers and other payload leave in the other order, within 100 µs",
    recall: 0.999,
    findings: ["asymmetric", "retransmissions"],
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
    findings: ["asymmetric", "retransmissions"],
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
  "recall/stream-latency-over-spacing": {
    about: "equal datagrams without ID every 3 ms, 12 ms between the capture points: their sequence tells them apart",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      world.router.latencyNs = () => 12e6 + rng.exponential(100e3);
      for (let i = 0; i < 3; i++) {
        const beat = { everyNs: rng.between(2e6, 5e6), count: 800, payload: bytes(rng, 160), port: 5004, jitter: 0.2 };
        world.start(1e9, beatTalk(world, beat));
      }
      background(world, 4e9, 80, { rttNs: 3e6 });
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
      background(world, 4e9, 80);
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
      background(world, 2e9, 40);
    },
  },
};

function ordered(world: World, share: number, id: () => number): void {
  const { rng } = world;
  world.inside.model.misses = missing(rng, share);
  world.outside.model.misses = missing(rng, share);
  world.router.drops = () => rng.chance(share);
  const beat = { everyNs: 2e6, count: 3000, payload: bytes(rng, 32), id, port: 5004 };
  world.start(0, beatTalk(world, beat));
  background(world, 6e9, 40);
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
  background(world, 1.5e9, 60);
}

/** What a client says while segments are missing: the same ACK for each that comes. */
function burstsOfAcks(world: World, isIpv6: boolean) {
  return function* () {
    const { rng } = world;
    const flow = flowOf(world, TCP, { isIpv6 });
    const seq = rng.word();
    let ack = rng.word();
    for (let burst = 0; burst < 120; burst++) {
      ack = (ack + 1400 * (1 + rng.below(8))) >>> 0;
      for (let n = 1 + rng.below(14); n > 0; n--) {
        world.send(flow, "outbound", segment({ seq, ack }));
        yield rng.between(20e3, 400e3);
      }
      yield rng.between(1e6, 60e6);
    }
  };
}

/** Equal datagrams without IP ID, of four containers to one server, whose ports the NAT changes where it must. */
function sayTheSame(world: World): void {
  const { rng } = world;
  world.router.drops = () => rng.chance(0.1);
  world.router.latencyNs = () => 8_000 + rng.exponential(25_000);
  const far = { address: server(3), port: 6000 };
  const payload = bytes(rng, 9);
  for (let i = 0; i < 4; i++) {
    const near = { address: container(i), port: 4000 };
    world.start(rng.between(0, 1e9), beatTalk(world, { everyNs: 2e6, count: 2500, payload, near, far, jitter: 1.8 }));
  }
  background(world, 6e9, 40);
}

/** Of the beats that some containers send, halfway, each has the port of the next one from then on, as a flushed conntrack may give it. */
function nextOnesPort(beat: number, talking: readonly number[]): readonly number[] {
  return talking.map((_, host) => (beat < BEATS / 2 ? host : (host + 1) % talking.length));
}

const BEATS = 160;

/** Packets take 50 µs and more, most up to half a millisecond. */
function varyLatency({ router, rng }: World): void {
  router.latencyNs = () => rng.between(0.05e6, 0.3e6) + rng.exponential(0.1e6);
}

/**
 * Equal heartbeats of some containers at about the same time, answered. `portsOf`: which container's first port each has, from a beat on in which they talk in
 * that order.
 */
function beatInStep(
  world: World,
  count: number,
  portsOf: (beat: number, talking: readonly number[]) => readonly number[],
): void {
  const { rng } = world;
  const far = { address: server(0), port: 7 };
  const payload = bytes(rng, 2);
  const everyNs = rng.between(0.1e9, 0.3e9);
  const first = Array.from({ length: count }, (_, host) =>
    flowOf(world, UDP, { near: { address: container(host), port: 4000 }, far }),
  );
  let flows = first;
  world.start(0, function* () {
    for (let beat = 0; beat < BEATS; beat++) {
      const talking = rng.chance(0.5) ? [...first.keys()] : [...first.keys()].reverse();
      const ports = portsOf(beat, talking);
      flows = flows.map((flow, host) => {
        const { outside } = first[ports[host]];
        return flow.outside === outside ? flow : world.mapped(UDP, flow.inside, outside);
      });
      const apartNs = rng.between(0.05e6, 1e6);
      for (const host of talking) {
        world.send(flows[host], "outbound", datagram(payload, 0));
        yield apartNs;
      }
      yield 8e6;
      for (const host of talking) {
        world.send(flows[host], "inbound", datagram(payload, 0, 57));
        yield apartNs;
      }
      yield everyNs;
    }
  });
  background(world, 30e9, 60);
}
