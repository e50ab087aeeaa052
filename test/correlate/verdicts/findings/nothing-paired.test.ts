import { expect, it } from "vitest";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import { icmp, ipv4 } from "../../../support/packets.js";
import { CONTAINER, conversation, datagram, merged, OTHER, segment, SYN, SYN_ACK } from "../../traffic.js";
import { query } from "../beside.js";

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

/** What a container asks, and what the host says of it. */
const asked = (n: number) => query({ src: CONTAINER, dst: "198.51.100.30", ipId: 40 + n, ttl: 64, text: `${n}?` });
const refused = (n: number) => {
  const error = icmp({ type: 3, code: 1, payload: asked(n).subarray(0, 28) });
  return us(2000 + n, ipv4({ src: GATEWAY, dst: CONTAINER, id: n, ttl: 64 }, error));
};

it("nothing-paired is none where the host refused most of what one side has, and the other has nothing to pair", async () => {
  const local = datagram({
    src: "10.0.2.2",
    srcPort: 5353,
    dst: "224.0.0.251",
    dstPort: 5353,
    ipId: 7,
    ttl: 255,
    text: "",
  });
  const all = [1, 2, 3].map((n) => us(1000 + n, asked(n)));
  const outside = [us(900, local), us(9_000_000, local)];
  expect(await told([...all, refused(1), refused(2)], outside)).toEqual([]);
  expect(await told([...all, refused(1)], outside)).toHaveLength(1);
  const { findings } = await outcomeOf([...all, refused(1), refused(2)], []);
  expect(findings.map(({ code }) => code)).toEqual(["refused"]);
});

const to = (src: string, dst: string, ipId: number) =>
  datagram({ src, srcPort: 4000, dst, dstPort: 4001, ipId, ttl: 255, text: "local" });

it("nothing-paired is none where all that there is goes to the host itself, or comes from it", async () => {
  const local = [us(1000, to("10.0.2.2", "224.0.0.251", 7)), us(9_000_000, to("10.0.2.2", "224.0.0.251", 8))];
  expect(await told(local, [])).toEqual([]);
  expect(await told(local, local)).toEqual([]);
  expect(await told([...local, us(9_000_100, to(CONTAINER, "198.51.100.30", 9))], [])).toHaveLength(1);
});

it("nothing-paired is a capture without frames, or both of them", async () => {
  const { inside, outside } = conversation(20);
  const EMPTY = "nobody sends any there, or it is another interface, or a filter left nothing";
  expect(await told(inside, [])).toEqual([`outside has no frames: ${EMPTY}`]);
  expect(await told([], outside)).toEqual([`inside has no frames: ${EMPTY}`]);
  expect(await told(turned, [])).toEqual([]);
  expect(await told([], [])).toEqual([`neither side has frames: ${EMPTY}`]);
});
