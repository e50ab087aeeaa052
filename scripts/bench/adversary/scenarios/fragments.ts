import type { Adversary } from "../adversary.js";
import { missing } from "../capture.js";
import { UDP } from "../packet.js";
import { background, bytes, datagram, flowOf } from "../talk.js";
import { container, container6, type Flow, server, server6, type World } from "../world.js";

/** What two hosts that count alike have in common beside their IDs: nothing, all but the first bytes, or all. */
const LIKENESSES = ["nothing", "tail", "all"] as const;

/** Scenarios of datagrams in fragments of which captures miss some. */
export const FRAGMENTS: Readonly<Record<string, Adversary>> = {
  "wrong/fragments-clash-and-losses": {
    about:
      "two hosts behind one address send datagrams in fragments to one peer, with the same IP IDs at the same time, and captures miss some fragments",
    recall: 0.9,
    play(world) {
      const { rng } = world;
      losses(world);
      if (rng.chance(0.5)) world.inside.model.mtu = 0x10000;
      cuts(world);
      const far = { address: server(0), port: 2049 };
      const flows = [0, 1].map((i) => flowOf(world, UDP, { near: { address: container(i), port: 700 + i }, far }));
      clashes(world, flows, { count: 400, ids: () => ({ ipId: 1 + rng.below(0xffff) }) });
      background(world, 3e9, 40);
    },
  },
  "wrong/fragments-ipv6-and-losses": {
    about: "datagrams of IPv6 in fragments through NAT66, and captures that miss some",
    recall: 0.9,
    play(world) {
      const { rng } = world;
      losses(world);
      cuts(world);
      const far = { address: server6(0), port: 2049 };
      const flows = [0, 1, 2].map((i) => flowOf(world, UDP, { near: { address: container6(i), port: 2049 }, far }));
      clashes(world, flows, { count: 400, ids: () => ({ fragmentId: rng.word() }) });
      background(world, 3e9, 40, { isIpv6: true });
    },
  },
};

function losses({ rng, inside, outside }: World): void {
  const share = rng.pick([0.01, 0.02, 0.05]);
  for (const { model } of rng.pick([[inside], [outside], [inside, outside]])) model.misses = missing(rng, share);
}

/** What captures keep of each frame. */
function cuts({ rng, inside, outside }: World): void {
  const kept = rng.pick([262_144, 262_144, 128, 70]);
  for (const { model } of rng.pick([[inside], [outside], [inside, outside]])) model.kept = () => kept;
}

interface Clashes {
  readonly count: number;
  /** The identification that all flows take next. */
  readonly ids: () => { readonly ipId?: number; readonly fragmentId?: number };
}

/** Has all flows send a datagram in fragments at nearly the same time, again and again. */
function clashes(world: World, flows: readonly Flow[], { count, ids }: Clashes): void {
  const { rng } = world;
  const likeness = rng.pick(LIKENESSES);
  const size = 2_000 + rng.below(6_000);
  const spacingNs = rng.pick([1_500, 12_000, 120_000]);
  const isTold = likeness === "nothing" && [world.inside, world.outside].every(({ model }) => model.kept(0) > size);
  const options = {
    spacingNs,
    ...(isTold ? {} : { why: "which piece is of which datagram, only what they carry tells" }),
  };
  world.start(0, function* () {
    for (let k = 0; k < count; k++) {
      const id = ids();
      const common = bytes(rng, size);
      for (const flow of flows) {
        const payload = likeness === "nothing" ? bytes(rng, size) : Buffer.from(common);
        if (likeness === "tail") bytes(rng, 16).copy(payload, 0);
        const sent = datagram(payload, 0, 64, { df: false, ...id });
        world.send(flow, "outbound", sent, options);
        yield rng.exponential(spacingNs);
      }
      yield rng.exponential(8e6);
    }
  });
}
