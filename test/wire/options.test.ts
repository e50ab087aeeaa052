import { expect, it } from "vitest";
import { Heap } from "../../src/packets/memory/heap.js";
import { RECORD_BITS } from "../../src/packets/records.js";
import { INSIDE } from "../../src/packets/sides.js";
import { Timeline } from "../../src/packets/timeline.js";
import { ethernet, ipv4, tcp } from "../support/packets.js";
import { decodeAll } from "./decoded.js";

const ETHERNET = 1;
const COUNT = 2000;

it("tells acknowledgements apart that differ in their timestamps alone", () => {
  const acks = Array.from({ length: COUNT }, (_, ms) => {
    const options = Buffer.from([1, 1, 8, 10, 0, 0, 0, 0, 9, 9, 9, 9]);
    options.writeUInt32BE(700_000 + ms, 4);
    return ipv4({ src: "172.17.0.2" }, tcp({ srcPort: 40_000, dstPort: 80, seq: 7, ack: 9, flags: 0x10, options }));
  });
  const { out } = decodeAll(
    acks.map((packet) => {
      const frame = ethernet(packet);
      return { frame, linkType: ETHERNET, captured: frame.length, original: frame.length };
    }),
  );
  const timeline = new Timeline(new Heap(), 1024);
  const rows = acks.map((_, n) => timeline.append(INSIDE, out.records, n << RECORD_BITS, n, 0));
  expect(rows.filter((row) => !timeline.hasOtherOptions(row, rows[0]))).toEqual([rows[0]]);
});
