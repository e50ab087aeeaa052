import { expect, it } from "vitest";
import { dropped, found, QUERY, snapshot, told } from "./drops.js";

const BOTH = [snapshot(100), snapshot(110)];

it("brings what was dropped together with what the host said of others to the same address", () => {
  const [gone, other] = ["10.0.2.99", "10.0.2.98"].map((dst) => dropped(3, { ...QUERY, dst }));
  const findings = found([gone, other], BOTH, { unreachable: new Set(["10.0.2.99"]) });
  expect(told(findings)).toEqual(["drop-unreachable 3", "drop-unexplained 3"]);
  expect(findings[0].text).toBe(
    "the host says of others to 10.0.2.99 that it is unreachable: it keeps few packets while its next hop does not answer",
  );
  expect(told(found([gone, other], BOTH))).toEqual(["drop-unexplained 6"]);
});
