import type { Adversary } from "../adversary.js";
import { missing, START_NS } from "../capture.js";
import { ACK, SYN, segment, TCP, UDP } from "../packet.js";
import { background, beatTalk, bytes, datagram, datagramTalk, dnsTalk, flowOf, ids, tcpTalk } from "../talk.js";
import { container, container6, type World } from "../world.js";

/** Scenarios of clocks and of the way between the capture points. */
export const CLOCKS: Readonly<Record<string, Adversary>> = {
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
  "wrong/clock-apart-clones": {
    about:
      "hosts that are clones of each other, IP IDs included, say the same in turns and are answered; clocks up to 40 ms apart, and the outside captures miss up to 5 %",
    recall: null,
    play(world) {
      const { rng, outside } = world;
      outside.model.offsetNs = rng.between(0.5e6, 40e6) * (rng.chance(0.5) ? 1 : -1);
      outside.model.misses = missing(rng, rng.between(0, 0.05));
      const everyNs = rng.between(50e6, 1e9);
      const jitterNs = rng.chance(0.3) ? 0 : rng.between(0.2e6, 20e6);
      const isAnswered = rng.chance(0.8);
      const saids = Array.from({ length: 150 }, () => bytes(rng, 24));
      const firstId = 1 + rng.below(0x8000);
      for (let i = 0; i < 2 + rng.below(3); i++) {
        const flow = flowOf(world, UDP, { near: { address: container(i), port: 20_000 + i }, port: 5000 });
        world.start(rng.between(0, everyNs), function* () {
          for (const [n, said] of saids.entries()) {
            const leftNs = world.send(flow, "outbound", datagram(said, firstId + n));
            const answer = () => world.send(flow, "inbound", datagram(said, firstId + n, 50));
            if (isAnswered && leftNs >= 0) world.after(leftNs - world.nowNs + 2e6, answer);
            yield everyNs + rng.between(-jitterNs, jitterNs);
          }
        });
      }
    },
  },
  "wrong/clock-answers-sent-again": {
    about: "one clock; the inside begins late, and what answers connections, without ID, is sent again after a second",
    recall: 0.999,
    findings: ["asymmetric", "retransmissions"],
    nats: ["snat", "dnat"],
    play(world) {
      const { rng } = world;
      world.inside.model.misses = (timeNs) => timeNs < START_NS + 0.55e9;
      world.inside.model.isMissTold = true;
      for (let i = 0; i < 1500; i++) {
        const flow = flowOf(world, TCP, {});
        const [seq, ack] = [rng.word(), rng.word()];
        world.start(rng.between(0, 0.5e9), function* () {
          for (let again = 0; again < 3; again++) {
            world.send(flow, "outbound", segment({ seq, ack, flags: SYN | ACK }));
            yield (1 << again) * 1e9 + rng.between(0, 4e6);
          }
        });
      }
      for (let i = 0; i < 60; i++) world.start(rng.between(1.5e9, 5e9), tcpTalk(world));
    },
  },
  "said/clock-never-set": {
    about:
      "one clock, and 100 ms between the capture points; what TCP says without ID is sent again before it can be answered; each capture misses one in ten",
    recall: 0.79,
    findings: ["retransmissions"],
    play(world) {
      const { rng, router, inside, outside } = world;
      for (const { model } of [inside, outside]) model.misses = missing(rng, 0.1);
      router.latencyNs = (direction) => (direction === "outbound" ? 100e6 : 130e6) + rng.exponential(1e6);
      for (let i = 0; i < 3; i++) {
        const [flow, id] = [flowOf(world, TCP, {}), ids(rng, true)];
        const at = { seq: rng.word(), ack: rng.word() };
        world.start(rng.between(0, 8e9), function* () {
          for (let said = 0; said < 60; said++) {
            const [question, answer] = [bytes(rng, 40), bytes(rng, 60)];
            for (let again = 0; again < 2; again++) {
              world.send(flow, "outbound", segment(at, { payload: question }));
              const reply = { seq: at.ack, ack: at.seq };
              world.send(flow, "inbound", segment(reply, { payload: answer, ipId: rng.chance(0.4) ? id() : 0 }));
              yield 220e6;
            }
            at.seq = (at.seq + 40) >>> 0;
            at.ack = (at.ack + 60) >>> 0;
            if (said % 3 === 2) yield rng.between(4e9, 30e9);
          }
        });
      }
    },
  },
  "wrong/clock-late-step": {
    about: "one clock; after a second the outside's stamps are 30 µs early; heartbeats every 3 to 4 ms, 3 % dropped",
    recall: 0.9,
    // natcorr bounds the offset to milliseconds here, which is what beats are apart: a drop among them is ambiguous
    told: 0.35,
    play(world) {
      world.outside.model.errorNs = (timeNs) => (timeNs > START_NS + 1e9 ? -30_000 : 0);
      dropping(world);
    },
  },
  "wrong/clock-late-drift": {
    about: "clocks that agree at first and drift by 20 ppm; heartbeats every 3 to 4 ms, 3 % dropped",
    recall: 0.9,
    // natcorr bounds the offset to milliseconds here, which is what beats are apart: a drop among them is ambiguous
    told: 0.35,
    play(world) {
      world.outside.model.driftPpm = world.rng.chance(0.5) ? 20 : -20;
      dropping(world);
    },
  },
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
      world.queue((ns) => ns * 1e-3);
      background(world, 8e9, 200, { rttNs: 5e6 });
    },
  },
  "said/clock-steps-back": {
    about: "the outside clock is set back by half a second on the way",
    recall: 0.95,
    play(world) {
      world.outside.model.set = { atNs: START_NS + world.rng.between(2.5e9, 3.5e9), byNs: -0.5e9 };
      background(world, 7e9, 220);
    },
  },
  "said/clock-set-once": {
    about:
      "the outside clock is set once on the way, forth or back, by 0.2 to 900 ms; now and then clocks are seconds apart",
    recall: 0.99,
    play(world) {
      const { rng } = world;
      if (rng.chance(0.3)) offset(world);
      const byNs = 2e5 * 4500 ** rng.between(0, 1);
      world.outside.model.set = {
        atNs: START_NS + rng.between(1.5e9, 4.5e9),
        byNs: rng.chance(0.5) ? byNs : -byNs,
      };
      background(world, 6e9, 240);
    },
  },
  "said/clock-set-early": {
    about: "little passes; the outside clock is set within the first second, forth or back, by 20 to 900 ms",
    recall: 0.99,
    play(world) {
      const { rng } = world;
      const byNs = 2e7 * 45 ** rng.between(0, 1);
      world.outside.model.set = { atNs: START_NS + rng.between(0.3e9, 1e9), byNs: rng.chance(0.5) ? byNs : -byNs };
      background(world, 3e9, 8 + rng.below(12));
    },
  },
  "wrong/clock-set-beside-beats": {
    about:
      "the outside clock is set once by whole periods of equal datagrams; what else passes goes one way alone at times, and has IDs that the router draws; captures miss up to one in five",
    recall: 0.38,
    findings: ["rewritten", "port-rewritten"],
    play(world) {
      const { rng, outside, inside, router } = world;
      const isOneWay = rng.chance(0.5);
      const everyNs = rng.between(2e6, 100e6);
      const byNs = everyNs * Math.max(1, Math.round(rng.between(2e6, 400e6) / everyNs));
      outside.model.set = { atNs: START_NS + rng.between(1e9, 7e9), byNs: rng.chance(0.5) ? byNs : -byNs };
      if (rng.chance(0.5)) offset(world);
      const misses = missing(rng, rng.between(0, 0.2));
      (rng.chance(0.5) ? inside : outside).model.misses = misses;
      if (rng.chance(0.3)) router.rewrite = (sent) => ({ ...sent, ipId: 1 + rng.below(0xffff) });
      const jitter = rng.chance(0.5) ? 0 : 0.05;
      const [stream, payload] = [flowOf(world, UDP, { port: 5001 }), bytes(rng, 40)];
      world.start(0, function* () {
        for (let sentNs = 0; sentNs < 8e9; sentNs += everyNs) {
          world.send(stream, "outbound", datagram(payload, 0));
          yield everyNs * (1 + jitter * rng.between(-1, 1));
        }
      });
      const log = flowOf(world, UDP, { port: 514 });
      for (let i = 0; i < 400; i++) {
        const line = () => world.send(log, "outbound", datagram(bytes(rng, 60), 0));
        if (isOneWay) world.after(rng.between(0, 8e9), line);
        else world.start(rng.between(0, 8e9), dnsTalk(world, { hasIds: false }));
      }
    },
  },
  "said/clock-set-unseen": {
    about:
      "the outside clock is set once, by up to 400 ms; by then nothing passes any more but equal datagrams with IDs, one way, which come later by that",
    recall: 0.94,
    play(world) {
      const { rng, outside } = world;
      if (rng.chance(0.7)) offset(world);
      background(world, 2e9, 80, { rttNs: 5e6 });
      const isOutbound = rng.chance(0.5);
      const byNs = rng.between(1e6, 400e6);
      outside.model.set = { atNs: START_NS + rng.between(4e9, 7e9), byNs: isOutbound ? byNs : -byNs };
      const flow = flowOf(world, UDP, { port: 8125 });
      const [payload, id] = [bytes(rng, 40), ids(rng, true)];
      world.start(0, function* () {
        for (let i = 0; i < 200; i++) {
          const direction = isOutbound || i < 2 ? "outbound" : "inbound";
          world.send(flow, direction, datagram(payload, id(), direction === "outbound" ? 64 : 50));
          yield rng.between(30e6, 70e6);
        }
      });
    },
  },
  "said/clock-set-far-back": {
    about: "the outside clock is set back on the way by more than the window, 1.2 to 4 s",
    recall: 0.7,
    play(world) {
      const { rng } = world;
      world.outside.model.set = { atNs: START_NS + rng.between(2.5e9, 4e9), byNs: -rng.between(1.2e9, 4e9) };
      background(world, 12e9, 480);
    },
  },
  "said/clock-slewed": {
    about: "clocks apart that drift a little; the outside's is slewed for some seconds, by 50 to 500 ppm",
    recall: 0.99,
    play(world) {
      const { rng, outside } = world;
      offset(world);
      outside.model.driftPpm = rng.between(-20, 20);
      const [fromNs, forNs] = [START_NS + rng.between(3e9, 8e9), rng.between(2e9, 12e9)];
      const rate = rng.between(50e-6, 500e-6) * (rng.chance(0.5) ? 1 : -1);
      outside.model.slewNs = (timeNs) => rate * Math.max(0, Math.min(timeNs - fromNs, forNs));
      background(world, 25e9, 60 * 10 ** rng.between(0, 1), { rttNs: 5e6 });
    },
  },
  "said/frames-stand-late": {
    about:
      "two clocks up to 1.5 ms apart; one inside frame in fifty stands up to 0.4 ms late in its capture, with its stamp",
    recall: 0.99,
    play(world) {
      const { rng, inside, outside } = world;
      outside.model.offsetNs = rng.between(0.1e6, 1.5e6) * (rng.chance(0.5) ? 1 : -1);
      inside.model.arrange = (frames) =>
        frames
          .map((frame) => ({ frame, atNs: frame.timeNs + (rng.chance(0.02) ? rng.between(50e3, 400e3) : 0) }))
          .sort((a, b) => a.atNs - b.atNs)
          .map(({ frame }) => frame);
      background(world, 6e9, 240);
    },
  },
  "said/clocks-300-us-apart": {
    about:
      "clocks 300 µs apart, and packets of one direction alone, most of them heartbeats: what dropped says must be so",
    recall: null,
    play(world) {
      const { rng, outside } = world;
      outside.model.offsetNs = rng.chance(0.7) ? -300_000 : 300_000;
      world.router.drops = () => rng.chance(0.003);
      const hasIds = rng.chance(0.5);
      for (let i = 0; i < 5; i++) {
        const beat = {
          everyNs: rng.between(5e6, 40e6),
          count: 200,
          payload: bytes(rng, 24),
          port: 8125 + i,
          jitter: 0.5,
        };
        world.start(rng.between(0, 40e6), beatTalk(world, i < 3 ? beat : { ...beat, id: ids(rng, hasIds) }));
      }
    },
  },
  "said/echoes-missed": {
    about:
      "datagrams whose answers carry the same, on one clock; each capture misses some: an answer is no twin of its question",
    recall: 0.5,
    play(world) {
      const { rng } = world;
      for (const { model } of [world.inside, world.outside]) model.misses = missing(rng, 0.15);
      for (let i = 0; i < 3; i++) {
        const flow = flowOf(world, UDP, { port: 7 });
        world.start(rng.between(0, 1e9), function* () {
          for (let n = 0; n < 200; n++) {
            const payload = bytes(rng, 64);
            const leftNs = world.send(flow, "outbound", datagram(payload, 0));
            if (leftNs >= 0)
              world.after(leftNs - world.nowNs + 12e6, () => world.send(flow, "inbound", datagram(payload, 0, 240)));
            yield rng.between(100e6, 300e6);
          }
        });
      }
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
      background(world, 115e9, 120);
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
      background(world, 8e9, 200);
    },
  },
  "said/thirds-moved": {
    about: "the last third of the outside capture stands before the second one",
    recall: 0.3,
    play(world) {
      world.outside.model.arrange = (taps) => {
        const third = Math.floor(taps.length / 3);
        return [...taps.slice(0, third), ...taps.slice(2 * third), ...taps.slice(third, 2 * third)];
      };
      background(world, 8e9, 200);
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
      background(world, 5e9, 160, { rttNs: 4e6 });
    },
  },
  "recall/udp-alone-clocks-apart": {
    about: "WireGuard, QUIC and DNS and no TCP, clocks seconds or years apart",
    recall: 0.999,
    play(world) {
      const { rng, outside } = world;
      outside.model.offsetS = [2, -19, 86_400 * 900, -86_400 * 2000][rng.below(4)];
      outside.model.offsetNs = rng.below(1e9);
      const hasIds = rng.chance(0.5);
      for (let i = 0; i < 6; i++)
        world.start(
          rng.between(0, 1e9),
          datagramTalk(world, { port: i < 2 ? 51_820 : 443, count: 400, hasIds, unit: i < 2 ? 16 : 1 }),
        );
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
};

function runaway(world: World, isIpv6: boolean): void {
  const { rng } = world;
  world.outside.model.offsetS = rng.chance(0.5) ? 37 : -37;
  world.outside.model.offsetNs = rng.below(1e9);
  const durationNs = 12e9;
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

function dropping(world: World): void {
  const { rng } = world;
  world.router.drops = (direction) => direction === "outbound" && rng.chance(0.03);
  for (let i = 0; i < 2; i++) {
    const beat = { everyNs: rng.between(3e6, 4e6), count: 2000, payload: bytes(rng, 32), jitter: 0.3, port: 5004 };
    world.start(rng.between(0, 4e6), beatTalk(world, beat));
  }
  background(world, 7e9, 40);
}

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
  background(world, 6e9, talks, { isIpv6, rttNs: 3e6 });
}

function oneStampAhead(world: World, aheadNs: number): void {
  const which = 500 + world.rng.below(1500);
  const point = world.rng.chance(0.5) ? world.inside : world.outside;
  point.model.errorNs = (_, frame) => (frame === which ? aheadNs : 0);
  background(world, 8e9, 260);
}
