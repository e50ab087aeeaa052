import { openCapture } from "../capture/open.js";
import { type SideSelectors, splitCapture } from "../capture/split.js";
import type { FrameBatch, FrameSource } from "../packets/frames.js";
import { CONTRADICTED, explained, type ExplainOptions } from "./explain-options.js";
import type { Host } from "./host.js";
import { losses } from "./losses.js";
import { Messages } from "./messages.js";
import { packetSources } from "./packet-source.js";
import { pair } from "./pair.js";
import { correlateOptions, makeReporter, type ReportOptions } from "./report-options.js";
import { untilAborted } from "./until.js";

/** Bytes read of one file, and how many it has, where that is known. */
interface Reading {
  read: number;
  total: number | undefined;
}

/** The captures of the inside and of the outside, or one with both. */
export type Captures =
  | readonly [inside: string, outside: string]
  | { readonly path: string; readonly sides: SideSelectors };

/**
 * `natcorr file`: pairs the packets of two captures, or of two sides of one, and reports to the host's stdout. When the host
 * wants an end, it stops reading and reports what there is.
 *
 * @returns the exit code: 0, or CONTRADICTED.
 * @throws CaptureError where a capture cannot be used.
 */
export async function pairFiles(from: Captures, options: ReportOptions & ExplainOptions, host: Host): Promise<number> {
  const messages = new Messages(host.stderr);
  const readings = Array.from("sides" in from ? "1" : "12", (): Reading => ({ read: 0, total: undefined }));
  // a line of progress among lines of packets would help nobody
  if (options.quiet || !host.stdout.isTerminal) messages.showProgress(() => progressText(readings));
  try {
    const opened =
      "sides" in from ? openBoth(from.path, from.sides, readings[0], messages) : openTwo(from, readings, messages);
    const captures = await untilAborted(opened, host.stop);
    if (captures === undefined) return 0;
    const [inside, outside] = captures;
    const packets = await packetSources(inside, outside, (frames) => paced(frames, host));
    const settings = { ...correlateOptions(options), onSettled: () => messages.endProgress() };
    // a file's name is no interface's
    const names = captures.map(({ interfaces }) => (interfaces.length === 1 ? interfaces[0].name : ""));
    const { reporter, contradictions } = await explained(makeReporter(options, host), options, [names[0], names[1]]);
    await pair(packets, settings, reporter, host.stdout, host.stop);
    for (const source of packets) for (const text of losses(source)) messages.warn(text);
    await Promise.all([inside.close(), outside.close()]);
    return contradictions() > 0 ? CONTRADICTED : 0;
  } finally {
    messages.endProgress();
  }
}

function openTwo(
  [inside, outside]: readonly [string, string],
  readings: readonly Reading[],
  messages: Messages,
): Promise<[FrameSource, FrameSource]> {
  return Promise.all([open(inside, readings[0], messages), open(outside, readings[1], messages)]);
}

async function openBoth(
  path: string,
  sides: SideSelectors,
  reading: Reading,
  messages: Messages,
): Promise<[FrameSource, FrameSource]> {
  return splitCapture(await open(path, reading, messages), sides, { onWarning: (text) => messages.warn(text) });
}

function open(path: string, reading: Reading, messages: Messages): Promise<FrameSource> {
  return openCapture(path, {
    onWarning: (text) => messages.warn(text),
    onBytes: (read, total) => {
      reading.read = read;
      reading.total = total;
    },
  });
}

/** Reads no faster than stdout takes what comes of it, and no further once the host wants an end. */
async function paced(frames: FrameSource, { stdout, stop }: Host): Promise<FrameBatch | null> {
  await stdout.drained();
  return (await untilAborted(frames.next(), stop)) ?? null;
}

function progressText(readings: readonly Reading[]): string {
  let read = 0;
  let total: number | undefined = 0;
  for (const reading of readings) {
    read += reading.read;
    total = total === undefined || reading.total === undefined ? undefined : total + reading.total;
  }
  const megabytes = `${(read / 1e6).toFixed(0)} MB read`;
  const share = total ? `${Math.min(100, Math.floor((100 * read) / total))} %, ` : "";
  return `natcorr: ${share}${megabytes}`;
}
