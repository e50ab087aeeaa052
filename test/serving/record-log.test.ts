import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { RecordLog } from "../../src/serving/record-log.js";

const MIB = 1 << 20;

async function all(log: RecordLog): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let at = 0; at < log.length; ) {
    const part = (await log.from(at)) ?? Buffer.alloc(0);
    expect(part.length).toBeGreaterThan(0);
    parts.push(part);
    at += part.length;
  }
  return Buffer.concat(parts);
}

it("gives from anywhere what was added, some at a time, whether it is compressed by then or not", async () => {
  const log = new RecordLog();
  const added = Array.from({ length: 3000 }, (_, at) => Buffer.from(`{"line":${at},"${"x".repeat(at % 997)}":0}\n`));
  const bytes = Buffer.concat(added);
  for (const each of added) log.add(each);
  expect(log.length).toBe(bytes.length);
  expect(log.length).toBeGreaterThan(MIB);
  for (let turns = 0; turns < 2; turns++) {
    expect((await all(log)).equals(bytes)).toBe(true);
    for (const at of [1, 600_000, bytes.length - 3]) {
      const part = await log.from(at);
      expect(part?.length).toBeLessThan(MIB);
      expect(part?.equals(bytes.subarray(at, at + (part?.length ?? 0)))).toBe(true);
    }
    for (let each = 0; each < 50; each++) await turn();
  }
  expect(await log.from(bytes.length)).toHaveLength(0);
  expect(await log.from(bytes.length + 1)).toBeUndefined();
  expect(await log.from(Number.NaN)).toBeUndefined();
});

it("keeps what it is given, whatever becomes of the bytes", async () => {
  const log = new RecordLog();
  const bytes = Buffer.from("one\n");
  log.add(bytes);
  bytes.fill(0);
  expect((await log.from(0))?.toString()).toBe("one\n");
});
