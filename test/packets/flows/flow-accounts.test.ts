import { deepStrictEqual } from "node:assert";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Heap } from "../../../src/packets/memory/heap.js";
import { Flow } from "../../../src/packets/flows/flows.js";
import { HAS_LONG_SEGMENTS, HAS_STREAM, IS_WATCHED, watchedBits } from "../../../src/packets/flows/flow-records.js";
import { type LatencyDigest, LatencyDigests } from "../../../src/packets/flows/latency.js";
import { ACK, SYN } from "../../../src/protocols/tcp.js";
import { FilledAccounts } from "../../support/accounts.js";
import { GAPS_END, WORDS } from "../../../src/packets/flows/flow-accounts-words.js";
import * as words from "../../../src/packets/flows/samples-words.js";
import { runs } from "../../support/runs.js";

/** Sequence numbers are compared modulo 2^32, RFC 9293 section 3.4. */
function difference(a: number, b: number): number {
  return (a - b) | 0;
}

const digests = new LatencyDigests(new Heap());

/** What accounts say of a flow, kept the simple way. */
class Plain {
  readonly isForwardOutbound: boolean;
  readonly isFlipped: boolean;
  firstNs = Number.POSITIVE_INFINITY;
  lastNs = Number.NEGATIVE_INFINITY;
  retransmissions = 0;
  /** Inbound, then outbound. */
  readonly latencies: readonly [number[], number[]] = [[], []];
  /** The numbers of bytes, not forward, then forward. */
  readonly #seen = [new Set<number>(), new Set<number>()] as const;
  /** Behind the highest of them. */
  readonly #newest: [number | null, number | null] = [null, null];

  constructor(isFlipped: boolean, isForwardOutbound: boolean) {
    this.isFlipped = isFlipped;
    this.isForwardOutbound = isForwardOutbound;
  }

  add(timeNs: number, isOutbound: boolean, latencyNs: number): void {
    this.firstNs = Math.min(this.firstNs, timeNs);
    this.lastNs = Math.max(this.lastNs, timeNs);
    this.latencies[isOutbound ? 1 : 0].push(latencyNs);
  }

