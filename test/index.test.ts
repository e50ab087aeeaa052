import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import * as source from "../src/index.js";

const BUILT = "../dist/index.js";

describe("the library, as it was built", () => {
  const names = Object.keys(source).sort();

  it("can be imported", async () => {
    const { default: _, ...imported }: Record<string, unknown> = await import(BUILT);
    expect(names).toContain("correlate");
    expect(Object.keys(imported).sort()).toEqual(names);
  });

  it("can be required", () => {
    expect(Object.keys(createRequire(import.meta.url)(BUILT)).sort()).toEqual(names);
  });
});
