import type { CorrelateOptions } from "../../correlate/correlate.js";
import { Heap } from "../../packets/memory/heap.js";
import type { PacketSource } from "../../packets/batches/source.js";
import { DnsAnswers } from "../../packets/results/dns-answers.js";
import type { Sink, Summary } from "../../packets/results/results.js";
import { INSIDE, OUTSIDE } from "../../packets/sides.js";
import type { CaptureFiles, OpenEvents } from "../../pipeline/captures.js";
import type { Decoding } from "../../pipeline/decoding.js";
import type { InStep } from "../../pipeline/in-step.js";
import { Failing } from "../../report/failing.js";
import { FailingResolvers } from "../../report/failing-resolvers.js";
import type { PathReporter } from "../../report/path/reporter.js";
import { Pointing } from "../../report/pointing.js";
import type { Host } from "../host.js";
import { Messages } from "../messages.js";
import { type PathOptions, pointNames } from "../options/path-options.js";
import { isColored } from "../options/report-options.js";
import { askedBy } from "../options/select-options.js";
import { utcOffset } from "../results/utc-offset.js";
import { widthOf } from "../width.js";
import { untilAborted } from "../../asking/until.js";
import { losses, wrongOffset } from "./losses.js";
import { beginningOf, FLUSH_EVERY_MS, saying, untilStopped } from "./reading.js";

/** Exit code where something was found that the run is to fail on. */
const FAILED = 3;

/** A pair of neighbouring points: what is read of them, and what that tells. */
interface Hop {
  readonly decoding: Decoding;
  readonly heap: Heap;
  readonly dns: DnsAnswers;
}

/**
 * `natcorr path`: pairs the packets of each two neighbouring points as `natcorr file` does, all at once, and reports to the host's stdout what became of each packet
 * along the path.
 *
 * @returns the exit code: 0, 1 where a capture was used only in part, 3 where something was found that the run is to fail on.
 * @throws CaptureError where a capture cannot be used.
 */
export async function followPath(
  points: readonly (readonly CaptureFiles[])[],
  options: PathOptions,
  host: Host,
): Promise<number> {
  const messages = new OnceMessages(host.stderr, options.width ?? widthOf(host.stderr, host.env));
  // captures can wait for whoever reads what comes of them
  host.stdout.block();
  const [{ InStep }, { PathReport }, { correlate }] = await Promise.all([
    import("../../pipeline/in-step.js"),
    import("../../report/path/path-report.js"),
    import("../../correlate/correlate.js"),
  ]);
  const inStep = new InStep(points.length - 1);
  const failing: Failing[] = [];
  let hops: readonly Hop[] = [];
  const stopped = { aborted: false };
  const stop = (): void => {
    stopped.aborted = true;
    for (const hop of hops.keys()) inStep.end(hop);
  };
  host.stop.addEventListener("abort", stop);
  try {
    const opened = await untilAborted(openHops(points, inStep, messages, host), host.stop);
    if (opened === undefined) return 0;
    hops = opened;
    const reporter = await reporterOf(options, hops, host);
    const names = pointNames(points, interfacesOf(hops));
    const report = new PathReport(reporter, {
      names,
      epochNs: beginningOf(hops.flatMap(({ decoding }) => decoding.packets.flat())) ?? 0n,
      windowNs: options.window,
    });
    const flushing = setInterval(() => reporter.flush(), FLUSH_EVERY_MS);
    const within = (next: Sink, { dns }: Hop): Sink => {
      if (options.failOn === undefined) return new FailingResolvers(new Pointing(next), dns.resolvers);
      const counting = new Failing(next, options.failOn, false);
      failing.push(counting);
      return new FailingResolvers(new Pointing(counting), dns.resolvers);
    };
    try {
      const summaries = await Promise.all(
        hops.map(async (hop, at) => {
          const sink = report.hopSink(at, (next) => within(next, hop));
          const settings = { ...hopOptions(options, at, messages), heap: hop.heap };
          const { summary } = await correlate(...hop.decoding.packets, settings, sink, stopped);
          inStep.end(at);
          report.endHop(at);
          return summary;
        }),
      );
      report.end(summaries);
      sayRest(hops, summaries, options, messages);
    } finally {
      clearInterval(flushing);
      reporter.flush();
    }
    await host.stdout.drained();
    const found = failing.map(({ text }) => text).filter((text) => text !== "");
    if (found.length > 0) messages.warn(`failed on ${found.join(", ")}`);
    return found.length > 0 ? FAILED : messages.isPartial ? 1 : 0;
  } finally {
    stop();
    host.stop.removeEventListener("abort", stop);
    await Promise.all(hops.map(({ decoding }) => decoding.close()));
  }
}

