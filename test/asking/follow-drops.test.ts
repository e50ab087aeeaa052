import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hrtime } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it, vi } from "vitest";
import { BootClock } from "../../src/asking/boot-clock.js";
import { followDrops } from "../../src/asking/follow-drops.js";
import { scratch } from "../support/scratch.js";

let cases = 0;
afterEach(() => void vi.unstubAllEnvs());

/** Puts an unshare first on the path that does this instead. */
function pretend(script: string): void {
  const folder = scratch(`unshare-${cases++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "unshare"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
}

it("reads what the kernel prints, until it is closed", async () => {
  const line = " [000] ..s1. 5.000001: kfree_skb: location=nf_hook_slow+0x1/0x2 reason: NETFILTER_DROP";
  pretend(`echo begun; echo '${line}'; read -r _`);
  const { drops, close } = await followDrops();
  expect(drops.failure).toBeUndefined();
  while (drops.counts.size === 0) await sleep(5);
  const seenUs = 4_999_700 + new BootClock().aheadUs();
  expect(drops.fitting(BigInt(Math.round(seenUs)) * 1000n)?.reason).toBe("NETFILTER_DROP");
  close();
});

it("says why it cannot", async () => {
  pretend("echo 'mount: permission denied.' >&2; exit 1");
  expect((await followDrops()).drops.failure).toBe("mount: permission denied.");
  vi.stubEnv("PATH", scratch("nothing"));
  expect((await followDrops()).drops.failure).toBe("unshare is not there");
});

it("knows how far apart the clocks are", () => {
  const ms = new BootClock().aheadUs() / 1000 + Number(hrtime.bigint()) / 1e6;
  expect(Math.abs(Date.now() - ms)).toBeLessThan(60_000);
});
