import type { Adversary } from "../adversary.js";
import { missing, START_NS } from "../capture.js";
import { ACK, type End, FIN, PSH, segment, SYN, UDP } from "../packet.js";
import { background, bytes, datagram, datagramTalk, flowOf, ids, tcpEnds } from "../talk.js";
import { container, HOST, server, type World } from "../world.js";

/** The host's address on the bridge. */
const BRIDGE = "172.17.0.1";

/** Scenarios of hosts as they are: they talk themselves, packets overtake each other, mirror ports copy them, captures are begun and ended by hand. */
export const EVERYDAY: Readonly<Record<string, Adversary>> = {
  "wrong/overtaking-in-the-router": {
    about: "packets of one flow overtake each other in the router, within some 100 µs; nothing is lost",
    recall: 0.99,
    play(world) {
      overtaking(world);
      bursts(world, 40);
      background(world, 4e9, 150, { hasIds: world.rng.chance(0.5) });
    },
  },
  "wrong/overtaking-and-losses": {
    about: "the same, and the router drops some, and captures miss some",
    recall: 0.9,
    play(world) {
      const { rng } = world;
      overtaking(world);
      const [dropped, missed] = [rng.pick([0, 0.02]), rng.pick([0, 0.02])];
      world.router.drops = () => rng.chance(dropped);
      world.inside.model.misses = missing(rng, missed);
      world.outside.model.misses = missing(rng, missed);
      bursts(world, 40);
      background(world, 4e9, 150, { hasIds: rng.chance(0.5) });
    },
  },
  "said/overtaking-and-copies": {
    about: "the same, and mirror ports that hand over frames twice, in part after the next one",
    recall: 0.95,
    play(world) {
      const { rng } = world;
      overtaking(world);
      for (const side of rng.pick([["outside"], ["inside"], ["inside", "outside"]] as const)) {
        const mostNs = rng.pick([5e3, 50e3, 300e3]);
        world[side].model.copyAfterNs = () => 500 + rng.below(mostNs);
      }
      bursts(world, 20);
      background(world, 4e9, 150);
    },
  },
  "wrong/copies-among-equals": {
    about:
      "mirror ports hand over each frame twice, in part after the next one, which may be equal and without ID: nothing tells which of them is a copy",
    recall: 0.97,
    play(world) {
      const { rng } = world;
      for (const side of rng.pick([["outside"], ["inside"], ["inside", "outside"]] as const)) {
        const mostNs = rng.pick([20e3, 50e3, 200e3, 600e3]);
        world[side].model.copyAfterNs = () => 500 + rng.below(mostNs);
      }
      for (let i = 0; i < 30; i++) {
        const flow = flowOf(world, UDP, { port: 4000 });
        const kinds = Array.from({ length: 3 }, () => bytes(rng, 30));
        const everyNs = rng.between(20e3, 300e3);
        world.start(rng.between(0, 3e9), function* () {
          for (let burst = 0; burst < 12; burst++) {
            for (let k = 1 + rng.below(5); k > 0; k--) {
              world.send(flow, "outbound", datagram(rng.chance(0.7) ? rng.pick(kinds) : bytes(rng, 60), 0));
              yield rng.exponential(everyNs);
            }
            yield rng.exponential(100e6);
          }
        });
      }
      background(world, 4e9, 120);
    },
  },
  "said/copies-of-some": {
    about: "a mirror port hands some frames to one of the captures twice, one in so many; some are dropped",
    recall: 0.85,
    play(world) {
      const { rng } = world;
      const share = rng.pick([0.02, 0.2, 0.6]);
      const mostNs = rng.pick([5e3, 50e3, 300e3]);
      const { model } = world[rng.pick(["inside", "outside"] as const)];
      model.copyAfterNs = () => (rng.chance(share) ? 500 + rng.below(mostNs) : 0);
      world.router.drops = () => rng.chance(0.01);
      background(world, 4e9, 200);
    },
  },
  "said/copies-of-some-on-both-sides": {
    about:
      "mirror ports hand some frames to both captures twice, one in so many, so that copies are pairs as well: no sender sent anything again",
    recall: 0.95,
    play(world) {
      const { rng } = world;
      const share = rng.pick([0.005, 0.02, 0.1]);
      const mostNs = rng.pick([5e3, 50e3, 300e3]);
      let [isCopied, shown] = [false, 0];
      // each packet is shown twice: as it enters, and as it leaves
      const copyAfterNs = () => {
        if (shown++ % 2 === 0) isCopied = rng.chance(share);
        return isCopied ? 500 + rng.below(mostNs) : 0;
      };
      for (const { model } of [world.inside, world.outside]) model.copyAfterNs = copyAfterNs;
      background(world, 4e9, 200, { hasIds: rng.chance(0.5) });
    },
  },
  "said/sent-twice-on-the-wire": {
    about:
      "a network sends half of the answers of some hosts twice, so that both cross, and both captures have both; no capture shows anything twice",
    recall: 0.9,
    play(world) {
      const { rng } = world;
      const nearestNs = rng.pick([50e3, 300e3]);
      for (let i = 0; i < 60; i++) {
        const flow = flowOf(world, UDP, { port: 4000 });
        const [numbers, answers] = [ids(rng, true), ids(rng, true)];
        world.start(rng.between(0, 3e9), function* () {
          for (let n = 0; n < 12; n++) {
            yield rng.between(5e6, 50e6);
            world.send(flow, "outbound", datagram(bytes(rng, 100), numbers()));
            yield 10e6;
            const answer = datagram(bytes(rng, 100), answers());
            world.send(flow, "inbound", answer);
            if (!rng.chance(0.5)) continue;
            yield rng.between(nearestNs, 950e3);
            world.send(flow, "inbound", answer);
          }
        });
      }
    },
  },
  "said/sent-twice-and-missed": {
    about:
      "a network sends a part of all packets twice, one way or both, so that both cross; both captures miss some, and their clocks may differ",
    recall: 0.95,
    play: (world) => sentTwice(world, true),
  },
  "said/sent-twice-without-ids-and-missed": {
    about: "the same without IP IDs: what was missed, sent twice, or sent again looks the same",
    recall: 0.5,
    play: (world) => sentTwice(world, false),
  },
  "said/the-host-talks-too": {
    about:
      "the host talks with servers and with its containers, and these with each other, by the same protocols as what is forwarded",
    recall: 0.99,
    play(world) {
      const { rng } = world;
      world.router.drops = () => rng.chance(rng.pick([0, 0.01]));
      own(world, 4e9, 60);
      background(world, 4e9, 120);
    },
  },
  "said/the-host-talks-and-captures-miss": {
    about: "the same, and each capture misses some frames",
    recall: 0.95,
    play(world) {
      const { rng } = world;
      world.inside.model.misses = missing(rng, 0.02);
      world.outside.model.misses = missing(rng, 0.02);
      own(world, 4e9, 60);
      background(world, 4e9, 120);
    },
  },
  "said/copies-while-one-capture-runs": {
    about: "the captures of the next one, with mirror ports that hand all frames or one in so many over twice",
    recall: 0.85,
    play(world) {
      const { rng } = world;
      runApart(world);
      for (const side of rng.pick([["outside"], ["inside"], ["inside", "outside"]] as const)) {
        const share = rng.pick([0.02, 0.5, 1]);
        const mostNs = rng.pick([5e3, 50e3, 300e3]);
        world[side].model.copyAfterNs = () => (rng.chance(share) ? 500 + rng.below(mostNs) : 0);
      }
      own(world, 8e9, 40);
      background(world, 8e9, 200);
    },
  },
  "said/captures-begin-and-end-apart": {
    about:
      "one capture begins seconds before the other and ends before it, one pauses; the host talks itself, some is dropped",
    recall: 0.99,
    play(world) {
      const { rng } = world;
      runApart(world);
      world.router.drops = () => rng.chance(0.01);
      own(world, 8e9, 60);
      background(world, 8e9, 220);
    },
  },
};

