import { deepStrictEqual } from "node:assert";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Clock } from "../../../src/correlate/clock/clock.js";
import { Buckets } from "../../../src/correlate/kernel/buckets.js";
import { Idle } from "../../../src/correlate/kernel/idle.js";
import { Kernel } from "../../../src/correlate/kernel/kernel.js";
import { Flow } from "../../../src/packets/flows/flows.js";
import { Heap } from "../../../src/packets/memory/heap.js";
import { HAS_IP_ID, HAS_PAYLOAD, IS_DF } from "../../../src/packets/packets.js";
import {
  ACK_SEQ,
  FLAGS_PROTO_TTL,
  flagsProtoTtl,
  FRAME,
  IP_ID,
  LENGTH,
  PAYLOAD_LENGTH_CLASS,
  RECORD_BITS,
  SEQ,
  TCP_FLAGS_QUOTE,
} from "../../../src/packets/records.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";
import { FOLDED } from "../../../src/packets/fates.js";
import { Timeline } from "../../../src/packets/timeline.js";
import { TCP } from "../../../src/protocols/ip-protocols.js";
import { FilledAccounts } from "../../support/accounts.js";
import { randomFrom } from "../../support/random.js";
import { runs } from "../../support/runs.js";
import { FilledTable } from "../../support/tuples.js";

/** More than wait unpacked, by some blocks. */
const PAIRS = 12_000;
/** Flows that have pairs, and one behind them that has none: more than 16 bits of a slot tell apart. */
const FLOWS = [0, 1, 65_536, 65_537];
const NO_FLOW = 65_538;

/** How alike pairs are: of how many different values numbers are, whether clocks agree, and which of so many pairs is shown as soon as it is found. */
const worlds = fc.record({
  seed: fc.nat(),
  most: fc.constantFrom(1, 200, 40_000, 2 ** 32),
  aheadNs: fc.constantFrom(0, -3, 5e9, 2 ** 52),
  drift: fc.constantFrom(0, 1),
  shownAtOnce: fc.constantFrom(2, 20, 400, 1e9),
});

it("keeps what is to be shown of pairs, however many wait", () => {
  fc.assert(
    fc.property(worlds, ({ seed, most, aheadNs, drift, shownAtOnce }) => {
      const random = randomFrom(seed);
      const below = (end: number): number => Math.floor(random() * end);
      const heap = new Heap();
      const timeline = new Timeline(heap);
      const tuples = new FilledTable(heap);
      const accounts = new FilledAccounts(heap, 2 ** 17);
      const buckets = new Buckets(heap, timeline);
      const clock = Clock.fixed(0n, "none", 0, null);
      const times = { windowNs: 1e9, resolutionNs: 1, shiftNs: 0 };
      const kernel = new Kernel({ heap, timeline, tuples, buckets, accounts, clock, ...times, isShowing: true });
      for (const [n, slot] of [...FLOWS, NO_FLOW].entries())
        accounts.open(new Flow(slot + 1, slot, 2 * n, 2 * n + 1, false, true, 0, 0));

      const record = new Int32Array(1 << RECORD_BITS);
      const stamp = new Float64Array(record.buffer, 0, 1);
      /** All that is shown of a pair, by its rows. */
      const facts = (inside: number, outside: number) => [
        ...[inside, outside].map((row) => [
          [timeline.stampNs(row), timeline.timeNs(row), timeline.frame(row), timeline.flags(row), timeline.proto(row)],
          [timeline.ttl(row), timeline.ipId(row), timeline.length(row), timeline.tunnel(row), timeline.dscp(row)],
          [timeline.payloadLength(row), timeline.seq(row), timeline.ack(row), timeline.tcpFlags(row)],
          [timeline.way(row), timeline.twin(row)],
        ]),
        [timeline.flow(inside), timeline.by(inside), timeline.evidence(inside), timeline.isOutbound(inside)],
        [timeline.altered(inside), timeline.isRetransmission(inside)],
      ];
      const shown = (inside: number, outside: number) => {
        timeline.reserve(2);
        kernel.unfold(inside);
        const told = facts(inside, outside);
        for (const row of [inside, outside]) timeline.release(row);
        return told;
      };

      const waiting: [inside: number, outside: number, told: unknown][] = [];
      const expected: unknown[] = [];
      const told: unknown[] = [];
      for (let n = 0; n < PAIRS; n++) {
        // one of them has none among those that wait unpacked
        const flow = below(n < 2000 ? FLOWS.length : FLOWS.length - 1);
        const isOutbound = random() < 0.5;
        const flags = random() < 0.5 ? HAS_IP_ID | IS_DF : HAS_PAYLOAD;
        const timeNs = 600 * n + below(most);
        const gapNs = below(most) % 2 ** 30;
        stamp[0] = timeNs;
        for (const word of [FRAME, LENGTH, PAYLOAD_LENGTH_CLASS, SEQ, ACK_SEQ]) record[word] = below(most);
        record[IP_ID] = below(most) & 0xffff;
        record[TCP_FLAGS_QUOTE] = below(most) & 0xff;
        record[FLAGS_PROTO_TTL] = flagsProtoTtl(flags, TCP, 64 + (below(most) & 0x7f));
        const inside = timeline.append(INSIDE, record, 0, timeNs, 4 * flow + (isOutbound ? 1 : 0));
        stamp[0] = timeNs + gapNs + aheadNs + drift * below(most);
        record[FRAME] = below(most);
        record[FLAGS_PROTO_TTL] = flagsProtoTtl(flags, TCP, 63 + (below(most) & 0x7f));
        const way = 4 * flow + 2 + (isOutbound ? 1 : 0);
        const outside = timeline.append(OUTSIDE, record, 0, timeNs + gapNs, way);
        timeline.pair(inside, outside, FLOWS[flow], below(6), below(2 ** 9), isOutbound);
        const pair = facts(inside, outside);
        kernel.putAway(inside, outside);
        if (n % shownAtOnce !== 1) waiting.push([inside, outside, pair]);
        else {
          expected.push(pair);
          told.push(shown(inside, outside));
        }
      }
      deepStrictEqual(
        waiting.map(([inside]) => timeline.state(inside)),
        waiting.map(() => FOLDED),
      );
      deepStrictEqual(
        waiting.map(([inside]) => timeline.lastTwin(inside)),
        waiting.map(([, outside]) => outside),
      );
      const idle = new Idle({ heap, timeline, tuples, accounts }, 0);
      expect([...FLOWS, NO_FLOW].map((slot) => idle.isHeld(slot))).toEqual([...FLOWS.map(() => true), false]);
      idle.free();
      for (const [inside, outside, pair] of waiting) {
        expected.push(pair);
        told.push(shown(inside, outside));
      }
      deepStrictEqual(told, expected);
    }),
    { numRuns: runs(6) },
  );
});