  /** A segment is a retransmission if each of its numbers was seen before; farther away than a window, another stream begins. */
  noteSegment(forward: 0 | 1, seq: number, bytes: number): void {
    const known = this.#newest[forward];
    const isSameStream = known !== null && Math.abs(difference(seq, known)) < 2 ** 30;
    if (!isSameStream) this.#seen[forward].clear();
    const numbers = Array.from({ length: bytes }, (_, at) => (seq + at) % 2 ** 32);
    const end = (seq + bytes) % 2 ** 32;
    if (numbers.every((number) => this.#seen[forward].has(number))) this.retransmissions++;
    for (const number of numbers) this.#seen[forward].add(number);
    if (!isSameStream || difference(end, known) > 0) this.#newest[forward] = end;
  }

  digest(isOutbound: boolean): LatencyDigest {
    const digest = digests.make();
    for (const latencyNs of this.latencies[isOutbound ? 1 : 0]) digest.add(latencyNs);
    return digest;
  }
}

/** Slots far apart: the table grows for them, and neighbours must not meet. */
const SLOTS = [0, 1, 63, 64, 500];
/** Mostly one of two, so that some get beyond the 64 samples that are kept one by one. */
const slots = fc.oneof({ arbitrary: fc.constantFrom(0, 64), weight: 8 }, fc.constantFrom(...SLOTS));

const pair = fc.record({
  kind: fc.constant("pair" as const),
  slot: slots,
  timeNs: fc.integer({ min: -1e9, max: 1e15 }),
  isOutbound: fc.nat(9).map((n) => n > 0),
  // few that take more than 30 bits: those are not kept one by one, nor are any of the flow from then on
  latencyNs: fc.oneof(
    { arbitrary: fc.integer({ min: -2000, max: 100_000 }), weight: 50 },
    { arbitrary: fc.integer({ min: -2, max: 2000 }).map((us) => 1000 * us), weight: 50 },
    { arbitrary: fc.integer({ min: -(2 ** 29), max: 2 ** 29 - 1 }), weight: 50 },
    { arbitrary: fc.integer({ min: -(10 ** 11), max: 10 ** 11 }), weight: 1 },
  ),
});
const segment = fc.record({
  kind: fc.constant("segment" as const),
  slot: slots,
  forward: fc.constantFrom(0 as const, 1 as const),
  // few, so that they are sent again; and around the numbers' end, and their signed end
  seq: fc
    .tuple(fc.constantFrom(0, 0x7fff_fff0, 0xffff_fff0), fc.nat(20))
    .map(([base, more]) => (base + more) % 2 ** 32),
  // so many that all ranges of them can be kept
  bytes: fc.integer({ min: 6, max: 12 }),
});
const reopen = fc.record({
  kind: fc.constant("reopen" as const),
  slot: slots,
  isFlipped: fc.boolean(),
  isForwardOutbound: fc.boolean(),
});
const look = fc.record({ kind: fc.constant("look" as const), slot: slots });

const steps = fc.array(
  fc.oneof(
    { arbitrary: pair, weight: 60 },
    { arbitrary: segment, weight: 6 },
    { arbitrary: look, weight: 2 },
    { arbitrary: reopen, weight: 1 },
  ),
  { maxLength: 500, size: "max" },
);

function expectSame(accounts: FilledAccounts, slot: number, plain: Plain): void {
  const digests = [true, false].map((isOutbound) => plain.digest(isOutbound));
  deepStrictEqual(
    {
      ways: [true, false].map((isOutbound) => [
        accounts.pairsThatWent(slot, isOutbound),
        accounts.latencies.summary(slot, isOutbound),
      ]),
      pairs: accounts.pairs(slot),
      times: [accounts.firstNs(slot), accounts.lastNs(slot)],
      retransmissions: accounts.retransmissions(slot),
      isFlipped: accounts.isFlipped(slot),
      isOutbound: [accounts.isOutbound(slot, 1), accounts.isOutbound(slot, 0)],
    },
    {
      ways: digests.map((digest) => [digest.count, digest.summary()]),
      pairs: plain.latencies[0].length + plain.latencies[1].length,
      times: [plain.firstNs, plain.lastNs],
      retransmissions: plain.retransmissions,
      isFlipped: plain.isFlipped,
      isOutbound: [plain.isForwardOutbound, !plain.isForwardOutbound],
    },
  );
}

it("say of each flow what a plain list of its pairs says, with others between them and before it in its slot", () => {
  fc.assert(
    fc.property(steps, fc.constantFrom(1, 1000), (steps, unitNs) => {
      const accounts = new FilledAccounts(new Heap(), 64, unitNs);
      const model = new Map(SLOTS.map((slot) => [slot, new Plain(false, true)]));
      for (const slot of SLOTS) accounts.open(new Flow(1, slot, 0, 0, false, true, 0, 0));
      for (const step of steps) {
        const plain = model.get(step.slot)!;
        switch (step.kind) {
          case "pair":
            accounts.add(step.slot, step.timeNs, step.isOutbound, step.latencyNs);
            plain.add(step.timeNs, step.isOutbound, step.latencyNs);
            break;
          case "segment":
            accounts.noteSegment(step.slot, step.forward, step.seq, step.bytes, ACK);
            plain.noteSegment(step.forward, step.seq, step.bytes);
            break;
          case "reopen":
            accounts.close(step.slot);
            accounts.open(new Flow(1, step.slot, 0, 0, step.isFlipped, step.isForwardOutbound, 0, 0));
            model.set(step.slot, new Plain(step.isFlipped, step.isForwardOutbound));
            break;
          case "look":
            expectSame(accounts, step.slot, plain);
            break;
        }
      }
      for (const [slot, plain] of model) expectSame(accounts, slot, plain);
      expect(model.size).toBe(SLOTS.length);
    }),
    { numRuns: runs(40) },
  );
});

it.each([2 ** 16, 2 ** 31])(
  "say the same at every count around the 64 samples that are kept, from address %i on",
  (from) => {
    const accounts = new FilledAccounts(new Heap({ memory: new Heap().memory, from, to: 2 ** 32 }), 64);
    const plain = new Plain(false, true);
    accounts.open(new Flow(1, 3, 0, 0, false, true, 0, 0));
    for (let count = 1; count <= 200; count++) {
      // 137 and 1009 have no common divisor: latencies that come in no order
      const latencyNs = (137 * count) % 1009;
      accounts.add(3, count, false, latencyNs);
      plain.add(count, false, latencyNs);
      expectSame(accounts, 3, plain);
    }
    expect(accounts.pairs(3)).toBe(200);
  },
);

it("take no more memory for flows that come and go, however many pairs each has", () => {
  const heap = new Heap();
  const accounts = new FilledAccounts(heap, 64);
  for (let flow = 0; flow < 500; flow++) {
    accounts.open(new Flow(1, 0, 0, 0, false, true, 0, 0));
    for (let pair = 0; pair < 60 + (flow % 10); pair++) accounts.add(0, pair, pair % 20 > 0, pair);
    for (const forward of [0, 1]) for (const seq of [1000, 3000, 5000]) accounts.noteSegment(0, forward, seq, 10, ACK);
    expect(accounts.firstSeq(0, 1)).toBeUndefined();
    accounts.close(0);
  }
  // a list of 64 samples and less of the other direction, of a byte each, or two, 28 bytes to a chunk
  const samples = new Int32Array(heap.memory.buffer, accounts.latencies.samples.block, words.WORDS);
  expect(samples[words.END]).toBeLessThanOrEqual(4);
  // a row for the gaps of both directions
  expect(new Int32Array(heap.memory.buffer, accounts.block, WORDS)[GAPS_END]).toBe(1);
});

it("leave the ranges of a flow as they are where another one gets those beside them, which were given back", () => {
  const accounts = new FilledAccounts(new Heap(), 64);
  const openWithGaps = (slot: number): void => {
    accounts.open(new Flow(1 + slot, slot, 0, 0, false, true, 0, 0));
    for (const forward of [0, 1]) for (const seq of [1000, 3000]) accounts.noteSegment(slot, forward, seq, 10, ACK);
  };
  openWithGaps(0);
  openWithGaps(1);
  accounts.close(0);
  openWithGaps(0);
  for (const forward of [0, 1]) accounts.noteSegment(1, forward, 1010, 1990, ACK);
  expect([0, 1].map((forward) => accounts.firstSeq(1, forward))).toEqual([1000, 1000]);
  expect([0, 1].map((forward) => accounts.firstSeq(0, forward))).toEqual([undefined, undefined]);
});

it("keep a latency of less than 32 µs in a byte where stamps are in microseconds", () => {
  const heap = new Heap();
  const accounts = new FilledAccounts(heap, 64, 1000);
  accounts.open(new Flow(1, 0, 0, 0, false, true, 0, 0));
  // three in the record, and two chunks of 28 bytes
  for (let pair = 0; pair < 3 + 2 * 28; pair++) accounts.add(0, pair, pair % 2 > 0, 31_000);
  const samples = new Int32Array(heap.memory.buffer, accounts.latencies.samples.block, words.WORDS);
  expect(samples[words.END]).toBe(2);
  for (const isOutbound of [false, true])
    expect(accounts.latencies.summary(0, isOutbound)).toMatchObject({ minNs: 31_000, maxNs: 31_000 });
});

it.each([1, 1000])("keep latencies as they are, however many bytes each takes, in units of %i ns", (unitNs) => {
  const accounts = new FilledAccounts(new Heap(), 64, unitNs);
  const edges = [6, 13, 20, 27, 29].flatMap((bits) => [2 ** bits - 1, 2 ** bits, 1000 * (2 ** bits - 1)]);
  for (const latencyNs of [...edges, 0, -1, -(2 ** 29)]) {
    accounts.open(new Flow(1, 0, 0, 0, false, true, 0, 0));
    for (let pair = 0; pair < 10; pair++) accounts.add(0, pair, true, latencyNs);
    expect(accounts.latencies.summary(0, true)).toMatchObject({ minNs: latencyNs, maxNs: latencyNs });
    accounts.close(0);
  }
});

/** No two of a flow are the same, nor of two flows. */
function latencyOf(slot: number, pair: number): number {
  return 1000 * (slot + 1) + pair;
}

it("use the memory of each flow that was let go once, whichever were", () => {
  const heap = new Heap();
  const accounts = new FilledAccounts(heap, 64);
  const samples = new Int32Array(heap.memory.buffer, accounts.latencies.samples.block, words.WORDS);
  const ends = [0, 1, 2].map(() => {
    for (const slot of [0, 1, 2]) accounts.open(new Flow(1, slot, 0, 0, false, true, 0, 0));
    for (let pair = 0; pair < 60; pair++)
      for (const slot of [0, 1, 2]) accounts.add(slot, pair, true, latencyOf(slot, pair));
    for (const slot of [0, 1, 2])
      expect(accounts.latencies.summary(slot, true)).toMatchObject({
        minNs: latencyOf(slot, 0),
        maxNs: latencyOf(slot, 59),
      });
    for (const slot of [0, 1, 2]) accounts.close(slot);
    return samples[words.END];
  });
  expect(ends).toEqual([ends[0], ends[0], ends[0]]);
});

it("have a flow as it was taken, until it is let go", () => {
  const bits = fc.integer({ min: 0, max: 15 });
  const tuple = fc.integer({ min: 0, max: 2 ** 26 });
  const some = fc.array(fc.tuple(fc.nat(200), tuple, tuple, fc.boolean(), fc.boolean(), bits, bits));
  fc.assert(
    fc.property(some, (some) => {
      const accounts = new FilledAccounts(new Heap(), 64);
      const flows = new Map<number, Flow>();
      for (const [at, [slot, ...facts]] of some.entries()) {
        if (flows.delete(slot)) accounts.close(slot);
        else {
          const flow = new Flow(1 + at * 9_999_991, slot, ...facts);
          accounts.open(flow);
          accounts.add(slot, 1000, flow.isForwardOutbound, 10);
          flows.set(slot, flow);
        }
      }
      const slots: number[] = [];
      accounts.lendSlots((some) => slots.push(...some));
      expect(slots.map((slot) => accounts.flow(slot))).toEqual(slots.map((slot) => flows.get(slot)));
      expect(slots).toHaveLength(flows.size);
      expect(slots.map((slot) => accounts.id(slot))).toEqual(
        [...flows.values()].map(({ id }) => id).toSorted((a, b) => a - b),
      );
    }),
    { numRuns: runs(40) },
  );
});

it("tell the busiest of some flows, and of equals the ones learnt first", () => {
  // few counts of pairs, so that many flows have as many; more pairs one way than the other
  const some = fc.array(fc.record({ outbound: fc.nat(3), inbound: fc.nat(2), isOpen: fc.boolean() }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.nat()), (some, most, order) => {
      const accounts = new FilledAccounts(new Heap(), 64);
      // ids do not follow slots, and are as far apart as a long run makes them
      const ids = some
        .map((_, id) => ({ id: 1 + id * 50_000_017, key: order.next().value }))
        .sort((a, b) => a.key - b.key);
      for (const [slot, { outbound, inbound }] of some.entries()) {
        accounts.open(new Flow(ids[slot].id, slot, 0, 0, false, true, 0, 0));
        accounts.setPairs(slot, 2048 * inbound, 300_000_007 * outbound + inbound);
      }
      const given = [...some.keys()].filter((slot) => some[slot].isOpen);
      const inOrder = given.toSorted(
        (a, b) => accounts.pairs(b) - accounts.pairs(a) || accounts.id(a) - accounts.id(b),
      );
      expect([...accounts.busiest(Int32Array.from(given), most)]).toEqual(inOrder.slice(0, most));
      const half = Math.floor(given.length / 2);
      const busiest = accounts.busiest(Int32Array.from(given.slice(0, half)), most);
      const ofAll = accounts.busiest(Int32Array.from(given.slice(half)), most, busiest);
      expect([...ofAll]).toEqual(inOrder.slice(0, most));
    }),
    { numRuns: runs(40) },
  );
});

it("are listed by their ids some at a time, and all at once where slots are used again; the busiest are those of all", () => {
  const accounts = new FilledAccounts(new Heap());
  const count = 150_000;
  for (let slot = 0; slot < count; slot++) accounts.open(new Flow(slot + 1, slot, 0, 0, false, true, 0, 0));
  const lists: number[][] = [];
  const list = (): number => lists.splice(0).length;
  const lend = (): void => accounts.lendSlots((slots) => lists.push([...slots]));
  lend();
  expect(lists.flat()).toEqual(Array.from({ length: count }, (_, slot) => slot));
  expect(list()).toBeGreaterThan(1);
  accounts.setPairs(70_000, 5, 0);
  accounts.setPairs(149_999, 0, 6);
  accounts.setPairs(3, 1, 1);
  const all = Int32Array.from({ length: count }, (_, slot) => slot);
  expect([...accounts.busiest(all, 4)]).toEqual([149_999, 70_000, 3, 0]);
  expect(accounts.size).toBe(count);
  accounts.close(1);
  expect(accounts.size).toBe(count - 1);
  accounts.close(5);
  accounts.open(new Flow(count + 1, 5, 0, 0, false, true, 0, 0));
  lend();
  const others = Array.from({ length: count }, (_, slot) => slot).filter((slot) => slot !== 1 && slot !== 5);
  expect(lists.flat()).toEqual([...others, 5]);
  expect(list()).toBe(1);
});

it("count pairs and bytes beyond what a record has room for", () => {
  const accounts = new FilledAccounts(new Heap(), 64);
  accounts.open(new Flow(1, 2, 0, 0, false, true, 0, 0));
  // some flows have one pair that takes long, and are no busy ones
  accounts.open(new Flow(2, 3, 0, 0, false, true, 0, 0));
  for (let pair = 0; pair < 70_000; pair++) accounts.add(2, pair, pair % 100 > 0, 5);
  accounts.add(3, 0, true, 2 ** 40);
  expect([accounts.pairsThatWent(2, true), accounts.pairsThatWent(2, false)]).toEqual([69_300, 700]);
  expect([accounts.pairsThatWent(3, true), accounts.pairsThatWent(3, false)]).toEqual([1, 0]);
  for (let part = 0; part < 9; part++) for (const slot of [2, 3]) accounts.addBytes(slot, 2 ** 30 - 1);
  expect([accounts.bytes(2), accounts.bytes(3)]).toEqual([9 * (2 ** 30 - 1), 9 * (2 ** 30 - 1)]);
});

/** Retransmissions of a flow with these segments in one direction. */
function sentAgain(...segments: readonly (readonly [seq: number, bytes: number, flags?: number])[]): number {
  const accounts = new FilledAccounts(new Heap(), 64);
  accounts.open(new Flow(1, 0, 0, 0, false, true, 0, 0));
  for (const [seq, bytes, flags = ACK] of segments) accounts.noteSegment(0, 1, seq, bytes, flags);
  return accounts.retransmissions(0);
}

/** A SYN, and the first data behind it. */
function stream(isn: number): (readonly [seq: number, bytes: number, flags?: number])[] {
  return [
    [isn, 0, SYN],
    [isn + 1, 100],
  ];
}

describe("a retransmission", () => {
  it("is of bytes that crossed before, however they were cut then", () => {
    expect(sentAgain([1000, 10], [1010, 10], [1000, 20], [1005, 10], [1000, 10])).toBe(3);
  });

  it("is none where some of its bytes are new", () => {
    expect(sentAgain([1000, 10], [1005, 10], [990, 20])).toBe(0);
  });

  it("is none where a segment comes behind a later one", () => {
    expect(sentAgain([1020, 10], [1000, 10], [1010, 10], [980, 10], [990, 10])).toBe(0);
    expect(sentAgain([1000, 10], [1020, 10], [1010, 10], [1010, 10])).toBe(1);
  });

  it("is no keep-alive, with or without its byte, nor a probe of a closed window", () => {
    expect(sentAgain([1000, 10], [1009, 1], [1009, 0], [1009, 1], [1010, 1], [1010, 1])).toBe(0);
  });

  it("is none where the ports are used again, with lower numbers or with those of the stream before", () => {
    expect(sentAgain(...stream(5000), ...stream(3000), ...stream(3050))).toBe(0);
    expect(sentAgain(...stream(5000), [5000, 0, SYN], [5001, 100])).toBe(0);
  });

  it("is one of the answers' as well, until the ports are used again", () => {
    const accounts = new FilledAccounts(new Heap(), 64);
    accounts.open(new Flow(1, 0, 0, 0, false, true, 0, 0));
    const answer = () => accounts.noteSegment(0, 0, 7001, 100, ACK);
    accounts.noteSegment(0, 1, 5000, 0, SYN);
    accounts.noteSegment(0, 0, 7000, 0, SYN | ACK);
    answer();
    answer();
    expect(accounts.retransmissions(0)).toBe(1);
    // also of the first of them, when data has followed it
    accounts.noteSegment(0, 0, 7000, 0, SYN | ACK);
    expect(accounts.retransmissions(0)).toBe(2);
    accounts.noteSegment(0, 1, 6000, 0, SYN);
    answer();
    expect(accounts.retransmissions(0)).toBe(2);
  });

  it("is told over a SYN that carries data", () => {
    expect(sentAgain([5000, 50, SYN], [5000, 50, SYN], [5001, 50], [5051, 10])).toBe(2);
  });

  it("is told where the numbers begin anew", () => {
    expect(sentAgain([0xffff_fff0, 32], [16, 10], [0xffff_fff0, 32], [0, 16], [16, 10])).toBe(3);
  });

  it("is told of what spans two segments, of which the latter ends half of all numbers behind where the former began", () => {
    const [quarter, half] = [2 ** 30, 2 ** 31];
    const goingOn = [
      [0, 10],
      [10, quarter - 5],
      [quarter + 5, quarter - 105],
      [half - 100, 200],
    ] as const;
    expect(sentAgain(...goingOn, [half - 150, 100])).toBe(1);
  });

  it("is none of what a range below the highest had in an earlier round", () => {
    // all of its numbers but the last hundred, a sixteenth at a time
    const round = Array.from({ length: 16 }, (_, n) => [30 + n * 2 ** 28, 2 ** 28 - (n === 15 ? 130 : 0)] as const);
    expect(sentAgain([0, 10], [20, 10], ...round, [2 ** 32, 10])).toBe(0);
  });

  it("is none of the numbers of an earlier round, however much a stream carries", () => {
    const accounts = new FilledAccounts(new Heap(), 64);
    accounts.open(new Flow(1, 0, 0, 0, false, true, 0, 0));
    const bytes = 5_000_000;
    const rounds = 3 * 2 ** 32;
    for (let at = 0; at < rounds; at += bytes) accounts.noteSegment(0, 1, at % 2 ** 32, bytes, ACK);
    expect(accounts.retransmissions(0)).toBe(0);
    // the newest bytes, and some that are farther back than a window reaches
    const newest = rounds - (rounds % bytes);
    accounts.noteSegment(0, 1, newest % 2 ** 32, 100, ACK);
    expect(accounts.retransmissions(0)).toBe(1);
    accounts.noteSegment(0, 1, (newest - 2 ** 30 - bytes) % 2 ** 32, 100, ACK);
    expect(accounts.retransmissions(0)).toBe(1);
  });

  it("is never told of bytes that had not crossed, however many gaps there are", () => {
    const segment = fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 12 }));
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 200 }), fc.constantFrom(0, 0xffff_ff00, 0x7fff_ff00), (some, base) => {
        const accounts = new FilledAccounts(new Heap(), 64);
        accounts.open(new Flow(1, 0, 0, 0, false, true, 0, 0));
        const plain = new Plain(false, true);
        const tooMany = some.filter(([at, bytes]) => {
          const [counted, known] = [accounts.retransmissions(0), plain.retransmissions];
          accounts.noteSegment(0, 1, (base + at) % 2 ** 32, bytes, ACK);
          plain.noteSegment(1, (base + at) % 2 ** 32, bytes);
          return accounts.retransmissions(0) > counted && plain.retransmissions === known;
        });
        expect(tooMany).toEqual([]);
      }),
      { numRuns: runs(40) },
    );
  });
});

it("does not watch a flow whose segments may be cut: all of them would stay", () => {
  expect(watchedBits(HAS_STREAM)).toBe(HAS_STREAM | IS_WATCHED);
  expect(watchedBits(HAS_LONG_SEGMENTS)).toBe(HAS_LONG_SEGMENTS);
});
