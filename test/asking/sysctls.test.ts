import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { followSysctls, type SettingsChanged } from "../../src/asking/sysctls.js";
import { scratch } from "../support/scratch.js";

it("tells each time that a setting is another, and when it was not yet; nothing once it is over", async () => {
  const folder = scratch("sys");
  mkdirSync(join(folder, "net/ipv4"), { recursive: true });
  const set = (value: string): void => writeFileSync(join(folder, "net/ipv4/ip_forward"), `${value}\n`);
  set("1");
  const changes: SettingsChanged[] = [];
  const end = followSysctls((change) => changes.push(change), folder);
  for (const [at, value] of ["0", "1"].entries()) {
    set(value);
    while (changes.length === at) await sleep(5);
  }
  end();
  set("0");
  await sleep(600);
  expect(changes.map(({ sysctls }) => sysctls)).toEqual([
    { "net.ipv4.ip_forward": "0" },
    { "net.ipv4.ip_forward": "1" },
  ]);
  const [first, second] = changes;
  expect([first.heldNs < first.timeNs, first.timeNs <= second.heldNs]).toEqual([true, true]);
});
