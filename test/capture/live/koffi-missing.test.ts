import Module from "node:module";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { natcorr } from "../../support/natcorr.js";

/** What `require` goes through; Node's types do not tell. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const loader = Module as unknown as Record<"_load", (request: string, ...rest: unknown[]) => unknown>;
const { _load: load } = loader;

const CAPTURES = ["inside", "outside"].map((side) =>
  join(import.meta.dirname, `../../../fixtures/article-ping/${side}.pcap`),
);

afterEach(() => vi.restoreAllMocks());

test("without libpcap, a filter says that it needs it, and nothing else needs it", async () => {
  vi.spyOn(loader, "_load").mockImplementation((request, ...rest) => {
    if (request === "koffi") throw new Error(`Cannot find module '${request}'`);
    return load(request, ...rest);
  });
  expect(await natcorr("file", "-q", ...CAPTURES)).toMatchObject({ code: 0 });
  await expect(natcorr("file", "-q", ...CAPTURES, "icmp")).rejects.toThrow(/^a filter needs libpcap: koffi/);
});
