import { untilAborted } from "../../asking/until.js";
import type { CorrelateOptions } from "../../correlate/correlate.js";
import type { PacketSource } from "../../packets/batches/source.js";
import type { Host } from "../host.js";
import { type Messages, sayDoubt } from "../messages.js";
import { fallBackText, leapsText } from "./losses.js";

/** What has been found is shown at least this often, however little it is. */
export const FLUSH_EVERY_MS = 200;

/** Reads no further once the host wants an end. */
export async function untilStopped<T>(next: () => Promise<T | null> | T | null, { stop }: Host): Promise<T | null> {
  if (stop.aborted) return null;
  const given = next();
  return given instanceof Promise ? ((await untilAborted(given, stop)) ?? null) : given;
}

/** When the first of some captures begins, epoch nanoseconds; undefined where none has a frame. */
export function beginningOf(packets: readonly PacketSource[]): bigint | undefined {
  const begins = packets.flatMap(({ epochNs }) => (epochNs === 0n ? [] : [epochNs]));
  return begins.toSorted((one, other) => (one < other ? -1 : 1))[0];
}

/** Has it said what is wrong with stamps, and what makes pairs doubtful. */
export function saying(messages: Messages): Pick<CorrelateOptions, "onLeaps" | "onFallBack" | "onFinding"> {
  return {
    onLeaps: (name, leaps) => messages.warn(leapsText(name, leaps), true),
    onFallBack: (name, fallBack) => messages.warn(fallBackText(name, fallBack), true),
    onFinding: (finding) => sayDoubt(finding, messages),
  };
}
