import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Crossed } from "../../../src/correlate/kernel/crossed.js";
import { WORDS } from "../../../src/correlate/kernel/kernel-words.js";
import { TunnelTally } from "../../../src/correlate/intake/tunnel-tally.js";
import { Findings, type About } from "../../../src/correlate/verdicts/findings.js";
import type { End } from "../../../src/correlate/verdicts/findings/finder.js";
import {
  Flow,
  REWRITE_DST,
  REWRITE_DST_PORT,
  REWRITE_SRC,
  REWRITE_SRC_PORT,
} from "../../../src/packets/flows/flows.js";
import { Heap } from "../../../src/packets/memory/heap.js";
import { Gathered } from "../../../src/packets/results/gathered.js";
import { NO_RULES } from "../../../src/packets/results/host-rules.js";
import { INSIDE } from "../../../src/packets/sides.js";
import { Timeline } from "../../../src/packets/timeline.js";
import { FACTS, HAS_CLASHED, KIND, kindOf, TUPLE_BITS } from "../../../src/packets/tuples.js";
import { TupleTable } from "../../../src/packets/tuple-table.js";
import { ICMP, TCP, UDP } from "../../../src/protocols/ip-protocols.js";
import { ACK } from "../../../src/protocols/tcp.js";
import { runs } from "../../support/runs.js";
import { FilledAccounts } from "../../support/accounts.js";
import { openTuple } from "../../support/tuples.js";

const SIDE = {
  frames: 1,
  paired: 0,
  unmatched: 0,
  ambiguous: 0,
  notIp: 0,
  undecodable: 0,
  captureDropped: 0,
  hasCounters: true,
};
const END: End = {
  summary: {
    inside: SIDE,
    outside: SIDE,
    verdicts: [new Map(), new Map()],
    impacts: [new Map(), new Map()],
    flows: 0,
    clock: { offsetNs: 0, driftPpm: 0, uncertaintyNs: 0, source: "none", steps: [], moreSteps: 0 },
  },
  unfollowed: 0,
  pairs: 0,
  altered: [],
  rewritten: new Gathered(),
  retransmissions: new Gathered(),
  tunnels: new TunnelTally(),
};

/** Few of them, and some that have their place among those seen lately in common. */
const address = fc.constantFrom<number[]>(0, 0x0a00_0002, 0x0a00_0003, 0x0a00_0402, 0xac11_0002, 0xffff_ffff);
const tuple = fc.record({
  a: address,
  b: address,
  isIpv6: fc.oneof({ arbitrary: fc.constant(false), weight: 5 }, { arbitrary: fc.constant(true), weight: 1 }),
  isOpenedByA: fc.boolean(),
  isOpenerKnown: fc.oneof({ arbitrary: fc.constant(true), weight: 5 }, { arbitrary: fc.constant(false), weight: 1 }),
  hasClashed: fc.boolean(),
});
const rewrite = fc
  .subarray([REWRITE_SRC, REWRITE_DST, REWRITE_SRC_PORT, REWRITE_DST_PORT])
  .map((bits) => bits.reduce((sum, bit) => sum | bit, 0));
const flow = fc.record({
  proto: fc.constantFrom<number[]>(TCP, UDP, ICMP),
  inside: tuple,
  outside: tuple,
  isFlipped: fc.boolean(),
  isForwardOutbound: fc.boolean(),
  forward: rewrite,
  backward: rewrite,
  outbound: fc.nat(5),
  inbound: fc.nat(5),
  isSentAgain: fc.oneof({ arbitrary: fc.constant(false), weight: 5 }, { arbitrary: fc.constant(true), weight: 1 }),
});

type Made<T> = T extends fc.Arbitrary<infer Value> ? Value : never;

function put(tuples: TupleTable, at: number, proto: number, of: Made<typeof tuple>): void {
  const r = at << TUPLE_BITS;
  tuples.records[r + FACTS] = 0;
  tuples.records[r + KIND] = kindOf(proto, of.isIpv6, INSIDE, false);
  tuples.words[tuples.address(at, true)] = of.a;
  tuples.words[tuples.address(at, false)] = of.b;
  openTuple(tuples, at, of.isOpenedByA, of.isOpenerKnown);
  if (of.hasClashed) tuples.set(at, HAS_CLASHED, true);
}

type Some = readonly Made<typeof flow>[];

const decidedNs = () => 10e9;

const misses = { isPatchy: () => false, lacksEntries: () => false, mayLackAll: () => false };

function tablesOf(heap: Heap, some: Some): About {
  const accounts = new FilledAccounts(heap, 64);
  const tuples = new TupleTable(heap, 256);
  for (const [slot, of] of some.entries()) {
    put(tuples, 2 * slot, of.proto, of.inside);
    put(tuples, 2 * slot + 1, of.proto, of.outside);
    const { isFlipped, isForwardOutbound, forward, backward } = of;
    const tuple = 2 * slot;
    accounts.open(new Flow(slot + 1, slot, tuple, tuple + 1, isFlipped, isForwardOutbound, forward, backward));
    for (let pair = 0; pair < of.outbound; pair++) accounts.add(slot, pair, true, 1);
    for (let pair = 0; pair < of.inbound; pair++) accounts.add(slot, pair, false, 1);
    for (let time = 0; time < (of.isSentAgain ? 2 : 1); time++) accounts.noteSegment(slot, 1, 1000, 10, ACK);
  }
  const cover = { firstNs: 0, lastNs: 0, sinceNs: 0, isLive: false, isOfOneRun: false, lostFrames: 0, of: () => [] };
  const timeline = new Timeline(heap, 64);
  return {
    heap,
    kernel: { crossed: new Crossed(new Int32Array(WORDS), heap) },
    timeline,
    accounts,
    tuples,
    misses,
    rules: NO_RULES,
    clashes: { lostBy: (tuple) => (tuples.has(tuple, HAS_CLASHED) ? 1 : undefined) },
    cover: [cover, cover],
    decidedNs,
    shown: undefined,
    epochNs: 0n,
  };
}

it("are the same whether flows that nothing is to be told of are sorted out or each is looked at", () => {
  const cut = fc.nat(30);
  fc.assert(
    fc.property(fc.array(flow, { maxLength: 30, size: "max" }), cut, (some, cut) => {
      const tables = tablesOf(new Heap(), some);
      const sorted = new Findings(tables);
      const slots = Int32Array.from(some.keys());
      sorted.flows(slots.slice(0, cut));
      sorted.flows(slots.slice(cut));
      const each = new Findings(tables);
      for (const slot of slots) each.flow(slot);
      expect(sorted.close(END)).toEqual(each.close(END));
    }),
    { numRuns: runs(150) },
  );
});

it("do not look at flows that are over IPv4, translated, with the port kept and both ways seen, but for their address", () => {
  const of = {
    isIpv6: false,
    isOpenedByA: true,
    isOpenerKnown: true,
    hasClashed: false,
    a: 0xac11_0002,
    b: 0xcb00_7105,
  };
  const facts = { isFlipped: false, isForwardOutbound: true, forward: REWRITE_SRC, backward: REWRITE_DST };
  const ordinary = { ...facts, proto: TCP, inside: of, outside: { ...of, a: 0x0a00_020f }, outbound: 3, inbound: 3 };
  const tables = tablesOf(
    new Heap(),
    Array.from({ length: 20 }, () => ({ ...ordinary, isSentAgain: false })),
  );
  const findings = new Findings(tables);
  const looked: number[] = [];
  findings.flow = (slot) => void looked.push(slot);
  findings.flows(Int32Array.from(Array(20).keys()));
  expect(looked).toEqual([0]);
});
