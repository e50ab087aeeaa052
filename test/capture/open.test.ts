import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { openCapture } from "../../src/capture/open.js";
import { runs } from "../support/runs.js";
import { pcap, readBytes, readPath, stored } from "./files.js";
import { scratch } from "../support/scratch.js";

const FRAMES = Array.from({ length: 100 }, (_, i) => ({ seconds: i, data: Buffer.alloc(100, i) }));

test("what holds no capture is refused with what it is and what to do", async () => {
  mkdirSync(scratch("folder"));
  expect((await readPath(scratch("missing.pcap"))).error).toMatch(/missing\.pcap: there is no such file$/);
  expect((await readPath(scratch("folder"))).error).toMatch(/folder: is a directory; name a capture file in it$/);
  expect((await readPath(`${stored(pcap([]))}/x`)).error).toMatch(/capture\.pcap\/x: cannot be opened: ENOTDIR/);
});

test.each([
  ["", /is empty; even a capture without frames has a file header/],
  [gzipSync(""), /is empty/],
  ["21:11:00.000001 IP 172.17.0.2 > 180.101.49.11: ICMP echo request\n", /this looks like text: .*tcpdump -w/],
  ["snoop\0\0\0\0\0\0\x02\0\0\0\x04", /this is a snoop capture \(Solaris\); convert it with editcap/],
  ["GMBU\0\x02", /Microsoft Network Monitor/],
  [gzipSync(gzipSync(pcap([]))), /gzip inside gzip or zstd/],
  ["\xfd7zXZ\0\0", /xz-compressed; pipe it through xz -dc/],
  ["\x01\x02\x03\x04\x05", /neither pcap nor pcapng: it starts with 01020304/],
  ["\x01", /neither pcap nor pcapng: it starts with 01;/],
  [pcap([]).subarray(0, 23), /is cut off inside its file header: 23 of 24 bytes are there/],
])("refuses %j", async (content, why) => {
  const { error } = await readBytes(typeof content === "string" ? Buffer.from(content, "latin1") : content);
  expect(error).toMatch(why);
  expect(error).toContain("capture.pcap: ");
});

test("gives the same frames in pieces, no larger than they are asked for", async () => {
  // several windows, with frames across every border there is
  const frames = Array.from({ length: 4000 }, (_, i) => ({ seconds: i, data: Buffer.alloc(1 + ((i * 37) % 2900), i) }));
  const path = stored(pcap(frames));
  const whole = (await readPath(path)).frames;
  const mosts = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(300, 4096)), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(mosts, async (mosts) => {
      const source = await openCapture(path, { onWarning: (text) => expect.fail(text) });
      expect(source.isOnDisk).toBe(true);
      let at = 0;
      for (let piece = 0; ; piece++) {
        const most = mosts[piece % mosts.length];
        const batch = await source.next(most);
        if (batch === null) break;
        expect(batch.count).toBeLessThanOrEqual(most);
        for (let row = 0; row < batch.count; row++, at++) {
          const data = batch.data.subarray(batch.start[row], batch.start[row] + batch.captured[row]);
          expect([batch.frame[row], Buffer.from(data).toString("hex")]).toEqual([whole[at].frame, whole[at].data]);
        }
      }
      await source.close();
      expect(at).toBe(frames.length);
    }),
    { numRuns: runs(5) },
  );
});

test("tells how much of the file it has read", async () => {
  const path = stored(gzipSync(pcap(FRAMES)));
  const told: (readonly [number, number | undefined])[] = [];
  const source = await openCapture(path, {
    onWarning: (text) => expect.fail(text),
    onBytes: (read, total) => told.push([read, total]),
  });
  while (await source.next());
  await source.close();
  const [, size] = told[0];
  expect(told.at(-1)).toEqual([size, size]);
  expect(told.every(([read], i) => i === 0 || read >= told[i - 1][0])).toBe(true);
});

test("a FIFO waits for its writer, gives frames as they come, and ends with it", async () => {
  const path = scratch("dribble");
  execFileSync("mkfifo", [path]);
  const warnings: string[] = [];
  const opening = openCapture(path, { onWarning: (text) => warnings.push(text) });
  const writer = createWriteStream(path);
  const bytes = pcap(FRAMES);
  for (let at = 0; at < 24; at++) writer.write(bytes.subarray(at, at + 1));
  // Two frames and half of the third: the two must come before the writer goes on.
  writer.write(bytes.subarray(24, 24 + 2.5 * 116));
  const source = await opening;
  expect(source.name).toBe(scratch("dribble"));
  const seen: number[] = [];
  while (seen.at(-1) !== 2) seen.push(...(await numbers(source)));
  writer.end(bytes.subarray(24 + 2.5 * 116, bytes.length - 1));
  while (seen.at(-1) !== 99) seen.push(...(await numbers(source)));
  expect(await source.next()).toBeNull();
  expect(seen).toEqual(FRAMES.slice(1).map((_, i) => i + 1));
  expect(warnings).toEqual([expect.stringMatching(/damaged at frame 100, byte 11508: .*only 115 bytes/)]);
  await source.close();
});

test("closing ends a read that waits on a FIFO, without a warning", async () => {
  const path = scratch("silent");
  execFileSync("mkfifo", [path]);
  const opening = openCapture(path, { onWarning: (text) => expect.fail(text) });
  const writer = createWriteStream(path);
  writer.write(pcap(FRAMES).subarray(0, 30));
  const source = await opening;
  const waiting = source.next();
  await source.close();
  expect(await waiting).toBeNull();
  expect(await source.next()).toBeNull();
  writer.end();
  await once(writer, "close");
});

async function numbers(source: Awaited<ReturnType<typeof openCapture>>): Promise<number[]> {
  const batch = await source.next();
  if (!batch) throw new Error("the capture ended early");
  return [...batch.frame.subarray(0, batch.count)];
}
