import { join } from "node:path";
import { expect, it } from "vitest";
import type { EndedFlow } from "../../../../src/correlate/verdicts/findings/seen/ended-flow.js";
import type { Context } from "../../../../src/correlate/verdicts/findings/finder.js";
import { SwappedSides } from "../../../../src/correlate/verdicts/findings/swapped-sides.js";
import { INSIDE, OUTSIDE, type Side } from "../../../../src/packets/sides.js";
import { natcorr } from "../../../support/natcorr.js";

const FIXTURES = join(import.meta.dirname, "../../../../fixtures");

/** What findings say where a fixture's captures are given in the wrong order; that none says so in the right one is what they expect. */
async function swapped(name: string): Promise<{ code: string; flows: number[] }[]> {
  const captures = ["outside.pcap", "inside.pcap"].map((file) => join(FIXTURES, name, file));
  const { stdout } = await natcorr("file", ...captures, "-q", "--format", "ndjson");
  const findings = stdout.split("\n").filter((line) => line.includes('"code":"swapped-sides"'));
  return findings.map((line) => JSON.parse(line));
}

it("swapped-sides is known by whom the NAT hides, and else by who calls a published port from a public address", async () => {
  expect(await swapped("ping")).toMatchObject([{ flows: [1] }]);
  expect(await swapped("published-port")).toMatchObject([{ flows: [4, 5] }]);
  expect(await swapped("dual-leg")).toMatchObject([{ flows: [7, 9] }]);
});

it("swapped-sides is known where nobody knows who spoke first, and by addresses of who is behind a translator between IP versions", async () => {
  expect(await swapped("heartbeats")).toMatchObject([{ count: 4 }]);
  expect(await swapped("nat64")).toMatchObject([{ count: 3 }]);
  expect(await swapped("siit")).toMatchObject([{ count: 3 }]);
});

it("swapped-sides is told across IP versions by whoever is known to have opened a flow", () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that it asks for
  const about = { hidden: { isEmpty: true }, cover: [{ isLive: false }, { isLive: false }] } as unknown as Context;
  const found = (...openers: ("inside" | "outside" | undefined)[]) => {
    const finder = new SwappedSides(about);
    for (const [id, opener] of openers.entries()) {
      const isOpenedOutside = opener === "outside";
      const flow = {
        id,
        sides: [INSIDE, OUTSIDE],
        firstFrames: [1, 1],
        isAcross: true,
        isFromInside: !isOpenedOutside,
      };
      const more = { isOpenerKnown: opener !== undefined, isBehindTranslator: (side: Side) => side === OUTSIDE };
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that is asked of it
      finder.flow({ ...flow, ...more } as unknown as EndedFlow);
    }
    return finder.close().length;
  };
  expect(found("outside", undefined)).toBe(1);
  expect(found("outside", "inside")).toBe(0);
  expect(found(undefined)).toBe(0);
});

it("swapped-sides is not said where a container may call a service just so", async () => {
  expect(await swapped("dnat-web")).toEqual([]);
  expect(await swapped("reply-untranslated")).toEqual([]);
});

it("swapped-sides is said once on stderr, too, whatever is shown", async () => {
  const captures = ["outside.pcap", "inside.pcap"].map((file) => join(FIXTURES, "ping", file));
  for (const options of [["-q"], ["--only", "dropped"], ["--format", "ndjson"]])
    expect((await natcorr("file", ...captures, ...options)).stderr.match(/seem to be swapped/g)).toHaveLength(1);
});
