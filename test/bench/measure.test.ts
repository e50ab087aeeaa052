import { expect, test } from "vitest";
import { measure } from "../../scripts/bench/measure.js";

test("tells the memory and the time of a command and its children", async () => {
  const hold = "const held = Buffer.alloc(200 << 20, 1); const end = Date.now() + 300; while (Date.now() < end); held";
  const child = `require("node:child_process").spawnSync(process.execPath, ["-e", ${JSON.stringify(hold)}])`;
  const cost = await measure([process.execPath, "-e", child]);
  expect(cost.peakMiB).toBeGreaterThan(200);
  expect(cost.wallS).toBeGreaterThanOrEqual(0.3);
  expect(cost.cpuS).toBeGreaterThan(0.1);
});

test("fails with what a failing command says", async () => {
  await expect(measure(["sh", "-c", "echo no luck >&2; exit 3"])).rejects.toThrow(/ended with 3: no luck/);
});