/** A network hands the host a part of all packets twice, and captures miss some of all. */
function sentTwice(world: World, hasIds: boolean): void {
  const { rng, router, inside, outside } = world;
  const share = rng.between(0.2, 0.4);
  const ways = rng.pick([["inbound"], ["inbound", "outbound"]]);
  router.againAfterNs = (direction) => (ways.includes(direction) && rng.chance(share) ? rng.between(10e3, 400e3) : 0);
  for (const { model } of [inside, outside]) model.misses = missing(rng, 0.05);
  outside.model.offsetNs = rng.pick([0, rng.between(-5e9, 5e9)]);
  background(world, 6e9, 250, { hasIds });
}

/** Each capture begins and ends at a time of its own, and may pause. */
function runApart({ rng, inside, outside }: World): void {
  for (const { model } of [inside, outside]) {
    const fromNs = START_NS + rng.between(0, 2e9);
    const untilNs = START_NS + rng.between(6e9, 8e9);
    const pauseNs = START_NS + rng.between(3e9, 4e9);
    const duringNs = rng.pick([0, 0.3e9, 1.2e9]);
    const isPaused = (ns: number) => ns > pauseNs && ns < pauseNs + duringNs;
    model.runs = (ns) => ns > fromNs && ns < untilNs && !isPaused(ns);
  }
}

/** One packet in so many is held up while others pass it. */
function overtaking({ rng, router }: World): void {
  router.isFifo = false;
  const share = rng.pick([0.02, 0.1, 0.3]);
  router.latencyNs = () => 8_000 + rng.exponential(6_000) + (rng.chance(share) ? rng.between(20e3, 300e3) : 0);
}

