import { addressesNamed } from "../../host/addresses-named.js";
import type { KnownHost } from "../../host/snapshot/known-host.js";
import { Heap } from "../../packets/memory/heap.js";
import type { Summary } from "../../packets/results/results.js";
import { INSIDE } from "../../packets/sides.js";
import { type Captures, type OpenEvents, pathsOf } from "../../pipeline/captures.js";
import { decodeElsewhere } from "../../pipeline/decode-elsewhere.js";
import type { Decoding } from "../../pipeline/decoding.js";
import type { Annotated } from "../../pipeline/writing/annotated.js";
import { DnsAnswers } from "../../packets/results/dns-answers.js";
import type { ExplainOptions } from "../options/explain-options.js";
import { filterFor } from "./filter-for.js";
import type { Host } from "../host.js";
import type { HostOptions } from "../options/host-options.js";
import { askedAtAnotherTime, losses, lossesSoFar, wrongOffset } from "./losses.js";
import { Messages } from "../messages.js";
import { beginningOf, saying, untilStopped } from "./reading.js";
import { correlateOptions, type ReportOptions } from "../options/report-options.js";
import { selectsPackets, type SelectOptions } from "../options/select-options.js";
import { isWorthAThread } from "../../pipeline/thread.js";
import { untilAborted } from "../../asking/until.js";
import { widthOf } from "../width.js";

/** Bytes read of one file, and how many it has, where that is known. */
interface Reading {
  read: number;
  total: number | undefined;
}

/**
 * `natcorr file`: pairs the packets of two captures, or of two sides of one, and reports to the host's stdout. When the host
 * wants an end, it stops reading and reports what there is.
 *
 * @param filter a pcap filter that says which packets are shown; empty for all.
 * @returns the exit code: 0, 1 where a capture was used only in part, 3 where the run fails (see `Results`).
 * @throws CaptureError where a capture cannot be used, or a filter be compiled.
 * @throws FilterError where libpcap does not take the filter.
 */
export async function pairFiles(
  from: Captures,
  filter: string,
  options: ReportOptions &
    SelectOptions &
    ExplainOptions &
    HostOptions & { readonly known?: KnownHost | undefined; readonly write?: string },
  host: Host,
): Promise<number> {
  const messages = new Messages(host.stderr, options.width ?? widthOf(host.stderr, host.env));
  const marks = await filterFor(filter, messages, host);
  if (marks === undefined && host.stop.aborted) return 0;
  // a capture can wait for whoever reads what comes of it
  host.stdout.block();
  const readings = pathsOf(from).map((): Reading => ({ read: 0, total: undefined }));
  // a line of progress among lines of packets would help nobody
  if (options.quiet || !host.stdout.isTerminal) messages.showProgress(() => progressText(readings));
  let decoding: Decoding | undefined;
  const annotated = options.write === undefined ? undefined : await annotatedIn(options.write);
  const warnings = new CaptureWarnings(messages, Number.isFinite(correlateOptions(options).maxPairs));
  try {
    const dns = new DnsAnswers();
    const events: OpenEvents = {
      onAnswers: dns.hear,
      onWarning: (text, isDamage) => warnings.take(text, isDamage),
      onBytes: (capture, read, total) => Object.assign(readings[capture], { read, total }),
    };
    const heap = new Heap();
    // what their packets are for is loaded while the captures are opened: a thread takes as long to start
    const [opened, { pair }, { resultsOf }] = await Promise.all([
      open(from, events, heap, marks, host),
      import("./pair.js"),
      import("../results/results.js"),
    ]);
    decoding = opened;
    if (decoding === undefined) return 0;
    const { packets, interfaces } = decoding;
    const settings = {
      ...correlateOptions(options),
      heap,
      onSettled: () => messages.endProgress(),
      ...saying(messages),
    };
    const results = await resultsOf(
      {
        ...options,
        dns,
        marks,
        isLive: false,
        notes: annotated?.notes,
        onUnwritten: (text) => messages.warn(text, true),
      },
      interfaces,
      host,
    );
    const { summary, isEnough } = await pair(packets, settings, results, host.stdout, host.stop);
    if (!isEnough) warnings.sayHeld();
    for (const text of wrongOffset(options.clockOffset, summary.clock)) messages.warn(text);
    sayLosses(packets, summary, isEnough, messages);
    const times = options.known?.snapshots.map(({ timeNs }) => timeNs) ?? [];
    for (const text of askedAtAnotherTime(times, beginningOf(packets.flat()))) messages.warn(text);
    const isOfSome = isEnough || host.stop.aborted || selectsPackets({ ...options, isFiltered: marks !== undefined });
    await results.page?.finish(messages.said);
    await annotated?.write(from, !isOfSome, addressesNamed(options.known?.containers.addressNames() ?? []));
    return results.exitCode(messages) || (messages.isPartial ? 1 : 0);
  } finally {
    await decoding?.close();
    annotated?.close();
    messages.endProgress();
  }
}

/** Says what is wrong with captures; where more of them may be read than is used, only once all was: how much is chance. */
class CaptureWarnings {
  readonly #messages: Messages;
  readonly #mayEndBefore: boolean;
  readonly #held: (readonly [text: string, isDamage: boolean])[] = [];

  constructor(messages: Messages, mayEndBefore: boolean) {
    this.#messages = messages;
    this.#mayEndBefore = mayEndBefore;
  }

  take(text: string, isDamage = false): void {
    if (this.#mayEndBefore) this.#held.push([text, isDamage]);
    else this.#messages.warn(text, isDamage);
  }

  sayHeld(): void {
    for (const each of this.#held) this.#messages.warn(...each);
  }
}

/** Opens the captures, and decodes them on this thread, or on another one where that saves time; undefined where the host wants an end meanwhile. */
async function open(
  from: Captures,
  events: OpenEvents,
  heap: Heap,
  marks: Awaited<ReturnType<typeof filterFor>>,
  host: Host,
): Promise<Decoding | undefined> {
  const decode = isWorthAThread(pathsOf(from))
    ? decodeElsewhere
    : (await import("../../pipeline/decoding.js")).decodeHere;
  const opening = decode(from, events, (next) => untilStopped(next, host), heap, marks, host.thread);
  return untilAborted(opening, host.stop);
}

/** Most runs write no captures. */
async function annotatedIn(path: string): Promise<Annotated> {
  const { Annotated } = await import("../../pipeline/writing/annotated.js");
  return new Annotated(path);
}

/** Says what the captures left out. `isEnough`: more may have been read of them than was used. */
function sayLosses(packets: Decoding["packets"], summary: Summary, isEnough: boolean, messages: Messages): void {
  for (const [side, sources] of packets.entries()) {
    const { undecodable } = side === INSIDE ? summary.inside : summary.outside;
    messages.isPartial ||= undecodable > 0;
    const name = sources.map((source) => source.name).join(", ");
    for (const text of isEnough ? lossesSoFar(name, undecodable) : sources.flatMap(losses)) messages.warn(text);
  }
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
