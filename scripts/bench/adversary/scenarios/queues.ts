import type { Adversary } from "../adversary.js";
import { UDP } from "../packet.js";
import { background, bytes, datagram, datagramTalk, flowOf } from "../talk.js";
import type { World } from "../world.js";

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
};

function queued(world: World, mostNs: number, isIpv6: boolean): void {
  world.queue((ns) => Math.max(0, mostNs * (1 - Math.abs(ns - 3e9) / 2e9)));
  for (let i = 0; i < 3; i++)
    world.start(world.rng.between(0, 10e6), datagramTalk(world, { count: 1000, hasIds: false, isIpv6 }));
  background(world, 5e9, 60, { isIpv6, hasIds: false, rttNs: 5e6 });
}
