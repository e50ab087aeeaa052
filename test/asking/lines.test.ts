import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { linesIn } from "../../src/asking/lines.js";
import { scratch } from "../support/scratch.js";

it("a file is read by its lines, and one that is not there is named", async () => {
  const path = scratch("lines.txt");
  writeFileSync(path, "one\n\ntwo");
  const lines: string[] = [];
  for await (const line of linesIn(path)) lines.push(line);
  expect(lines).toEqual(["one", "", "two"]);
  await expect(linesIn(scratch("none.txt")).next()).rejects.toThrow(/none\.txt: cannot be read: not found$/);
});
