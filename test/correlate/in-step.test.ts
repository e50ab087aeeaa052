import { expect, it } from "vitest";
import { randomFrom } from "../support/random.js";
import { echo, filler, ipv4, ipv6, udp } from "../support/packets.js";
import { ms, outcomeOf, type Stamped } from "./outcome.js";
import { CONTAINER, conversation, datagram, HOST, merged, OTHER, SERVER } from "./traffic.js";

const REPORTS = 60;
/** Both send at the full second, as their clocks tell it. */
const secondMs = (n: number, random: () => number) => 1000 * (n + 1) + 2 * random();

const report = (src: string, srcPort: number, ttl: number) =>
  datagram({ src, srcPort, dst: SERVER, dstPort: 8125, ipId: 0, ttl, text: "up:1|c" });

const ping = (src: string, ttl: number, seq: number) =>
  ipv4({ src, dst: SERVER, id: 0, ttl, df: true }, echo({ id: 7, seq, payload: new Uint8Array(56) }));

/** What a container sends each second, which the host drops, and what somebody else does, whom the outside capture sees. */
function inStep(dropped: (n: number) => Uint8Array, strangers: (n: number) => Uint8Array) {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < REPORTS; n++) {
    const random = randomFrom(n + 1);
    inside.push(ms(secondMs(n, random), dropped(n)));
    outside.push(ms(secondMs(n, random), strangers(n)));
  }
  const talk = conversation(200, { startUs: 500_000, everyUs: 250_000, insideSrc: "172.17.0.9" });
  return { inside: merged(inside, talk.inside), outside: merged(outside, talk.outside) };
}

it.each([
  {
    name: "an agent on another host of the same link",
    dropped: () => report(CONTAINER, 33_697, 64),
    strangers: () => report("10.0.2.16", 40_001, 63),
  },
  {
    name: "the host's own agent",
    dropped: () => report(CONTAINER, 41_496, 64),
    strangers: () => report(HOST, 48_243, 255),
  },
  {
    name: "another host's pings with the same id and nothing in them",
    dropped: (n: number) => ping(CONTAINER, 64, n),
    strangers: (n: number) => ping("10.0.2.16", 63, n),
  },
])("what is sent at the same second is no twin: $name", async ({ dropped, strangers }) => {
  const { inside, outside } = inStep(dropped, strangers);
  const outcome = await outcomeOf(inside, outside);
  expect(outcome.flows.map(({ proto }) => proto)).toEqual(["tcp"]);
  expect(outcome.pairs).toHaveLength(200);
  expect(outcome.summary.clock).toMatchObject({ offsetNs: 0, driftPpm: 0, source: "none" });
});

const sent = (hopLimit: number, n: number) =>
  ipv6(
    { src: "fd00:17::3", dst: "2001:db8::1", hopLimit },
    udp({ srcPort: 40_000, dstPort: 443, payload: filler(60, n + 1) }),
  );

// 65 is no TTL that a packet arrives with; 128 and 255 are too far from 64 for any path
it.each([63, 65, 128, 255])("a router that sets the TTL to %d turns nobody round", async (ttlOut) => {
  const all = Array.from({ length: 20 }, (_, n) => n);
  const outcome = await outcomeOf(
    all.map((n) => ms(10 * n, sent(64, n))),
    all.map((n) => ms(10 * n + 0.03, sent(ttlOut, n))),
  );
  expect(new Set(outcome.pairs.map(({ direction }) => direction))).toEqual(new Set(["outbound"]));
  expect(Math.min(...outcome.pairs.map(({ latencyNs }) => latencyNs))).toBeGreaterThanOrEqual(0);
});

it("who calls a service whose address the NAT rewrites calls it from inside, though stamps of two processors say otherwise by little", async () => {
  const known = conversation(20, { everyUs: 10_000 });
  const ends = { insideSrc: "10.244.1.2", outsideSrc: "10.244.1.2", insideDst: "10.96.5.5" };
  const called = conversation(20, { ...ends, startUs: 500_000, everyUs: 10_000, srcPort: 41_000, seed: 3 });
  const early = called.outside.map(({ packet }, n) => ({
    ns: called.inside[n].ns + (n % 2 === 0 ? -2000 : 2000),
    packet,
  }));
  const outcome = await outcomeOf(merged(known.inside, called.inside), merged(known.outside, early));
  expect(outcome.pairs.map(({ direction }) => direction)).toEqual(
    Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? "outbound" : "inbound")),
  );
});

it("what a DNS forwarder on the host sends on says nothing of the clocks", async () => {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < 30; n++) {
    const stream = {
      src: SERVER,
      srcPort: 51_820,
      dstPort: 55_648,
      ipId: 6000 + n,
      text: `part ${n} of what is forwarded`,
    };
    outside.push(ms(20 * n, datagram({ ...stream, dst: HOST, ttl: 125 })));
    inside.push(ms(20 * n + 0.05, datagram({ ...stream, dst: CONTAINER, ttl: 124 })));
    // what it was told, from far away, it tells the container itself, with a TTL that begins
    const answer = { srcPort: 53, text: `what the name number ${n} stands for` };
    outside.push(
      ms(
        20 * n + 7,
        datagram({ src: "8.8.8.8", dst: HOST, dstPort: 55_023 + n, ipId: 53_342 + n, ttl: 51, ...answer }),
      ),
    );
    const told = { src: "172.17.0.1", dst: CONTAINER, dstPort: 50_413 + n, ipId: 0, ttl: 64, ...answer };
    inside.push(ms(20 * n + 7.05, datagram(told)));
  }
  const outcome = await outcomeOf(inside, outside);
  expect(outcome.summary.clock).toMatchObject({ offsetNs: 0, driftPpm: 0, source: "none" });
  expect(outcome.pairs.map(({ latencyNs }) => Math.round(latencyNs / 1000))).toEqual(
    Array.from({ length: 30 }, () => 50),
  );
});

const beat = (src: string, srcPort: number, ttl: number, n: number) =>
  datagram({ src, srcPort, dst: SERVER, dstPort: 4000, ipId: 0, ttl, text: `beat ${n}` });

it("a packet that leaves by the port of another container is none of one in step with that, however often it seems so", async () => {
  const talk = conversation(100, { everyUs: 10_000, insideSrc: "172.17.0.9" });
  const counts = (lastPort: number) => {
    const inside = [ms(0.5, beat(OTHER, lastPort, 64, 0))];
    const outside: Stamped[] = [];
    for (let n = 1; n <= 20; n++) {
      // the twin of each is missed
      inside.push(ms(40 * n, beat(CONTAINER, 41_000, 64, n)));
      outside.push(ms(40 * n + 0.02, beat(HOST, 41_001, 63, n)));
    }
    return outcomeOf(merged(inside, talk.inside), merged(outside, talk.outside));
  };
  expect((await counts(41_001)).pairs).toHaveLength(100);
  // else it may be its own, which the NAT has given it
  expect((await counts(42_000)).pairs).toHaveLength(120);
});
