import { expect, it, vi } from "vitest";
import { SummingUp } from "../../../src/cli/commands/summing-up.js";
import { NdjsonReporter } from "../../../src/report/ndjson/ndjson.js";
import { HandFilled, SUMMARY } from "../../report/tables.js";
import { flow } from "../../host/flow.js";

const FLOW = flow("icmp", "inside", "172.17.0.2 > 180.101.49.11 id 7", "10.0.2.15 > 180.101.49.11 id 7");

/** What is said of a run that ends, by steps on a clock that stands otherwise; and what it handed on. */
function said(...steps: readonly (number | "flow" | "ends" | "close")[]): { said: number; flows: number } {
  vi.useFakeTimers();
  try {
    let count = 0;
    const reporter = new NdjsonReporter(() => {}, { quiet: true, program: "0" });
    const flows = vi.spyOn(reporter, "flow");
    const sink = new SummingUp(reporter, () => count++);
    sink.begin(new HandFilled());
    for (const step of steps)
      if (step === "flow") sink.flow(FLOW);
      else if (step === "ends") sink.begins();
      else if (step === "close") sink.close();
      else vi.advanceTimersByTime(step);
    sink.end(SUMMARY);
    return { said: count, flows: flows.mock.calls.length };
  } finally {
    vi.useRealTimers();
  }
}

it("says once that a run is not done which has ended, where that takes a while, and hands all on", () => {
  expect(said(5000, "flow", "ends", "ends", 900, "flow", 200, "flow", 5000)).toEqual({ said: 1, flows: 3 });
});

it("says nothing where all is said in time", () => {
  expect(said("ends", 900, "flow", "close", 5000)).toEqual({ said: 0, flows: 1 });
});
