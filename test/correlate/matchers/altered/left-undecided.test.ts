import { expect, it } from "vitest";
import { LeftUndecided } from "../../../../src/correlate/matchers/altered/left-undecided.js";
import { Heap } from "../../../../src/packets/memory/heap.js";
import { RECORD_BITS } from "../../../../src/packets/records.js";
import { INSIDE, OUTSIDE, type Side } from "../../../../src/packets/sides.js";
import { Timeline } from "../../../../src/packets/timeline.js";
import { ethernet, ipv4, tcp } from "../../../support/packets.js";
import { decodeAll } from "../../../wire/decoded.js";

const ETHERNET = 1;

it("finds what carries the same on the other side, however its IP ID differs, and nothing else", () => {
  // 172.17.0.2.40000 > 180.101.49.11.80: Flags [.], seq 7, ack 9, and behind the NAT; the third acknowledges more
  const frames = [
    ipv4({ src: "172.17.0.2", id: 5 }, tcp({ seq: 7, ack: 9 })),
    ipv4({ src: "10.0.2.15", id: 6000 }, tcp({ seq: 7, ack: 9 })),
    ipv4({ src: "10.0.2.15", id: 6001 }, tcp({ seq: 7, ack: 10 })),
  ].map((packet) => ethernet(packet));
  const taken = frames.map((frame) => ({
    frame,
    linkType: ETHERNET,
    captured: frame.length,
    original: frame.length,
  }));
  const { records } = decodeAll(taken).out;
  const timeline = new Timeline(new Heap(), 4096);
  const append = (n: number, side: Side, timeNs: number) =>
    timeline.append(side, records, n << RECORD_BITS, timeNs, 2 * n);
  const left = new LeftUndecided();
  left.note(timeline, [append(0, INSIDE, 1e6)]);
  const like = append(1, OUTSIDE, 1.5e6);
  expect(left.hasLike(timeline, like, 1e6)).toBe(true);
  expect(left.hasLike(timeline, like, 1e5)).toBe(false);
  expect(left.hasLike(timeline, append(2, OUTSIDE, 1.5e6), 1e6)).toBe(false);
  expect(left.hasLike(timeline, append(0, INSIDE, 1.5e6), 1e6)).toBe(false);
});
