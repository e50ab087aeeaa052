import { expect, it } from "vitest";
import { OUTSIDE } from "../../../src/packets/sides.js";
import { dropped, found, QUERY, snapshot, told } from "./drops.js";

type Queue = Readonly<Record<string, string | number>>;

const tbf = (drops: number): Queue => ({ dev: "enp0s3", kind: "tbf", handle: "8001:", drops });
const clsact = (dev: string, drops: number): Queue => ({ dev, kind: "clsact", handle: "ffff:", drops });
const between = (before: readonly Queue[] | undefined, after: readonly Queue[]) => [
  snapshot(100, { queues: before }),
  snapshot(110, { queues: after }),
];
const three = [dropped(3, QUERY)];

it("names the queue of the interface that packets were to leave by, where it dropped as many", () => {
  const [finding, ...others] = found(three, between([tbf(2)], [tbf(6)]));
  expect(finding).toMatchObject({ code: "drop-queue", count: 3, counter: "qdisc drops", counted: 4 });
  expect(finding.text).toBe(
    "they may be among the 4 that the queue of enp0s3 (tbf) dropped meanwhile, 1 of them others",
  );
  expect(finding.hint).toBe(
    "tc -s qdisc show dev enp0s3 shows whether it drops on, how long it may be and how fast it sends",
  );
  expect(others).toEqual([]);
});

it("says of one that dropped fewer no more than that", () => {
  const [finding, ...others] = found(three, between([tbf(2)], [tbf(4)]));
  expect(finding.code).toBe("drop-unexplained");
  expect(finding.text).toContain("; the queue of enp0s3 (tbf) dropped 2, and not more than some of them");
  expect(others).toEqual([]);
});

it.each([
  ["did not move", [tbf(3)], [tbf(3)], "drop-unexplained 3"],
  ["is gone", [tbf(0)], [], "drop-unexplained 3"],
  ["is not known from before", undefined, [tbf(3)], "drop-unexplained 3"],
  ["is another interface's", [], [{ ...tbf(3), dev: "wg0" }], "drop-unexplained 3"],
  ["is that by which they came", [], [{ ...tbf(3), dev: "docker0" }], "drop-unexplained 3"],
  ["came meanwhile", [], [tbf(3)], "drop-queue 3 qdisc drops"],
  ["was made anew meanwhile", [{ ...tbf(9), handle: "8000:" }], [tbf(3)], "drop-queue 3 qdisc drops"],
  ["has filters for what leaves", [clsact("enp0s3", 0)], [clsact("enp0s3", 3)], "drop-queue 3 qdisc drops"],
  ["has filters for what comes", [clsact("docker0", 0)], [clsact("docker0", 3)], "drop-queue 3 qdisc drops"],
] as const)("goes by a queue that %s", (_, before, after, line) => {
  expect(told(found(three, between(before, after)))).toEqual([line]);
});

it("is about packets that come in by the outside alone where they leave by its interface", () => {
  const answers = [dropped(3, { ...QUERY, src: QUERY.dst, dst: "172.17.0.3" }, { side: OUTSIDE })];
  expect(told(found(answers, between([tbf(0)], [tbf(3)])))).toEqual(["drop-unexplained 3"]);
});
