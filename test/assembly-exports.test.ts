import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const SRC = join(import.meta.dirname, "../src");

const texts = new Map(
  readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => [join(SRC, name), readFileSync(join(SRC, name), "utf8")]),
);

/** The sources of modules that TypeScript loads. */
const modules = [...texts].flatMap(([path, text]) =>
  [...text.matchAll(/^import code from "(.+)\.wasm";$/gm)].map(([, name]) => join(dirname(path), `${name}.ts`)),
);

it("there are modules", () => expect(modules.length).toBeGreaterThan(9));

// knip takes the modules for entries, whose exports it does not look for
it.each(modules)("whatever is exported is called from outside: %s", (module) => {
  const exported = [...(texts.get(module) ?? "").matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
  const others = [...texts].filter(([path]) => path !== module).map(([, text]) => text);
  const isCalled = (name: string): boolean => others.some((text) => new RegExp(`\\b${name}\\b`).test(text));
  expect(exported.length).toBeGreaterThan(0);
  expect(exported.filter((name) => !isCalled(name))).toEqual([]);
});