/** Bursts of segments, and of datagrams that are in part alike, with IP IDs or without. */
function bursts(world: World, count: number): void {
  const { rng } = world;
  for (let i = 0; i < count; i++) {
    const hasIds = rng.chance(0.5);
    world.start(rng.between(0, 3e9), function* () {
      const { ends, flow, send } = tcpEnds(world, { hasIds, hasTimestamps: rng.chance(0.5) });
      yield 2e6 + send("outbound", SYN, 0);
      yield 1e6 + send("inbound", SYN | ACK, 0);
      yield 2e6 + send("outbound", ACK | PSH, 300);
      for (let burst = 0; burst < 8; burst++) {
        for (let k = 2 + rng.below(8); k > 0; k--) {
          send("inbound", ACK, 1400);
          if (rng.chance(0.3)) send("outbound", ACK, 0);
          yield 5e3 + rng.exponential(30e3);
        }
        const window = { seq: ends.outbound.seq, ack: ends.inbound.seq, flags: ACK, window: 501 };
        for (let k = rng.below(3); k > 0; k--) {
          yield 5e3 + rng.exponential(50e3);
          world.send(flow, "outbound", segment({ ...window, window: 501 - k }, { ipId: ends.outbound.id() }));
        }
        yield rng.exponential(60e6);
      }
    });
    const id = ids(rng, hasIds);
    const flow = flowOf(world, UDP, { port: 4000 });
    const kinds = Array.from({ length: 4 }, () => bytes(rng, 30));
    world.start(rng.between(0, 3e9), function* () {
      for (let burst = 0; burst < 6; burst++) {
        for (let k = 2 + rng.below(6); k > 0; k--) {
          world.send(flow, "outbound", datagram(rng.chance(0.3) ? rng.pick(kinds) : bytes(rng, 60), id()));
          yield 5e3 + rng.exponential(40e3);
        }
        yield rng.exponential(100e6);
      }
    });
    if (i % 4 === 0) world.start(rng.between(0, 1e9), datagramTalk(world, { count: 60, hasIds }));
  }
}

/** Conversations of the host's own, outside and with its containers, and of containers with each other. */
function own(world: World, duringNs: number, count: number): void {
  const { rng } = world;
  const port = () => 32_768 + rng.below(28_000);
  for (let i = 0; i < count; i++) {
    const [a, b] = [rng.below(6), 6 + rng.below(6)];
    const near: End = { address: HOST, port: port() };
    world.start(
      rng.between(0, duringNs),
      rng.pick([
        ownTcp(world, "outside", near, { address: server(rng.below(8)), port: 443 }, true),
        ownTcp(world, "outside", { address: HOST, port: 22 }, { address: server(rng.below(8)), port: port() }, false),
        ownTcp(world, "inside", { address: container(a), port: 8080 }, { address: BRIDGE, port: port() }, false),
        ownTcp(world, "inside", { address: container(a), port: port() }, { address: BRIDGE, port: 5000 }, true),
        ownTcp(world, "inside", { address: container(a), port: port() }, { address: container(b), port: 5432 }, true),
        ownDns(world, near, { address: server(0), port: 53 }),
        ownDns(world, near, { address: server(1), port: 53 }),
      ]),
    );
  }
}

function ownDns(world: World, near: End, far: End) {
  return function* () {
    const { rng } = world;
    const ends = { inside: { near, far }, outside: { near, far } };
    world.local("outside", ends, "outbound", datagram(bytes(rng, 40), 1 + rng.below(0xffff)));
    yield rng.between(1e6, 9e6);
    world.local("outside", ends, "inbound", datagram(bytes(rng, 100), 1 + rng.below(0xffff), 50));
  };
}

/** A connection that one side alone sees. `isOutbound`: whether `near` opens it. */
function ownTcp(world: World, side: "inside" | "outside", near: End, far: End, isOutbound: boolean) {
  return function* () {
    const { rng } = world;
    const ends = { inside: { near, far }, outside: { near, far } };
    const ofFar = side === "inside" ? 64 : 50;
    const states = [0, 1].map((k) => ({
      seq: rng.word(),
      id: ids(rng, true),
      ttl: (k === 0) === isOutbound ? 64 : ofFar,
    }));
    const say = (k: number, flags: number, length: number) => {
      const [own, peer] = [states[k], states[1 - k]];
      const tcp = { seq: own.seq, ack: (flags & ACK) === 0 ? 0 : peer.seq, flags };
      const said = segment(tcp, { ipId: own.id(), ttl: own.ttl, payload: bytes(rng, length) });
      world.local(side, ends, (k === 0) === isOutbound ? "outbound" : "inbound", said);
      own.seq = (own.seq + length + ((flags & (SYN | FIN)) === 0 ? 0 : 1)) >>> 0;
    };
    say(0, SYN, 0);
    yield rng.between(30e3, 3e6);
    say(1, SYN | ACK, 0);
    yield rng.between(10e3, 100e3);
    say(0, ACK, 0);
    for (let round = 1 + rng.below(6); round > 0; round--) {
      say(0, ACK | PSH, 100 + rng.below(300));
      yield rng.between(30e3, 3e6);
      say(1, ACK | PSH, 100 + rng.below(1200));
      yield rng.between(10e3, 100e3);
      say(0, ACK, 0);
      yield rng.exponential(50e6);
    }
    say(0, ACK | FIN, 0);
    yield rng.between(30e3, 3e6);
    say(1, ACK | FIN, 0);
    yield 20e3;
    say(0, ACK, 0);
  };
}