/** Says once what both hops of a point find wrong with its captures. */
class OnceMessages extends Messages {
  readonly #before = new Set<string>();

  override warn(text: string, isDamage = false): void {
    if (this.#before.has(text)) return;
    this.#before.add(text);
    super.warn(text, isDamage);
  }
}

async function openHops(
  points: readonly (readonly CaptureFiles[])[],
  inStep: InStep,
  messages: Messages,
  host: Host,
): Promise<Hop[]> {
  const { decodeHop } = await import("../../pipeline/decoding.js");
  const pace = <T>(next: () => Promise<T | null> | T | null): Promise<T | null> => untilStopped(next, host);
  const opening = points.slice(1).map(async (outside, hop): Promise<Hop> => {
    const heap = new Heap();
    const dns = new DnsAnswers();
    const events: OpenEvents = {
      onAnswers: dns.hear,
      onWarning: (text, isDamage) => messages.warn(text, isDamage),
      onBytes: () => {},
    };
    return { heap, dns, decoding: await decodeHop([points[hop], outside], events, inStep.readOf(hop, pace), heap) };
  });
  const opened = await Promise.allSettled(opening);
  const failed = opened.find((each) => each.status === "rejected");
  const hops = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  if (failed === undefined) return hops;
  await Promise.all(hops.map(({ decoding }) => decoding.close()));
  throw failed.reason;
}

function hopOptions(options: PathOptions, hop: number, messages: Messages): CorrelateOptions {
  const { clockOffset, window: windowNs } = options;
  return {
    windowNs,
    clock: clockOffset[hop] ?? clockOffset[0],
    maxPairs: Number.POSITIVE_INFINITY,
    ...saying(messages),
  };
}

async function reporterOf(options: PathOptions, hops: readonly Hop[], host: Host): Promise<PathReporter> {
  const { stdout, env, version } = host;
  const write = (text: string): void => stdout.write(text);
  const asked = askedBy(options, options.format === "text");
  const quiet = options.quiet === true;
  const answersOf = hops.map(({ dns }) => dns.answers);
  if (options.format === "ndjson") {
    const { PathNdjson } = await import("../../report/path/path-ndjson.js");
    return new PathNdjson(write, { quiet, program: version, asked, answersOf });
  }
  const { PathText } = await import("../../report/path/path-text.js");
  return new PathText(write, {
    quiet,
    asked,
    width: options.width ?? widthOf(stdout, env),
    color: isColored(options.color, stdout, env),
    answersOf,
    utcOffset,
  });
}

/** The interface of each point, where its captures name one; else ''. */
function interfacesOf(hops: readonly Hop[]): string[] {
  const [first] = hops;
  const sides = [first.decoding.interfaces[INSIDE], ...hops.map(({ decoding }) => decoding.interfaces[OUTSIDE])];
  return sides.map((names) => names.join("+"));
}

/** Says what captures left out, and where an offset that was given is wrong. */
function sayRest(
  hops: readonly Hop[],
  summaries: readonly Summary[],
  { clockOffset }: PathOptions,
  messages: Messages,
): void {
  for (const [at, { decoding }] of hops.entries()) {
    const { inside, outside, clock } = summaries[at];
    for (const text of wrongOffset(clockOffset[at] ?? clockOffset[0], clock)) messages.warn(text);
    messages.isPartial ||= inside.undecodable + outside.undecodable > 0;
    const sources: readonly PacketSource[] = decoding.packets.flat();
    for (const text of sources.flatMap(losses)) messages.warn(text);
  }
}
