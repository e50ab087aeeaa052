import type { Adversary } from "../adversary.js";
import { missing } from "../capture.js";
import { ACK, FIN, mssOption, type Packet, PSH, segment, SYN, TCP } from "../packet.js";
import { background, bytes, ids, tcpEnds } from "../talk.js";
import { container, type Direction, HOST, server, type World } from "../world.js";

const SYNPROXY: Omit<Adversary, "about" | "play"> = {
  // numbers that differ from the first segment on are not found: nothing shows by how much
  recall: 0.75,
  // … nor is it told of those connections what the host and the container say to each other alone
  told: 0.4,
  nats: ["snat", "dnat"],
};

function callThroughSynproxy(world: World): void {
  const { rng } = world;
  for (let i = 0; i < 120; i++) world.start(rng.between(0, 5e9), () => proxied(world, i % 4));
  background(world, 5e9, 80);
}

/** Scenarios of connections that are not opened as most are. */
export const HANDSHAKES: Readonly<Record<string, Adversary>> = {
  "said/synproxy": {
    about: "the host accepts connections itself, and then opens each to its container (netfilter's SYNPROXY)",
    ...SYNPROXY,
    play: callThroughSynproxy,
  },
  "said/synproxy-and-misses": {
    about: "the same, and each capture misses some",
    ...SYNPROXY,
    play(world) {
      for (const { model } of [world.inside, world.outside]) model.misses = missing(world.rng, 0.02);
      callThroughSynproxy(world);
    },
  },
  "said/opened-by-both-ends": {
    about:
      "both ends open a connection at once (TCP simultaneous open), as peers do whom somebody told each other's ports",
    recall: 0.99,
    play(world) {
      const { rng } = world;
      for (let i = 0; i < 120; i++) world.start(rng.between(0, 4e9), () => openedByBoth(world));
      background(world, 4e9, 60);
    },
  },
};

/** RFC 9293 section 3.5, figure 7: a SYN each way, a SYN-ACK each way, and data. Who is behind the NAT begins, as that lets the other one in. */
function* openedByBoth(world: World) {
  const { rng } = world;
  const { flow, ends, send } = tcpEnds(world, { port: rng.pick([443, 4000, 40_000]), hasIds: rng.chance(0.5) });
  const mss = { options: mssOption(1460) };
  const rttNs = rng.between(0.5e6, 30e6);
  const { outbound: own, inbound: peer } = ends;
  const accepting = (direction: Direction) => {
    const [from, to] = direction === "outbound" ? [own, peer] : [peer, own];
    const tcp = { seq: (from.seq - 1) >>> 0, ack: to.seq, flags: SYN | ACK, ...mss };
    return world.send(flow, direction, segment(tcp, { ttl: from.ttl, ipId: from.id() })) - world.nowNs;
  };
  yield rng.between(10e3, rttNs) + send("outbound", SYN, 0);
  yield 20e3 + send("inbound", SYN, 0);
  const directions = ["outbound", "inbound"] as const;
  for (const direction of rng.chance(0.5) ? directions : directions.toReversed())
    yield rng.between(10e3, rttNs) + accepting(direction);
  for (let round = 1 + rng.below(5); round > 0; round--) {
    yield rttNs + send("outbound", ACK | PSH, 100 + rng.below(400));
    yield 50e3 + send("inbound", ACK | PSH, 100 + rng.below(1000));
    yield rng.exponential(20e6) + send("outbound", ACK, 0);
  }
  yield rttNs + send("outbound", ACK | FIN, 0);
  yield 50e3 + send("inbound", ACK | FIN, 0);
  send("outbound", ACK, 0);
}

/**
 * A connection from outside to a published port, as nf_synproxy_core.c has it: what opens it is answered with a cookie, and once that comes back, the host opens it to the container
 * with the client's number. All that follows is forwarded, with the container's numbers as far from its own as the cookie was.
 */
function* proxied(world: World, service: number) {
  const { rng } = world;
  const far = { address: server(rng.below(8)), port: 32_768 + rng.below(28_000) };
  const flow = world.mapped(
    TCP,
    { near: { address: container(service), port: 8080 }, far },
    { near: { address: HOST, port: 8000 + service }, far },
  );
  const rttNs = rng.between(0.5e6, 40e6);
  let [client, cookie, own] = [rng.word(), rng.word(), rng.word()];
  // where that end makes cookies as well, it may go on with the host's
  if (rng.chance(0.5)) own = cookie;
  const shift = (cookie - own) | 0;
  const [clients, containers] = [ids(rng, true), ids(rng, true)];
  const mss = { options: mssOption(1460) };
  const local = (side: "inside" | "outside", direction: Direction, sent: Packet) =>
    world.local(side, flow, direction, sent);
  local("outside", "inbound", segment({ seq: client, flags: SYN, ...mss }, { ttl: 50, ipId: clients() }));
  yield 6e3;
  client = (client + 1) >>> 0;
  local("outside", "outbound", segment({ seq: cookie, ack: client, flags: SYN | ACK, window: 0, ...mss }));
  yield rttNs;
  cookie = (cookie + 1) >>> 0;
  local("outside", "inbound", segment({ seq: client, ack: cookie }, { ttl: 50, ipId: clients() }));
  yield 9e3;
  local("inside", "inbound", segment({ seq: (client - 1) >>> 0, flags: SYN, ...mss }));
  yield 40e3 + rng.exponential(20e3);
  local("inside", "outbound", segment({ seq: own, ack: client, flags: SYN | ACK, ...mss }));
  yield 5e3;
  own = (own + 1) >>> 0;
  local("inside", "inbound", segment({ seq: client, ack: own }));
  local("outside", "outbound", segment({ seq: cookie, ack: client }));
  yield rng.below(2) * rng.between(20e3, 5e6);
  const ask = (flags: number, length: number) => {
    const sent = segment(
      { seq: client, ack: (own + shift) >>> 0, flags },
      { ttl: 50, ipId: clients(), payload: bytes(rng, length) },
    );
    const left = { ...sent, ttl: 49, tcp: { ...sent.tcp!, ack: own } };
    client = (client + length + ((flags & FIN) === 0 ? 0 : 1)) >>> 0;
    return world.send(flow, "inbound", sent, { left }) - world.nowNs;
  };
  const answer = (flags: number, length: number) => {
    const sent = segment({ seq: own, ack: client, flags }, { ipId: containers(), payload: bytes(rng, length) });
    const left = { ...sent, ttl: 63, tcp: { ...sent.tcp!, seq: (own + shift) >>> 0 } };
    own = (own + length + ((flags & FIN) === 0 ? 0 : 1)) >>> 0;
    return world.send(flow, "outbound", sent, { left }) - world.nowNs;
  };
  for (let round = 1 + rng.below(4); round > 0; round--) {
    yield 100e3 + ask(ACK | PSH, 100 + rng.below(500));
    yield rttNs + answer(ACK | PSH, 100 + rng.below(1300));
    yield rng.exponential(30e6) + ask(ACK, 0);
  }
  yield 100e3 + ask(ACK | FIN, 0);
  yield rttNs + answer(ACK | FIN, 0);
  ask(ACK, 0);
}
