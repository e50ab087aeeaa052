import { expect, it } from "vitest";
import { Reassembly } from "../../../../src/correlate/matchers/pieces/reassembly.js";
import { Heap } from "../../../../src/packets/memory/heap.js";
import { HAS_MORE_FRAGMENTS, IS_LATER_FRAGMENT } from "../../../../src/packets/packets.js";
import { FLAGS_PROTO_TTL, PAYLOAD_LENGTH_CLASS, RECORD_BITS, SEQ } from "../../../../src/packets/records.js";
import { INSIDE } from "../../../../src/packets/sides.js";
import { Timeline } from "../../../../src/packets/timeline.js";
import { TupleTable } from "../../../../src/packets/tuple-table.js";

/** Takes fragments of 800 bytes without a header of their own, all of one identification, 1.1 ms apart unless said otherwise. */
function fragmentsIn(reassembly: Reassembly, timeline: Timeline, apartNs = 1.1e6) {
  return (offset: number, isLast: boolean): number[] | undefined => {
    const record = new Int32Array(1 << RECORD_BITS);
    record[FLAGS_PROTO_TTL] = IS_LATER_FRAGMENT | (isLast ? 0 : HAS_MORE_FRAGMENTS);
    record[PAYLOAD_LENGTH_CLASS] = 800;
    record[SEQ] = offset;
    const row = timeline.append(INSIDE, record, 0, apartNs * timeline.size, 1);
    return reassembly.add(row)?.rows;
  };
}

it("of more than eight datagrams of one identification at a time, the oldest is given up", () => {
  const heap = new Heap();
  const timeline = new Timeline(heap, 64);
  const reassembly = new Reassembly(timeline, new TupleTable(heap, 64));
  const take = fragmentsIn(reassembly, timeline);
  for (let datagram = 0; datagram < 9; datagram++) expect(take(0, false)).toBeUndefined();
  reassembly.forget(0);
  reassembly.forget(4);
  // what comes late goes to the newest
  const whole = Array.from({ length: 8 }, () => take(800, true));
  expect(whole).toEqual([...[8, 7, 6, 5, 3, 2, 1].map((first, n) => [first, 9 + n]), undefined]);
});

it.each([
  ["goes on, where it begins where the last one ended", 1.1e6, [0, 800], true],
  ["is of another datagram, where it begins before those that are there", 1.1e6, [800, 0], false],
  ["is of it in any order, where it comes at once", 0.9e6, [800, 0], true],
  ["is of another datagram, where it comes as late as one with the same identification may", 26e6, [0, 800], false],
])("a fragment that comes later %s", (_, apartNs, offsets, isWhole) => {
  const heap = new Heap();
  const timeline = new Timeline(heap, 64);
  const take = fragmentsIn(new Reassembly(timeline, new TupleTable(heap, 64)), timeline, apartNs);
  const wholes = offsets.map((offset) => take(offset, offset === 800));
  expect(wholes.at(-1) !== undefined).toBe(isWhole);
});
