import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "../../src/packets/heap.js";
import { Flow } from "../../src/packets/flows.js";
import { FlowAccounts, PAIRS, RECORD_BITS } from "../../src/packets/flow-accounts.js";
import { LatencyDigest } from "../../src/packets/latency.js";
import { runs } from "../support/runs.js";

/** What accounts say of a flow, kept the simple way. */
class Plain {
  readonly isForwardOutbound: boolean;
  readonly isFlipped: boolean;
  firstNs = Number.POSITIVE_INFINITY;
  lastNs = Number.NEGATIVE_INFINITY;
  retransmissions = 0;
  /** Inbound, then outbound. */
  readonly latencies: readonly [number[], number[]] = [[], []];
  /** Behind the last new byte, not forward, then forward. */
  readonly #nextSeq: [bigint | null, bigint | null] = [null, null];

  constructor(isFlipped: boolean, isForwardOutbound: boolean) {
    this.isFlipped = isFlipped;
    this.isForwardOutbound = isForwardOutbound;
  }

  add(timeNs: number, isOutbound: boolean, latencyNs: number): void {
    this.firstNs = Math.min(this.firstNs, timeNs);
    this.lastNs = Math.max(this.lastNs, timeNs);
    this.latencies[isOutbound ? 1 : 0].push(latencyNs);
  }

  /** Sequence numbers are compared modulo 2^32, RFC 9293 section 3.4. */
  noteSegment(forward: 0 | 1, seq: number, bytes: number): void {
    const end = BigInt(seq + bytes);
    const known = this.#nextSeq[forward];
    if (known !== null && BigInt.asIntN(32, end - known) <= 0n) this.retransmissions++;
    else this.#nextSeq[forward] = end;
  }

  digest(isOutbound: boolean): LatencyDigest {
    const digest = new LatencyDigest();
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
  // few that take more than 32 bits: those are not kept one by one, nor are any of the flow from then on
  latencyNs: fc.oneof(
    { arbitrary: fc.integer({ min: -2000, max: 100_000 }), weight: 50 },
    { arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), weight: 50 },
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
  bytes: fc.integer({ min: 1, max: 10 }),
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

function expectSame(accounts: FlowAccounts, slot: number, plain: Plain): void {
  for (const isOutbound of [true, false]) {
    const digest = plain.digest(isOutbound);
    const { minNs, maxNs } = accounts.latencyRange(slot, isOutbound);
    expect(accounts.pairsThatWent(slot, isOutbound)).toBe(digest.count);
    expect(accounts.latencySummary(slot, isOutbound)).toEqual(digest.summary());
    expect([minNs, maxNs]).toEqual([digest.minNs, digest.maxNs]);
  }
  expect(accounts.pairs(slot)).toBe(plain.latencies[0].length + plain.latencies[1].length);
  expect([accounts.firstNs(slot), accounts.lastNs(slot)]).toEqual([plain.firstNs, plain.lastNs]);
  expect(accounts.retransmissions(slot)).toBe(plain.retransmissions);
  expect(accounts.isFlipped(slot)).toBe(plain.isFlipped);
  expect([accounts.isOutbound(slot, 1), accounts.isOutbound(slot, 0)]).toEqual([
    plain.isForwardOutbound,
    !plain.isForwardOutbound,
  ]);
}

it("say of each flow what a plain list of its pairs says, with others between them and before it in its slot", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const accounts = new FlowAccounts(new Heap(), 64);
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
            accounts.noteSegment(step.slot, step.forward, step.seq, step.bytes);
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
    { numRuns: runs(200) },
  );
});

it("say the same at every count around the 64 samples that are kept one by one", () => {
  const accounts = new FlowAccounts(new Heap(), 64);
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
});

it("take no more memory for flows that come and go, however many pairs each has", () => {
  const accounts = new FlowAccounts(new Heap(), 64);
  for (let flow = 0; flow < 500; flow++) {
    accounts.open(new Flow(1, 0, 0, 0, false, true, 0, 0));
    for (let pair = 0; pair < 60 + (flow % 10); pair++) accounts.add(0, pair, pair % 20 > 0, pair);
    accounts.close(0);
  }
  // two lists of 64 samples, 15 to a chunk
  expect(accounts.samples.end).toBeLessThanOrEqual(10);
});

it("have a flow as it was taken, until it is let go", () => {
  const bits = fc.integer({ min: 0, max: 15 });
  const tuple = fc.integer({ min: 0, max: 2 ** 26 });
  const some = fc.array(fc.tuple(fc.nat(200), tuple, tuple, fc.boolean(), fc.boolean(), bits, bits));
  fc.assert(
    fc.property(some, (some) => {
      const accounts = new FlowAccounts(new Heap(), 64);
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
      const slots = [...accounts.slots()];
      expect(slots.map((slot) => accounts.flow(slot))).toEqual(slots.map((slot) => flows.get(slot)));
      expect(slots).toHaveLength(flows.size);
      expect(slots.map((slot) => accounts.id(slot))).toEqual(
        [...flows.values()].map(({ id }) => id).toSorted((a, b) => a - b),
      );
    }),
  );
});

it("tell the busiest of some flows, and of equals the ones learnt first", () => {
  // few counts of pairs, so that many flows have as many; more pairs one way than the other
  const some = fc.array(fc.record({ outbound: fc.nat(3), inbound: fc.nat(2), isOpen: fc.boolean() }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.nat()), (some, most, order) => {
      const accounts = new FlowAccounts(new Heap(), 64);
      // ids do not follow slots, and are as far apart as a long run makes them
      const ids = some
        .map((_, id) => ({ id: 1 + id * 50_000_017, key: order.next().value }))
        .sort((a, b) => a.key - b.key);
      for (const [slot, { outbound, inbound }] of some.entries()) {
        accounts.open(new Flow(ids[slot].id, slot, 0, 0, false, true, 0, 0));
        accounts.records[(slot << RECORD_BITS) + PAIRS] = 2048 * inbound;
        accounts.records[(slot << RECORD_BITS) + PAIRS + 1] = 300_000_007 * outbound + inbound;
      }
      const given = [...some.keys()].filter((slot) => some[slot].isOpen);
      const inOrder = given.toSorted(
        (a, b) => accounts.pairs(b) - accounts.pairs(a) || accounts.id(a) - accounts.id(b),
      );
      expect([...accounts.busiest(Int32Array.from(given), most)]).toEqual(inOrder.slice(0, most));
    }),
  );
});
