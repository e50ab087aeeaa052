import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { followDrops } from "../../../src/asking/follow-drops.js";
import { isSkipped, root, tools } from "../../support/needs.js";
import { scratch } from "../../support/scratch.js";

const skips = isSkipped("the kernel's drops", root, tools(["unshare", "mount"], "util-linux and mount"), () =>
  spawnSync("unshare", ["-m", "mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"]).status === 0
    ? undefined
    : "tracefs",
);

const folder = scratch("tracefs");
/** No process has a number as large (PID_MAX_LIMIT of linux/threads.h). */
const left = join(folder, "instances", "natcorr_4194305");

beforeEach(() => {
  mkdirSync(folder);
  execFileSync("mount", ["-t", "tracefs", "tracefs", folder]);
});
afterEach(() => void execFileSync("umount", [folder]));

test.skipIf(skips)("what a run left behind that was killed with its helpers, the next one removes", async () => {
  mkdirSync(left);
  writeFileSync(join(left, "events/skb/kfree_skb/enable"), "1");
  const { drops, close } = await followDrops();
  expect(drops.failure).toBeUndefined();
  expect(existsSync(left)).toBe(false);
  close();
});
