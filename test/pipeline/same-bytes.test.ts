import * as fc from "fast-check";
import { expect, it } from "vitest";
import { losses } from "../../src/cli/losses.js";
import { type ClockOption, correlate } from "../../src/correlate/correlate.js";
import { Heap } from "../../src/packets/heap.js";
import { packetSources } from "../../src/pipeline/packet-source.js";
import { splitCapture } from "../../src/pipeline/split.js";
import { NdjsonReporter } from "../../src/report/ndjson.js";
import { TextReporter } from "../../src/report/text.js";
import { runs } from "../support/runs.js";
import { type Captured, captured, opened, type Pieces, pieces, SIDES } from "./captures.js";

interface Settings {
  readonly windowNs: number;
  readonly clock: ClockOption;
  readonly format: "text" | "ndjson";
  readonly quiet: boolean;
  readonly maxPairs: number;
}

const settings: fc.Arbitrary<Settings> = fc.record({
  windowNs: fc.constantFrom(1e9, 1e9, 2e8, 3e9),
  clock: fc.constantFrom<ClockOption>({ kind: "none" }, { kind: "auto" }, { kind: "given", offsetNs: 1_000_000n }),
  format: fc.constantFrom("ndjson", "ndjson", "text"),
  quiet: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  maxPairs: fc.oneof(
    { weight: 6, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
    { weight: Number(process.env['MP'] ?? 0), arbitrary: fc.integer({ min: 1, max: 60 }) },
  ),
});

/** All that is said of captures, read in these pieces, or from disk. */
async function told({ files }: Captured, of: Settings, cuts?: readonly [Pieces, Pieces]): Promise<string> {
  const heap = new Heap();
  const said: string[] = [];
  const warn = (text: string): void => void said.push(`${text}\n`);
  const sources = await Promise.all(
    files.map((bytes, at) => opened(`capture${at}`, bytes, heap, warn, cuts?.[at])),
  );
  const [inside, outside] =
    sources.length === 2 ? sources : await splitCapture(sources[0], SIDES, { onWarning: warn, heap });
  const packets = await packetSources(inside, outside, undefined, heap);
  const lines: Buffer[] = [];
  const { quiet, format, windowNs, clock, maxPairs } = of;
  const reporter =
    format === "ndjson"
      ? new NdjsonReporter(
          (utf8, onTaken) => {
            lines.push(Buffer.from(utf8));
            onTaken?.();
          },
          { program: "0", quiet },
        )
      : new TextReporter((text) => void lines.push(Buffer.from(text)), {
          quiet,
          width: 120,
          color: false,
          utcOffset: () => 0,
        });
  const onLeaps = (name: string, leaps: object): void => void said.push(`${name} ${JSON.stringify(leaps)}\n`);
  await correlate(...packets, { windowNs, clock, maxPairs, heap, onLeaps }, reporter);
  reporter.flush();
  for (const source of packets) said.push(...losses(source));
  return Buffer.concat(lines).toString() + said.join("");
}

it("says the same of any captures, whatever pieces they are read in", async () => {
  await fc.assert(
    fc.asyncProperty(captured, settings, pieces, pieces, async (captures, of, one, other) => {
      const expected = await told(captures, of);
      expect(await told(captures, of, [one, other])).toBe(expected);
    }),
    { numRuns: runs(40) },
  );
});
