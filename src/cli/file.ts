import { openCapture } from "../capture/open.js";
import { correlate } from "../correlate/correlate.js";
import type { FrameBatch, FrameSource } from "../packets/frames.js";
import type { PacketSource } from "../packets/packets.js";
import type { Host } from "./host.js";
import { losses } from "./losses.js";
import { Messages } from "./messages.js";
import { packetSources } from "./packet-source.js";
import { correlateOptions, makeReporter, type ReportOptions } from "./report-options.js";
import { untilAborted } from "./until.js";

/** A slow writer's packets are shown at least this often. */
const FLUSH_EVERY_MS = 200;

/** Bytes read of one file, and how many it has, where that is known. */
interface Reading {
  read: number;
  total: number | undefined;
}

/**
 * `natcorr file`: pairs the packets of two captures and reports to the host's stdout. When the host wants an end, it
 * stops reading and reports what there is.
 *
 * @throws CaptureError where a capture cannot be used.
 */
export async function pairFiles(paths: readonly [string, string], options: ReportOptions, host: Host): Promise<void> {
  const messages = new Messages(host.stderr);
  const readings: readonly [Reading, Reading] = [
    { read: 0, total: undefined },
    { read: 0, total: undefined },
  ];
  // a line of progress among lines of packets would help nobody
  if (options.quiet || !host.stdout.isTerminal) messages.showProgress(() => progressText(readings));
  try {
    const opened = Promise.all(paths.map((path, at) => open(path, readings[at], messages)));
    const captures = await untilAborted(opened, host.stop);
    if (captures === undefined) return;
    const [inside, outside] = captures;
    const packets = await packetSources(inside, outside, (frames) => paced(frames, host));
    await pair(packets, options, host);
    messages.endProgress();
    for (const source of packets) for (const text of losses(source)) messages.warn(text);
    await Promise.all([inside.close(), outside.close()]);
  } finally {
    messages.endProgress();
  }
}

async function pair(packets: readonly [PacketSource, PacketSource], options: ReportOptions, host: Host): Promise<void> {
  const reporter = makeReporter(options, host);
  const flushing = setInterval(() => reporter.flush(), FLUSH_EVERY_MS);
  try {
    await correlate(...packets, correlateOptions(options), reporter, host.stop);
  } finally {
    clearInterval(flushing);
    reporter.flush();
  }
  await host.stdout.drained();
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
  return total ? `${Math.min(100, Math.floor((100 * read) / total))} %, ${megabytes}` : megabytes;
}