it("tells which of two copies is the retransmission, however many pairs wait between them", () => {
  const heap = new Heap();
  const timeline = new Timeline(heap);
  const tuples = new FilledTable(heap);
  const accounts = new FilledAccounts(heap, 16);
  const buckets = new Buckets(heap, timeline);
  const clock = Clock.fixed(0n, "none", 0, null);
  const times = { windowNs: 1e9, resolutionNs: 1, shiftNs: 0 };
  const kernel = new Kernel({ heap, timeline, tuples, buckets, accounts, clock, ...times, isShowing: true });
  for (const slot of [0, 1]) accounts.open(new Flow(slot + 1, slot, 2 * slot, 2 * slot + 1, false, true, 0, 0));
  const record = new Int32Array(1 << RECORD_BITS);
  const stamp = new Float64Array(record.buffer, 0, 1);
  record[LENGTH] = 140;
  record[PAYLOAD_LENGTH_CLASS] = 100;
  record[FLAGS_PROTO_TTL] = flagsProtoTtl(HAS_IP_ID | HAS_PAYLOAD, TCP, 64);
  const pair = (timeNs: number, slot: number, seq: number): [inside: number, outside: number] => {
    stamp[0] = timeNs;
    record[SEQ] = seq;
    const inside = timeline.append(INSIDE, record, 0, timeNs, 4 * slot + 1);
    const outside = timeline.append(OUTSIDE, record, 0, timeNs, 4 * slot + 3);
    timeline.pair(inside, outside, slot, 0, 0, true);
    kernel.putAway(inside, outside);
    return [inside, outside];
  };
  // the same bytes twice in each of two flows, in a block that is packed by now
  const COPIES = 200;
  const pairs = Array.from({ length: PAIRS }, (_, n) =>
    pair(1000 * n, n % 2, n >= COPIES && n < COPIES + 4 ? 1 : 1000 * n),
  );
  accounts.add(0, 1000 * PAIRS, true, 1);
  kernel.noteAgain(pairs[COPIES][0]);
  timeline.reserve(2 * PAIRS);
  const isAgain = pairs.map(([inside, outside]) => {
    kernel.unfold(inside);
    const isAgain = timeline.isRetransmission(inside);
    for (const row of [inside, outside]) timeline.release(row);
    return isAgain;
  });
  expect(isAgain.flatMap((is, n) => (is ? [n] : []))).toEqual([COPIES + 2]);
});
