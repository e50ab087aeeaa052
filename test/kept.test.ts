/** What the build keeps of AssemblyScript is what it would make of the same files again. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kept } from "../scripts/kept.mjs";

let folder: string;
let makings: number;
const at = (name: string): string => join(folder, name);
const FOUND = ["a.ts", "b.ts"];

/** As a compiler does: reads a file, looks for another one in two places, and makes something of both. */
async function build(name = "x") {
  const make = async (read: (path: string) => Promise<string | null>): Promise<Uint8Array> => {
    makings++;
    const text = `${await read(at("a.ts"))} ${(await read(at("near/b.ts"))) ?? (await read(at("b.ts")))}`;
    return Buffer.from(text);
  };
  const { bytes, sources } = await kept(name, make, at("kept"));
  return { text: Buffer.from(bytes).toString(), sources };
}

beforeEach(() => {
  makings = 0;
  folder = mkdtempSync(join(tmpdir(), "natcorr-kept-"));
  mkdirSync(at("near"));
  writeFileSync(at("a.ts"), "one");
  writeFileSync(at("b.ts"), "two");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("what was made of some files", () => {
  it("is kept, with the files that it took, whenever they were written", async () => {
    const first = await build();
    expect(first).toEqual({ text: "one two", sources: FOUND.map(at) });
    utimesSync(at("a.ts"), 1, 1);
    writeFileSync(at("b.ts"), "two");
    expect(await build()).toEqual(first);
    expect(makings).toBe(1);
  });

  it.each<[string, () => void, string]>([
    ["one of them has changed", () => writeFileSync(at("a.ts"), "1"), "1 two"],
    ["one is gone", () => rmSync(at("b.ts")), "one null"],
    ["one is there that was looked for in vain", () => writeFileSync(at("near/b.ts"), "new"), "one new"],
  ])("is made again once %s, and kept as well", async (_, change, text) => {
    await build();
    change();
    expect((await build()).text).toBe(text);
    expect((await build()).text).toBe(text);
    expect(makings).toBe(2);
  });

  it("is made again where what is kept cannot be read", async () => {
    await build();
    const [file] = readdirSync(at("kept"));
    writeFileSync(join(at("kept"), file), '{"read":{');
    expect((await build()).text).toBe("one two");
    expect(makings).toBe(2);
  });

  it("is not what another name stands for", async () => {
    await build("x");
    await build("y");
    expect(makings).toBe(2);
  });
});
