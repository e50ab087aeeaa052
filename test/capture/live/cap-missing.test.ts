import Module from "node:module";
import { afterEach, expect, test, vi } from "vitest";
import { openWithCap } from "../../../src/capture/live/open.js";

/** What `require` goes through; Node's types do not tell. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const loader = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown };

afterEach(() => vi.restoreAllMocks());

test("--engine cap without the cap package says how to get it", async () => {
  vi.spyOn(loader, "_load").mockImplementation((request) => {
    throw new Error(`Cannot find module '${request}'`);
  });
  const options = { snaplen: 64, bufferBytes: 8 << 20, isPromiscuous: true, filter: "", onWarning: () => {} };
  await expect(openWithCap("lo", options)).rejects.toThrow(
    /not installed or not compiled.*libpcap-dev.*npm rebuild cap/,
  );
});
