import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { ByteStream } from "../../src/capture/bytes.js";
import { ByteWindow } from "../../src/capture/window.js";

const CAPACITY = 16;

interface Chunk {
  readonly length: number;
  readonly isAtOnce: boolean;
}

/** The bytes 0, 1, 2 … 255, 0 …, which come in such chunks, at once or later. */
class Chunks implements ByteStream {
  readonly #chunks: Chunk[];
  #given = 0;
  /** For how many bytes there was room, at the most. */
  most = 0;

  constructor(chunks: readonly Chunk[]) {
    this.#chunks = [...chunks];
  }

  read(target: Uint8Array, at: number): number | Promise<number> {
    if (at < 0) throw new RangeError(`there is no byte ${at}`);
    this.most = Math.max(this.most, target.length - at);
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return 0;
    const length = Math.min(chunk.length, target.length - at);
    if (length < chunk.length) this.#chunks.unshift({ ...chunk, length: chunk.length - length });
    for (let byte = 0; byte < length; byte++) target[at + byte] = this.#given++;
    return chunk.isAtOnce ? length : Promise.resolve(length);
  }

  async close(): Promise<void> {}
}

test("a window gives all bytes in their order but those that are passed over, however they come", async () => {
  const chunks = fc.array(fc.record({ length: fc.integer({ min: 1, max: 40 }), isAtOnce: fc.boolean() }), {
    maxLength: 12,
  });
  const steps = fc.array(
    fc.record({ used: fc.integer({ min: 1, max: 50 }), most: fc.integer({ min: 1, max: CAPACITY }) }),
    {
      maxLength: 40,
    },
  );
  await fc.assert(
    fc.asyncProperty(chunks, steps, async (chunks, steps) => {
      const total = chunks.reduce((sum, { length }) => sum + length, 0);
      const stream = new Chunks(chunks);
      const window = new ByteWindow(stream, new Uint8Array(CAPACITY));
      const [did, expected]: unknown[][] = [[], []];
      for (const { used, most } of steps) {
        // bytes that are used, or passed over before they came
        window.start += used;
        const next = window.offset;
        const unused = Math.max(0, window.end - window.start);
        stream.most = 0;
        const isMore = await window.fill(most);
        const there = [...window.data.subarray(window.start, window.end)];
        did.push({
          isMore,
          next: window.offset,
          there,
          isWithin: stream.most <= most,
          isLonger: there.length > unused,
        });
        const isLonger = next + unused < total;
        const same = there.map((_, at) => (next + at) & 0xff);
        expected.push({ isMore: isLonger, next, there: same, isWithin: true, isLonger });
      }
      expect(did).toEqual(expected);
    }),
  );
});
