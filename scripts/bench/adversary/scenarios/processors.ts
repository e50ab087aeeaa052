import type { Adversary } from "../adversary.js";
import type { CapturePoint } from "../capture.js";
import { UDP } from "../packet.js";
import { background, bytes, datagram, flowOf } from "../talk.js";
import type { World } from "../world.js";

/** Scenarios of captures that several processors take part in. */
export const PROCESSORS: Readonly<Record<string, Adversary>> = {
  "wrong/order-within-a-unit": {
    about:
      "stamps of 1 or 10 ms, and several processors that hand over what they have of each unit one after the other: equal datagrams without ID stand in another order than they passed",
    recall: 0.9,
    play(world) {
      const { rng } = world;
      const resolutionNs = rng.pick([1e6, 10e6]);
      for (const side of rng.pick([["inside"], ["outside"], ["inside", "outside"]] as const)) {
        for (const point of [world.inside, world.outside]) point.model.resolutionNs = resolutionNs;
        byProcessors(world, world[side], 2 + rng.below(3));
      }
      const why = "which is which of a unit";
      for (let i = 0; i < 12; i++) {
        const flow = flowOf(world, UDP, { port: 4000 });
        const payload = bytes(rng, 40);
        world.start(rng.between(0, 1e9), function* () {
          for (let burst = 0; burst < 60; burst++) {
            for (let k = 1 + rng.below(4); k > 0; k--) {
              world.send(flow, "outbound", datagram(payload, 0), { why });
              yield rng.exponential(resolutionNs / 6);
            }
            yield rng.exponential(50e6);
          }
        });
      }
      background(world, 4e9, 80, { hasIds: rng.chance(0.5) });
    },
  },
};

/** Each frame is taken by some processor, and of each unit of time those of one processor stand behind those of another. */
function byProcessors({ rng }: World, { model }: CapturePoint, count: number): void {
  model.arrange = (taps) =>
    taps
      .map((tap) => ({ tap, unit: Math.floor(tap.timeNs / model.resolutionNs), processor: rng.below(count) }))
      .sort((a, b) => a.unit - b.unit || a.processor - b.processor)
      .map(({ tap }) => tap);
}
