import { expect, it } from "vitest";
import { outcomeOf } from "../../outcome.js";
import { merged } from "../../traffic.js";
import { known, query, sides } from "../sent.js";

it("what was called dropped before a capture shows that it misses packets may be one of those", async () => {
  const lost = query(1020, "who is it?", true);
  const { inside, outside } = sides([query(1000, "first"), lost]);
  // the server's segment at 10.1 s, which the outside missed
  const outsides = known.outside.filter(({ ns }) => ns !== 10_100e6);
  const { alone, updates, findings } = await outcomeOf(merged(known.inside, inside), merged(outsides, outside));
  expect(alone.map(({ verdict, reason }) => [verdict, reason])).toEqual([
    ["dropped", "no-twin"],
    ["unknown", "never-entered"],
  ]);
  expect(updates).toMatchObject([{ frame: alone[0].frame, verdict: "unknown", reason: "capture-misses" }]);
  expect(findings.map(({ code }) => code)).not.toContain("dropped");
});
