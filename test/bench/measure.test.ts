import { afterEach, expect, test, vi } from "vitest";
import { measure } from "../../scripts/bench/measure.js";

afterEach(() => void vi.unstubAllEnvs());

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

test("leaves out what the environment has for Node, and nothing else", async () => {
  vi.stubEnv("NODE_EXTRA_CA_CERTS", "/dev/null");
  vi.stubEnv("NODE_OPTIONS", "--no-warnings");
  vi.stubEnv("NATCORR_LEFT_ALONE", "here");
  const told = 'echo "$NATCORR_LEFT_ALONE,$NODE_EXTRA_CA_CERTS,$NODE_OPTIONS" >&2; exit 1';
  await expect(measure(["sh", "-c", told])).rejects.toThrow(/: here,,$/m);
});
