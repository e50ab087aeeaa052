import { expect, it } from "vitest";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import { CONTAINER, conversation, merged, OTHER, segment, SYN, SYN_ACK } from "../../traffic.js";

const SERVICE = "10.96.0.10";
const GATEWAY = "172.17.0.1";

/** Both forms of a segment to a service's address, on the one link where it is turned round, and of the answer's. */
const there = (atUs: number, of: { seq: number; ack: number; ipId: number; flags?: number }): Stamped[] => [
  us(atUs, segment({ src: OTHER, srcPort: 4000, dst: SERVICE, dstPort: 88, ttl: 64, ...of })),
  us(atUs + 5, segment({ src: GATEWAY, srcPort: 4000, dst: CONTAINER, dstPort: 80, ttl: 63, ...of })),
];
const back = (atUs: number, of: { seq: number; ack: number; ipId: number; flags?: number }): Stamped[] => [
  us(atUs, segment({ src: CONTAINER, srcPort: 80, dst: GATEWAY, dstPort: 4000, ttl: 64, ...of })),
  us(atUs + 5, segment({ src: SERVICE, srcPort: 88, dst: OTHER, dstPort: 4000, ttl: 63, ...of })),
];
const turned = [
  ...there(1000, { seq: 500, ack: 0, ipId: 11, flags: SYN }),
  ...back(1020, { seq: 900, ack: 501, ipId: 21, flags: SYN_ACK }),
  ...there(1040, { seq: 501, ack: 901, ipId: 12 }),
];

const told = async (inside: Stamped[], outside: Stamped[]) =>
  (await outcomeOf(inside, outside)).findings.filter(({ code }) => code === "nothing-paired").map(({ text }) => text);

it("nothing-paired is two captures without a packet in common, whatever is turned round on one side", async () => {
  const { inside, outside } = conversation(20);
  const DOUBT =
    "natcorr found no packet of one capture in the other: are they of one host and one time, and does it forward any?";
  const strangers = conversation(20, { seed: 9, startUs: 3000 }).outside;
  const others = conversation(20, { seed: 2 }).inside;
  expect(await told(others, strangers)).toEqual([DOUBT]);
  expect(await told(merged(turned, others), strangers)).toEqual([DOUBT]);
  // where all was turned round, nothing else was to be expected
  expect(await told(turned, strangers)).toEqual([]);
  expect(await told(inside, outside)).toEqual([]);
  // fewer crossed than were turned round
  const few = conversation(2);
  expect(await told(merged(turned, few.inside), merged(few.outside, strangers))).toEqual([]);
});

it("nothing-paired says how far captures are apart that have no time in common", async () => {
  const [early, late] = [conversation(20), conversation(20, { seed: 9, startUs: 60_000_000 })];
  const APART =
    /^natcorr found no packet of one capture in the other: by their stamps, (inside|outside) ends [\d.]+ s before (inside|outside) begins$/;
  for (const [inside, outside] of [
    [early.inside, late.outside],
    [late.inside, early.outside],
  ] as const)
    expect(await told(inside, outside)).toEqual([expect.stringMatching(APART)]);
});

it("nothing-paired is a capture without frames, or both of them", async () => {
  const { inside, outside } = conversation(20);
  const EMPTY = "nobody sends any there, or it is another interface, or a filter left nothing";
  expect(await told(inside, [])).toEqual([`outside has no frames: ${EMPTY}`]);
  expect(await told([], outside)).toEqual([`inside has no frames: ${EMPTY}`]);
  expect(await told(turned, [])).toEqual([]);
  expect(await told([], [])).toEqual([`neither side has frames: ${EMPTY}`]);
});
