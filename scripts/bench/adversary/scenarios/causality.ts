import type { Adversary } from "../adversary.js";
import { missing, START_NS } from "../capture.js";
import { ACK, segment, SYN, TCP, UDP } from "../packet.js";
import { background, beatTalk, bytes, datagram, flowOf, ids } from "../talk.js";
import { container, type Flow, server, type World } from "../world.js";

/** Scenarios of packets that would leave before they enter. */
export const CAUSALITY: Readonly<Record<string, Adversary>> = {
  "wrong/acausal-new-flow": {
    about: "datagrams that the inside missed, then equal ones of another container that the router drops",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      background(world, 6e9, 60);
      for (let i = 0; i < 60; i++) {
        const far = { address: server(rng.below(4)), port: 8125 };
        const [payload, id] = [bytes(rng, 40), 1 + rng.below(20)];
        const from = (host: number) => flowOf(world, UDP, { near: { address: container(host), port: 5000 + i }, far });
        world.start(rng.between(0, 5e9), function* () {
          world.send(from(1), "outbound", datagram(payload, id), { missed: "inside" });
          yield rng.between(2e6, 300e6);
          world.send(from(2), "outbound", datagram(payload, id), { drop: true });
        });
      }
    },
  },
  "wrong/acausal-constant-id": {
    about: "IP ID 1 in every datagram, 20 Hz, 5 % missed inside",
    recall: 0.9,
    play(world) {
      missedInside(world);
      for (let i = 0; i < 4; i++) {
        const beat = { everyNs: 50e6, count: 250, payload: bytes(world.rng, 48), id: () => 1, port: 7000 };
        world.start(world.rng.between(0, 50e6), beatTalk(world, beat));
      }
      background(world, 12e9, 60);
    },
  },
  "wrong/acausal-wrapping-ids": {
    about: "100,000 equal datagrams a second: their IDs wrap within the window; 5 % missed inside",
    recall: 0.9,
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
      background(world, 0.6e9, 20);
    },
  },
  "wrong/acausal-equal-starts": {
    about: "devices that start with the same TCP numbers and IDs do the same; 5 % missed inside",
    recall: 0.9,
    play(world) {
      missedInside(world);
      const start = { isn: world.rng.word(), id: world.rng.below(0x8000), report: bytes(world.rng, 120) };
      const far = { address: server(1), port: 1883 };
      for (let i = 0; i < 120; i++) {
        const near = { address: container(i % 40), port: 40_000 + i };
        world.start(world.rng.between(0, 8e9), device(world, flowOf(world, TCP, { near, far }), start));
      }
    },
  },
  "wrong/acausal-jiffies-ids": {
    about: "kernels whose IP ID is the time in jiffies, equal reports; 5 % missed inside",
    recall: 0.9,
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
      background(world, 5e9, 40);
    },
  },
  "wrong/acausal-replay": {
    about: "a recording of 20 datagrams, played again every 0.4 s with the same IDs; 5 % missed inside",
    recall: 0.9,
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
      background(world, 8e9, 40);
    },
  },
};

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
