import { afterEach, expect, it } from "vitest";
import { KeptTools } from "../../src/asking/kept-tools.js";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Tools of which these are kept. */
function kept(...commands: readonly string[]): KeptTools {
  const tools = new KeptTools(commands);
  closing.push(() => tools.close());
  return tools;
}

it("asks the tools that it keeps, one after the other, by the process that it began", async () => {
  const tools = kept("printf %s one", "sh -c 'echo $PPID'", "seq 5");
  const [one, parent, lines, again] = await Promise.all([
    tools.printed("printf", "%s", "one"),
    tools.printed("sh", "-c", "'echo $PPID'"),
    tools.printedLines(2, "seq", "5"),
    tools.printed("sh", "-c", "'echo $PPID'"),
  ]);
  expect([one, lines]).toMatchObject(["one\n", { lines: ["1", "2"], more: 3 }]);
  expect(parent).toMatch(/^\d+\n$/);
  expect([again, Number(parent) === process.pid]).toEqual([parent, false]);
});

it("asks all others as natcorr does", async () => {
  expect(await kept().printed("sh", "-c", "echo $PPID")).toBe(`${process.pid}\n`);
});

it("says why one gives nothing, and asks on", async () => {
  const tools = kept("false", "natcorr-no-such-tool", "echo on");
  await expect(tools.printed("false")).rejects.toThrow("ended with 1");
  await expect(tools.printed("natcorr-no-such-tool")).rejects.toThrow("not found");
  expect(await tools.printed("echo", "on")).toBe("on\n");
});

it("asks nothing once it is over", async () => {
  const tools = kept("kill $$", "echo on");
  await expect(tools.printed("kill", "$$")).rejects.toThrow("has ended");
  await expect(tools.printed("echo", "on")).rejects.toThrow("has ended");
});
