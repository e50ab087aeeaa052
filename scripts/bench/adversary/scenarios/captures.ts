import type { Adversary } from "../adversary.js";
import type { Lines } from "../../script.js";
import { START_NS } from "../capture.js";
import { UDP } from "../packet.js";
import { background, beatTalk, bytes, datagram, flowOf } from "../talk.js";
import type { World } from "../world.js";

/** Scenarios of captures that are cut, stand still or see frames twice. */
export const CAPTURES: Readonly<Record<string, Adversary>> = {
  "said/snaplen-54": {
    about: "54 to 61 bytes kept: whole TCP headers, and none of what they carry",
    recall: 0.99,
    play(world) {
      const kept = 54 + world.rng.below(8);
      world.inside.model.kept = () => kept;
      world.outside.model.kept = () => kept;
      background(world, 5e9, 160, { hasTimestamps: false });
    },
  },
  "said/capture-pauses": {
    about: "the outside capture stands still for 1.5 s",
    recall: 0.99,
    play(world) {
      const fromNs = START_NS + world.rng.between(2e9, 3e9);
      world.outside.model.runs = (timeNs) => timeNs < fromNs || timeNs > fromNs + 1.5e9;
      background(world, 7e9, 220);
    },
  },
  "said/asked-in-twos-losses-counted": {
    about:
      "resolvers ask two questions of one size at once from one socket, and ask again; no IP IDs; captures lose single frames, or runs of them, and count them",
    recall: 0.99,
    play(world) {
      const { rng, inside, outside } = world;
      for (const { model } of [inside, outside]) Object.assign(model, { hasCounters: true, isMissTold: true });
      const most = rng.pick([1, 20, 80]);
      for (const { model } of rng.pick([[inside], [outside], [inside, outside]]))
        model.misses = runs(world, 0.03, most);
      for (let i = 0; i < 150; i++) world.start(rng.between(0, 6e9), twoQuestions(world));
      background(world, 6e9, 60, { hasIds: rng.chance(0.5) });
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
  "recall/span-copies-one-side": {
    about: "a mirror port hands the outside capture each frame twice",
    recall: 1,
    play(world) {
      copies(world.outside.model, world);
      background(world, 4e9, 150);
    },
  },
  "recall/span-copies-both-sides": {
    about: "mirror ports hand both captures each frame twice",
    recall: 1,
    play(world) {
      copies(world.inside.model, world);
      copies(world.outside.model, world);
      background(world, 4e9, 150);
    },
  },
  "recall/pppoe-uplink": {
    about: "the uplink is PPPoE",
    recall: 1,
    play(world) {
      world.outside.model.link = "pppoe";
      background(world, 4e9, 120);
      background(world, 4e9, 40, { isIpv6: true });
    },
  },
  "recall/vxlan-uplink": {
    about: "the uplink carries VXLAN, which the host itself ends",
    recall: 1,
    play(world) {
      world.outside.model.link = "vxlan";
      background(world, 4e9, 120);
      background(world, 4e9, 40, { isIpv6: true });
    },
  },
  "recall/uncut-then-cut": {
    about: "the first frames are whole, later ones are cut to 96 bytes, on one side or both",
    recall: 1,
    play(world) {
      const { rng } = world;
      const first = 1000 + rng.below(2000);
      world.outside.model.kept = (frame) => (frame < first ? 262_144 : 96);
      if (rng.chance(0.5)) world.inside.model.kept = (frame) => (frame < first + 300 ? 262_144 : 96);
      background(world, 6e9, 250, { hasIds: rng.chance(0.5) });
    },
  },
};

function oneCut(world: World, isIpv6: boolean): void {
  const which = world.rng.below(30);
  world.inside.model.kept = (frame) => (frame === which ? 60 : 262_144);
  background(world, 2e9, 60, { isIpv6, hasIds: false });
  for (let i = 0; i < 4; i++) {
    const beat = { everyNs: 20e6, count: 80, payload: bytes(world.rng, 40), isIpv6, port: 9000 };
    world.start(world.rng.between(0, 20e6), beatTalk(world, beat));
  }
}

/** Misses a share of the frames, in runs of so many at the most. */
function runs({ rng }: World, share: number, most: number): () => boolean {
  let left = 0;
  return () => {
    if (left === 0 && rng.chance((2 * share) / (most + 1))) left = 1 + rng.below(most);
    return left > 0 && left-- > 0;
  };
}

/** Asks for A and AAAA at once, as musl does, up to three times, and is answered. */
function twoQuestions(world: World): () => Lines {
  const { rng } = world;
  const flow = flowOf(world, UDP, { port: 53 });
  return function* () {
    const length = 28 + rng.below(10);
    const questions = [bytes(rng, length), bytes(rng, length)];
    for (let left = rng.below(3); left >= 0; left--) {
      for (const question of questions) {
        world.send(flow, "outbound", datagram(question, 0));
        yield rng.between(2e3, 40e3);
      }
      if (left > 0) yield rng.pick([0.3e9, 0.9e9]);
    }
    yield 2e6 + rng.exponential(0.5e6);
    for (const question of questions) {
      world.send(flow, "inbound", datagram(Buffer.concat([question, bytes(rng, 16)]), 0, 50));
      yield rng.between(2e3, 40e3);
    }
  };
}

/** Hands each frame over once more, some microseconds later. */
function copies(model: World["inside"]["model"], { rng }: World): void {
  model.copyAfterNs = () => 1_000 + rng.below(20_000);
}
