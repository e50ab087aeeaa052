import type { Adversary } from "../adversary.js";
import { missing, START_NS } from "../capture.js";
import { ACK, type Packet, PSH, segment, SYN, timestamps, UDP } from "../packet.js";
import { background, beatTalk, bytes, datagram, datagramTalk, flowOf, type TcpTalk, tcpEnds } from "../talk.js";
import { type Flow, server, type World } from "../world.js";

/** Scenarios of queues: latency has no maximum. */
export const QUEUES: Readonly<Record<string, Adversary>> = {
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
      world.queue((ns) => Math.max(0, 900e6 - Math.abs(ns - 2e9)));
      world.start(0, function* () {
        for (let i = 0; i < 1500; i++) {
          world.send(flow, "outbound", datagram(bytes(rng, 200 + rng.below(900)), 0));
          yield rng.exponential(i > 400 && i < 1000 ? 1e6 : 4e6);
        }
      });
      background(world, 4e9, 60, { hasIds: false, rttNs: 5e6 });
    },
  },
  "said/router-stands-still": {
    about:
      "the router stands still for longer than the window, and then forwards all that entered meanwhile; the outside capture missed a frame long after, and its counter says so at the end",
    recall: 0.9,
    play(world) {
      const { rng, router, outside } = world;
      const [fromNs, forNs, duringNs] = [START_NS + rng.between(3e9, 5e9), rng.between(1.5e9, 4e9), 14e9];
      const { latencyNs } = router;
      const waitNs = (nowNs: number) => (nowNs < fromNs ? 0 : Math.max(0, fromNs + forNs - nowNs));
      router.latencyNs = (direction, nowNs) => waitNs(nowNs) + latencyNs(direction, nowNs);
      Object.assign(outside.model, { hasCounters: true, isMissTold: true });
      const payload = bytes(rng, 24);
      for (let i = 0; i < 5; i++) {
        const everyNs = rng.between(60e6, 150e6);
        world.start(rng.between(0, 1e9), beatTalk(world, { everyNs, count: duringNs / everyNs, payload, port: 8125 }));
      }
      // who waits for answers says nothing meanwhile
      for (const afterNs of [0, 10e9]) world.after(afterNs, () => background(world, 2e9, 30));
      const flow = flowOf(world, UDP, {});
      world.after(13e9, () => world.send(flow, "outbound", datagram(bytes(rng, 40), 1), { missed: "outside" }));
    },
  },
  "said/held-for-a-neighbour": {
    about:
      "while the host asks for a next hop's address, it keeps the first eight packets to it, and drops the others; queries without an IP ID, sent again each second",
    recall: null,
    play(world) {
      const { rng } = world;
      const [beginsNs, lastsNs] = [rng.between(2.5e9, 3.5e9), rng.between(2.1e9, 2.8e9)];
      const far = { address: server(7), port: 53 };
      let kept = 0;
      /** Sends a query to it; returns when it left, or -1. */
      const ask = (flow: Flow, query: Packet): number => {
        const sinceNs = world.nowNs - START_NS - beginsNs;
        if (sinceNs < 0 || sinceNs >= lastsNs) return world.send(flow, "outbound", query);
        if (kept === 8) return world.send(flow, "outbound", query, { drop: true });
        const latencyNs = lastsNs - sinceNs + 1000 * kept++;
        return world.send(flow, "outbound", query, { latencyNs, why: "it leaves behind its window" });
      };
      for (let k = 0; k < 160; k++)
        world.start(rng.between(0, 10e9), function* () {
          const flow = flowOf(world, UDP, { far });
          const query = datagram(bytes(rng, 28 + rng.below(8)), 0);
          for (let tried = 0, leftNs = -1; tried < 3 && leftNs < 0; tried++) {
            const sentNs = world.nowNs;
            const outNs = ask(flow, query);
            // who asked hears nothing for a second, and asks again
            if (outNs >= 0 && outNs - sentNs < 1e9) leftNs = outNs;
            yield leftNs < 0 ? 1e9 : leftNs - world.nowNs + 15e6 + rng.exponential(2e6);
          }
          world.send(flow, "inbound", datagram(bytes(rng, 90), 0, 50));
        });
      background(world, 10e9, 80);
    },
  },
  "wrong/queue-beyond-window": {
    about:
      "a queue that grows to more than the window: segments are sent again while the first copy waits in it, keepalives follow each other",
    recall: 0.48,
    findings: ["retransmissions"],
    play(world) {
      const { rng } = world;
      const [mostNs, duringNs] = [rng.between(1.1e9, 3e9), 8e9];
      world.queue((ns) => mostNs * Math.min(1, Math.max(0, ns) / 3e9));
      for (let i = 0; i < 3; i++) {
        world.start(rng.between(0, 1e9), sentAgainTalk(world, duringNs, { hasTimestamps: rng.chance(0.7) }));
        const beat = { everyNs: rng.between(0.7e9, 1.5e9), count: 7, payload: bytes(rng, 8), port: 4500 + i };
        world.start(rng.between(0, 1e9), beatTalk(world, { ...beat, isAnswered: true }));
      }
      background(world, duringNs, 30, { rttNs: mostNs });
    },
  },
  "wrong/queue-longer-than-the-timer": {
    about:
      "a queue of 0.3 to 0.4 s, no IP IDs or timestamps: each segment is sent again while its first copy waits; the inside capture misses 2 %, now and then the first one",
    recall: 0.85,
    findings: ["retransmissions"],
    play(world) {
      const { rng } = world;
      const [duringNs, talk] = [8e9, { isIpv6: rng.chance(0.5), hasIds: false, hasTimestamps: false }];
      const grownNs = walk(world, 2 * duringNs, () => rng.between(0, 0.1e9));
      world.queue((ns) => 0.3e9 + grownNs(ns));
      world.inside.model.misses = missing(rng, 0.02);
      for (let i = 0; i < 12; i++) world.start(rng.between(0, 1e9), sentAgainTalk(world, duringNs, talk));
      for (let i = 0; i < 2; i++) world.start(rng.between(0, 10e6), datagramTalk(world, { count: 2200, ...talk }));
    },
  },
  "wrong/queue-over-spacing": {
    about:
      "equal datagrams without ID, and a queue that grows to several times what they are apart, and shrinks; nothing is dropped or missed",
    recall: 0.5,
    play(world) {
      const { rng } = world;
      const everyNs = rng.pick([10e6, 20e6, 50e6, 100e6, 200e6]);
      const mostNs = rng.pick([60e6, 120e6, 250e6, 400e6]);
      world.queue(walk(world, 20e9, () => rng.pick([0, 0, mostNs * rng.unit(), mostNs])));
      const payload = bytes(rng, 4);
      world.start(0, beatTalk(world, { everyNs, count: 20e9 / everyNs, payload, port: 5004 }));
      world.start(0, datagramTalk(world, { count: 1000, hasIds: true, isIpv6: false }));
      background(world, 20e9, 40);
    },
  },
  "wrong/queue-of-a-policer": {
    about:
      "bursts of few different datagrams without ID; a policer drops most of each, a slow uplink has the others wait",
    recall: 0.87,
    // what is like one that is ambiguous may be that one, held up for as long as a window
    told: 0.25,
    play(world) {
      const { rng } = world;
      const [passes, eachNs] = [3 + rng.below(8), rng.between(50e3, 400e3)];
      let [tokens, freeNs] = [passes, 0];
      world.router.drops = (direction) => direction === "outbound" && tokens-- <= 0;
      world.router.latencyNs = (direction, nowNs) => {
        if (direction === "inbound") return 5_000 + rng.exponential(6_000);
        freeNs = Math.max(freeNs, nowNs + rng.exponential(10_000)) + eachNs;
        return freeNs - nowNs - eachNs + 5_000;
      };
      const payloads = Array.from({ length: 4 + rng.below(5) }, () => bytes(rng, 10 + rng.below(40)));
      const flow = flowOf(world, UDP, { port: 8125 });
      world.start(0, function* () {
        for (let i = 0; i < 60; i++) {
          tokens = passes;
          for (let n = rng.below(40); n >= 0; n--) {
            const payload = rng.chance(0.2) ? bytes(rng, 30) : payloads[rng.below(payloads.length)];
            world.send(flow, "outbound", datagram(payload, 0));
            yield rng.between(10e3, 60e3);
          }
          tokens = passes;
          yield rng.exponential(60e6);
        }
      });
    },
  },
};

