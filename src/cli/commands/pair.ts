import { correlate, type CorrelateOptions, type Ending } from "../../correlate/correlate.js";
import type { Decoding } from "../../pipeline/decoding.js";
import type { Output } from "../host.js";
import type { Results } from "../results/results.js";
import { FLUSH_EVERY_MS } from "./reading.js";

/** Pairs the packets of two sides and has it reported; ends once `stdout` has taken all. `signal` stops it early. */
export async function pair(
  packets: Decoding["packets"],
  options: CorrelateOptions,
  { sink, says, flush }: Results,
  stdout: Output,
  signal?: AbortSignal,
): Promise<Ending> {
  const flushing = setInterval(flush, FLUSH_EVERY_MS);
  let ending: Ending;
  try {
    ending = await correlate(...packets, { ...options, ...says }, sink, signal);
  } finally {
    clearInterval(flushing);
    flush();
  }
  await stdout.drained();
  return ending;
}
