import { expect, it } from "vitest";
import { ROW_BYTES } from "../../../src/packets/batches/columns-words.js";
import { PacketBatch } from "../../../src/packets/batches/packet-batch.js";

it("has its columns one behind the other", () => {
  const { records, src6, dst6, tupleHash, macFrom, macTo, outer, quotes, outers, rowless } = new PacketBatch(8);
  const columns = [{ records, src6, dst6, tupleHash, macFrom, macTo, outer }, quotes, outers, rowless]
    .flatMap((part): unknown[] => Object.values(part))
    .filter((column) => ArrayBuffer.isView(column))
    .toSorted((a, b) => a.byteOffset - b.byteOffset);
  const ends = columns.map(({ byteOffset, byteLength }) => byteOffset + byteLength);
  expect(columns.map(({ byteOffset }) => byteOffset)).toEqual([0, ...ends.slice(0, -1)]);
  expect(ends.at(-1)).toBe(8 * ROW_BYTES);
});
