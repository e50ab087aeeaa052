import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWithCap } from "../../../src/capture/live/open.js";
import { isSkipped } from "../../support/needs.js";
import { NUMBER_AT, Veth, enterNewNamespace, skips } from "./veth.js";

const lacksCap = isSkipped("--engine cap", () => {
  try {
    createRequire(import.meta.url)("cap");
    return undefined;
  } catch {
    return "the cap package, compiled (libpcap-dev, and npm rebuild cap)";
  }
});

const options = { snaplen: 64, bufferBytes: 8 << 20, isPromiscuous: true, filter: "ether proto 0x88b5" };

describe.skipIf(skips || lacksCap)("the cap engine", () => {
  let veth: Veth;
  beforeAll(() => {
    enterNewNamespace();
    veth = new Veth("nccap");
  });
  afterAll(() => veth.remove());

  test("gives frames in order, and says what it lacks", async () => {
    const warnings: string[] = [];
    const source = await openWithCap(veth.far, { ...options, onWarning: (text) => warnings.push(text) });
    expect(warnings).toEqual([expect.stringMatching(/latencies mean little.*does not count/)]);
    expect(source.interfaces).toEqual([{ name: veth.far, linkType: 1, snaplen: 64 }]);
    const sent: number[] = [];
    let asked = 0;
    let reachedNs = Number.NEGATIVE_INFINITY;
    while (sent.length < 300) {
      // Few at a time: its ring has a slot of 64 KiB for each.
      if (sent.length === asked) {
        veth.send(50, 200);
        asked += 50;
      }
      const batch = (await source.next())!;
      const view = new DataView(batch.data.buffer);
      for (let row = 0; row < batch.count; row++) {
        expect(batch.frame[row]).toBe(sent.length + 1);
        sent.push(view.getUint32(batch.start[row] + NUMBER_AT));
        expect([batch.captured[row], batch.original[row]]).toEqual([64, 200]);
        expect(batch.timeNs[row]).toBeGreaterThanOrEqual(reachedNs);
        expect(batch.timeNs[row]).toBeLessThanOrEqual(batch.reachedNs);
      }
      reachedNs = batch.reachedNs;
    }
    expect(sent).toEqual(Array.from({ length: 300 }, (_, i) => i));
    // the kernel may have dropped others, which cap does not tell
    expect(source.statistics()).toEqual({});
    source.stop();
    expect(await source.next()).toBeNull();
    await source.close();
  });

  test("covers the time from the first look on, when the other interface is open as well", async () => {
    const source = await openWithCap(veth.far, { ...options, onWarning: () => {} });
    veth.send(5);
    // cap does not tell when it has them
    await sleep(500);
    const batch = (await source.next())!;
    expect(batch.count).toBe(5);
    expect(Math.max(...batch.timeNs.subarray(0, 5))).toBeLessThanOrEqual(0);
    await source.close();
  });

  test("refuses an interface that does not exist, and a filter that is none", async () => {
    const refused = { ...options, onWarning: () => {} };
    await expect(openWithCap("enp77s0", refused)).rejects.toThrow("enp77s0: cannot be captured from: ");
    await expect(openWithCap(veth.far, { ...refused, filter: "tcp prot 80" })).rejects.toThrow("syntax error");
  });
});
