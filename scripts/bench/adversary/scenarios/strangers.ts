import type { Adversary } from "../adversary.js";
import { missing } from "../capture.js";
import { type End, SYN, segment, TCP, UDP } from "../packet.js";
import { background, bytes, datagram, datagramTalk, ids } from "../talk.js";
import { container, container6, type Direction, type Flow, HOST, server, server6, type World } from "../world.js";

/** Where an agent reports to. */
const COLLECTOR: End = { address: server(6), port: 8125 };
const SECOND_NS = 1e9;

/** Scenarios of those who do the same as somebody behind the NAT, or say what he says. */
export const STRANGERS: Readonly<Record<string, Adversary>> = {
  "wrong/scan-with-one-number": {
    about:
      "containers scan servers with one sequence number and IP ID for all; a tenth dropped, and each capture misses one of twenty",
    recall: 0.99,
    play(world) {
      const { rng, router } = world;
      world.inside.model.misses = missing(rng, 0.05);
      world.outside.model.misses = missing(rng, 0.05);
      router.drops = () => rng.chance(0.1);
      router.latencyNs = () => 8_000 + rng.exponential(200_000);
      const probe = segment({ seq: rng.word(), flags: SYN }, { ipId: 54_321 });
      for (let i = 0; i < 6; i++) {
        world.start(rng.between(0, 1e9), function* () {
          for (let n = 0; n < 400; n++) {
            const near = { address: container(rng.below(4)), port: 32_768 + rng.below(28_000) };
            const far = { address: server(rng.below(8)), port: 1 + rng.below(1024) };
            world.send(world.flow(TCP, near, far), "outbound", probe);
            yield rng.exponential(2e6);
          }
        });
      }
      background(world, 4e9, 40);
    },
  },
  "wrong/clones-scan-in-step": {
    about:
      "clones scan servers at the same instant, all from one port and with the same numbers, so that the NAT draws ports for all but one; captures miss up to one of twenty, or the router drops as many",
    recall: 0.9,
    play(world) {
      const { rng } = world;
      const [misses, drops] = [rng.between(0.01, 0.05), rng.chance(0.5) ? 0 : 0.05];
      // what nothing has shown to be clones yet are two connections
      world.after(10e6, () => {
        if (rng.chance(0.8)) world.inside.model.misses = missing(rng, misses);
        if (rng.chance(0.5)) world.outside.model.misses = missing(rng, misses);
        world.router.drops = () => rng.chance(drops);
      });
      const clones = 2 + rng.below(2);
      const port = 32_768 + rng.below(28_000);
      for (let round = 0; round < 400; round++) {
        const far = { address: server(rng.below(8)), port: 1 + round };
        const probe = segment({ seq: rng.word(), flags: SYN }, { ipId: 54_321 });
        for (let clone = 0; clone < clones; clone++)
          world.after(round * 3e6 + rng.below(4) * 1000, () =>
            world.send(world.flow(TCP, { address: container(clone), port }, far), "outbound", probe),
          );
      }
      background(world, 1.5e9, 40);
    },
  },
  "wrong/agents-in-step": {
    about:
      "an agent on another host of the link reports at the same second as a container's, whose reports the router drops",
    recall: 0.999,
    // what nothing answers may have been meant for a container, by its address
    told: 0,
    play: (world) => inStep(world, { address: "10.0.2.16", port: 40_001 }, 63, SECOND_NS),
  },
  "wrong/agents-in-step-seldom": {
    about: "the same once in ten seconds",
    recall: 0.999,
    // what nothing answers may have been meant for a container, by its address
    told: 0,
    play: (world) => inStep(world, { address: "10.0.2.16", port: 40_001 }, 63, 10 * SECOND_NS),
  },
  "wrong/agent-of-the-host": {
    about: "the host's own agent reports at the same second as a container's, whose reports the router drops",
    recall: 0.999,
    // what nothing answers may have been meant for a container, by its address
    told: 0.1,
    play: (world) => inStep(world, { address: HOST, port: 48_243 }, world.rng.chance(0.5) ? 255 : 128, SECOND_NS),
  },
  "wrong/sibling-unseen": {
    about:
      "two containers of one image, on two bridges, say what others say as well to one server within 1 ms of each other; only one bridge is captured, and what it sends takes an uplink that is not",
    recall: 0.99,
    // it may have been the other one's, as far as its bytes tell
    told: 0,
    play(world) {
      const { rng } = world;
      const far = { address: server(3), port: 5000 };
      const [other, sibling, flow] = [3, 2, 1].map((n) => world.flow(UDP, { address: container(n), port: 5000 }, far));
      const said = datagram(Buffer.from("report"), 0);
      const answer = datagram(Buffer.from("thanks"), 0, 50);
      const roundTripNs = rng.between(5e6, 40e6);
      const talk = (talking: Flow, startNs: number, options: { missed?: "inside" } = {}) =>
        world.start(startNs, function* () {
          world.send(talking, "outbound", said, options);
          yield roundTripNs;
          world.send(talking, "inbound", answer, options);
        });
      for (let n = 0; n < 60; n++) {
        const startNs = n * 500e6 + rng.between(0, 300e6);
        // what all of them say was said before
        talk(other, startNs);
        world.after(150e6 + startNs + rng.between(0, 1e6), () =>
          world.send(flow, "outbound", said, { missed: "outside" }),
        );
        talk(sibling, 150e6 + startNs + rng.between(0, 1e6), { missed: "inside" });
      }
      background(world, 28e9, 60);
    },
  },
  "wrong/time-of-one-server": {
    about:
      "the host and a container ask one server for the time, as one clock tells them; it says the same to both, another thing each time, and the container's way is by an uplink that is not captured",
    recall: 0.999,
    // what nothing answers may have been meant for a container, by its address
    told: 0.5,
    play(world) {
      const { rng, router } = world;
      router.latencyNs = () => rng.between(30e3, 39e3);
      const far = { address: server(3), port: 123 };
      const port = rng.chance(0.5) ? 123 : 32_768 + rng.below(28_000);
      const own = { near: { address: HOST, port }, far };
      const ends = { inside: own, outside: own };
      const flow = world.flow(UDP, { address: container(1), port: 123 }, far);
      const everyNs = rng.between(66e9, 130e9);
      const soonNs = () => rng.between(0, 2e6);
      for (let n = 0; n < 60; n++) {
        world.after(5e9 + n * everyNs, () => {
          const asks = datagram(Buffer.concat([Buffer.from([0x23]), Buffer.alloc(47)]), 0);
          const alike = Buffer.concat([Buffer.from([0x24, 2, 0, 0xe8]), bytes(rng, 20), Buffer.alloc(8)]);
          const told = () => datagram(Buffer.concat([alike, bytes(rng, 16)]), 0, 50);
          world.after(soonNs(), () => world.send(flow, "outbound", asks, { missed: "outside" }));
          world.after(soonNs(), () => world.local("outside", ends, "outbound", asks));
          world.after(4e6 + soonNs(), () => world.send(flow, "inbound", told(), { missed: "outside" }));
          world.after(4e6 + soonNs(), () => world.local("outside", ends, "inbound", told()));
        });
      }
      background(world, 4e9, 60);
      background(world, 60 * everyNs, 240);
    },
  },
  "said/ttl-set-out": {
    about: "the router sets the TTL of what leaves to 65, 128 or 255; IPv4 masqueraded, IPv6 forwarded as it is",
    recall: 0.999,
    nats: ["snat", "none"],
    findings: ["untranslated"],
    says: ["raised TTL"],
    play(world) {
      const { rng } = world;
      const ttl = [65, 128, 255][rng.below(3)];
      world.router.rewrite = (sent, direction) => (direction === "outbound" ? { ...sent, ttl } : sent);
      for (let i = 0; i < 4; i++) {
        const ends = { near: { address: container6(i), port: 40_000 + i }, far: { address: server6(i), port: 443 } };
        const flow = world.mapped(UDP, ends, ends);
        world.start(rng.between(0, 5e6), datagramTalk(world, { count: 100, hasIds: false, flow }));
      }
      background(world, 3e9, 60);
    },
  },
  "said/dns-forwarder": {
    about: "the host forwards DNS itself: what it is told it tells containers, with IDs and ports of its own",
    recall: 0.999,
    play(world) {
      const { rng } = world;
      for (let i = 0; i < 3; i++) world.start(rng.between(0, 10e6), datagramTalk(world, { count: 60, hasIds: true }));
      world.start(10e6, function* () {
        const id = ids(rng, true);
        for (let n = 0; n < 200; n++) {
          const answer = bytes(rng, 40 + rng.below(60));
          const told = (
            side: "inside" | "outside",
            direction: Direction,
            near: End,
            far: End,
            ttl: number,
            ipId: number,
          ) =>
            world.local(
              side,
              { inside: { near, far }, outside: { near, far } },
              direction,
              datagram(answer, ipId, ttl),
            );
          const far = { address: server(2), port: 53 };
          told("outside", "inbound", { address: HOST, port: 50_000 + n }, far, 51, id());
          yield 20e3 + rng.exponential(40e3);
          told(
            "inside",
            "inbound",
            { address: container(n % 5), port: 40_000 + n },
            { address: "172.17.0.1", port: 53 },
            64,
            0,
          );
          yield 5e6 + rng.exponential(20e6);
        }
      });
    },
  },
};

/** A container's agent, whose reports are dropped, and one that reports at the same time, as clocks tell it, on the uplink. */
function inStep(world: World, stranger: End, ttl: number, everyNs: number): void {
  const { rng } = world;
  const report = Buffer.from("up:1|c");
  const flow = world.flow(UDP, { address: container(1), port: 33_697 }, COLLECTOR);
  const ends = { inside: { near: stranger, far: COLLECTOR }, outside: { near: stranger, far: COLLECTOR } };
  for (let n = 0; n < 60; n++) {
    const jitterNs = () => rng.between(0, 2e6);
    world.after(n * everyNs + jitterNs(), () => world.send(flow, "outbound", datagram(report, 0), { drop: true }));
    world.after(n * everyNs + jitterNs(), () => world.local("outside", ends, "outbound", datagram(report, 0, ttl)));
  }
  background(world, 20e9, 60);
}