/** A client that sends each segment again until it is acknowledged, with new timestamps and another IP ID where it has any, as a host does whose queue is long. */
function sentAgainTalk(world: World, duringNs: number, talk: TcpTalk): () => Generator<number, void> {
  return function* () {
    const { flow, ends, send } = tcpEnds(world, talk);
    const hasTimestamps = talk.hasTimestamps ?? true;
    const beganNs = world.nowNs;
    yield send("outbound", SYN, 0) + 2e6;
    yield send("inbound", SYN | ACK, 0) + 1e6;
    while (world.nowNs - beganNs < duringNs) {
      const { seq } = ends.outbound;
      const payload = bytes(world.rng, 100 + world.rng.below(900));
      let timerNs = 2e8;
      let answeredNs = Number.POSITIVE_INFINITY;
      while (world.nowNs < answeredNs && timerNs < 4e9) {
        const options = hasTimestamps ? timestamps(Math.floor(world.nowNs / 1e6) >>> 0, 1) : Buffer.alloc(0);
        const tcp = { seq, ack: ends.inbound.seq, flags: ACK | PSH, options };
        const exitNs = world.send(flow, "outbound", segment(tcp, { ipId: ends.outbound.id(), payload }));
        if (exitNs >= 0) answeredNs = Math.min(answeredNs, exitNs + 5e6);
        yield Math.min(timerNs, Math.max(1e6, answeredNs - world.nowNs));
        timerNs *= 2;
      }
      ends.outbound.seq = (seq + payload.length) >>> 0;
      yield send("inbound", ACK, 0) + world.rng.exponential(3e7);
    }
  };
}

/** How long a queue is that goes on to another length every 0.3 to 2 s, and evenly so. */
function walk({ rng }: World, duringNs: number, nextNs: () => number): (ns: number) => number {
  const points = [{ ns: 0, waitNs: 0 }];
  for (let ns = 0; ns < duringNs; points.push({ ns, waitNs: nextNs() })) ns += rng.pick([0.3e9, 1e9, 2e9]);
  return (ns) => {
    const at = points.findIndex((point) => point.ns > ns);
    if (at < 1) return 0;
    const [a, b] = [points[at - 1], points[at]];
    return a.waitNs + ((b.waitNs - a.waitNs) * (ns - a.ns)) / (b.ns - a.ns);
  };
}

function queued(world: World, mostNs: number, isIpv6: boolean): void {
  world.queue((ns) => Math.max(0, mostNs * (1 - Math.abs(ns - 3e9) / 2e9)));
  for (let i = 0; i < 3; i++)
    world.start(world.rng.between(0, 10e6), datagramTalk(world, { count: 1000, hasIds: false, isIpv6 }));
  background(world, 5e9, 60, { isIpv6, hasIds: false, rttNs: 5e6 });
}
