import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "./generate.js";
import { inTurn, measure, rawTwice } from "./measure.js";
import { MIXES } from "./mixes.js";
import type { Scenario } from "./scenarios.js";
import { table } from "./table.js";

/** What `npm run bench -- mixes` is asked for. */
export interface MixOptions {
  /** Frames inside; as many as a mix has, `scale` times, where undefined. */
  readonly packets: number | undefined;
  readonly scale: number;
  readonly runs: number;
  /** natcorr's entry, run by this node. */
  readonly natcorr: string;
  /** Which mixes; all where empty. */
  readonly names: readonly string[];
}

/**
 * Measures natcorr on one kind of traffic after the other, and prints a table of them as Markdown. Captures are made for that and deleted:
 * all of them would take 20 GB.
 *
 * @throws Error where natcorr or tcpdump fails.
 */
export async function measureMixes({ packets, scale, runs, natcorr, names }: MixOptions): Promise<void> {
  const rows: string[][] = [];
  const frameNs: number[] = [];
  for (const [name, mix] of MIXES) {
    if (names.length > 0 && !names.includes(name)) continue;
    process.stderr.write(`${name}\n`);
    const row = await measureMix({ ...mix, packets: packets ?? mix.packets * scale }, runs, natcorr);
    frameNs.push(row.frameNs);
    rows.push([name, mix.about, times(row.quiet), row.frameNs.toFixed(0), row.peakMiB.toFixed(0), times(row.ndjson)]);
  }
  const headings = ["mix", "", "-q to raw", "ns a frame", "peak MiB", "NDJSON to raw"];
  process.stdout.write(`\n### Mixes\n\n${table(headings, rows)}`);
  process.stdout.write(`\nSlowest against fastest, a frame: ${times(Math.max(...frameNs) / Math.min(...frameNs))}\n`);
}

interface Row {
  /** Wall time of `-q`, and of NDJSON to a file, against raw reading. */
  readonly quiet: number;
  readonly ndjson: number;
  readonly frameNs: number;
  readonly peakMiB: number;
}

async function measureMix(mix: Scenario, runs: number, natcorr: string): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), "natcorr-mix-"));
  try {
    const { inside, outside, truth } = generate(mix, folder, 1);
    const file = [process.execPath, natcorr, "file", inside, outside];
    const [raw, quiet, ndjson] = await inTurn(
      [
        () => rawTwice(inside, outside),
        () => measure([...file, "-q"]),
        () => measure([...file, "--format", "ndjson"], join(folder, "out.ndjson")),
      ],
      runs,
    );
    // the first place is no frame's
    const frames = truth.inside.kind.length + truth.outside.kind.length - 2;
    return {
      quiet: quiet.wallS / raw.wallS,
      ndjson: ndjson.wallS / raw.wallS,
      frameNs: (quiet.wallS * 1e9) / frames,
      peakMiB: quiet.peakMiB,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const times = (ratio: number): string => `${ratio.toFixed(2)} ×`;
