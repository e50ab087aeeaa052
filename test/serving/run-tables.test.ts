import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { correlate } from "../../src/correlate/correlate.js";
import { PassingSink } from "../../src/packets/results/passing-sink.js";
import type { Tables } from "../../src/packets/results/results.js";
import { NdjsonReporter } from "../../src/report/ndjson/ndjson.js";
import { RunTables } from "../../src/serving/run-tables.js";
import { Capture } from "../correlate/outcome.js";
import { conversation } from "../correlate/traffic.js";
import { tableIn } from "../support/parquet.js";
import { scratch } from "../support/scratch.js";

/** Has something stand where the second part of a table is to be, once the tables have begun. */
class InTheWay extends PassingSink {
  override begin(tables: Tables): void {
    mkdirSync(join(RUN, "flows", "000001.parquet", "stands here"), { recursive: true });
    super.begin(tables);
  }
}

const RUN = scratch("refused");

it("says where the disk refuses a part, once, and ends the tables there, not the run", async () => {
  const said: string[] = [];
  let printed = "";
  const printing = new NdjsonReporter((utf8) => void (printed += Buffer.from(utf8).toString()), {
    quiet: false,
    program: "0",
  });
  const tables = new RunTables(RUN, (text) => said.push(text));
  const sink = tables.reportFor({ program: "0", isLive: false })(new InTheWay(printing));
  const { inside, outside } = conversation(100);
  const options = { windowNs: 1e9, clock: { kind: "none" }, maxPairs: Number.POSITIVE_INFINITY } as const;
  await correlate([new Capture("inside", inside)], [new Capture("outside", outside)], options, sink);
  tables.close();
  expect(said).toEqual([
    expect.stringMatching(/flows\/000001\.parquet: cannot be written: E[A-Z]+: .*; the tables end there$/),
  ]);
  expect(printed).toContain('{"type":"summary"');
  expect(readdirSync(join(RUN, "flows")).sort()).toEqual(["000000.parquet", "000001.parquet"]);
  expect(await tableIn(RUN, "pairs")).not.toEqual([]);
  expect(await tableIn(RUN, "summary")).toEqual([]);
});
