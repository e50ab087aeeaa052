import type { LiveSource } from "../../capture/live/open.js";
import type { ClockOption } from "../../correlate/correlate.js";
import type { FallBack, Leaps } from "../../correlate/intake/intake.js";
import type { FrameBatch, FrameSource } from "../../packets/batches/frames.js";
import { Heap } from "../../packets/memory/heap.js";
import type { Finding } from "../../packets/results/findings.js";
import type { Look } from "../../packets/results/results.js";
import type { SideNames } from "../../packets/sides.js";
import { type FrameFilter, programsOf } from "../../pipeline/frame-filter.js";
import { listen, packetSources } from "../../pipeline/packet-source.js";
import { paint } from "../../report/text/paint.js";
import { totalsSoFar } from "../../report/text/standing.js";
import type { AnnotatedLive } from "../../pipeline/writing/annotated-live.js";
import type { HostFollower } from "../../asking/host-follower.js";
import type { DnsAnswers } from "../../packets/results/dns-answers.js";
import type { Host } from "../host.js";
import type { LiveCapture } from "../../pipeline/live-capture.js";
import type { LiveCommandOptions } from "../options/live-options.js";
import { fallBackText, leapsText, losses } from "./losses.js";
import { type Messages, sayDoubt } from "../messages.js";
import { pair } from "./pair.js";
import { correlateOptions } from "../options/report-options.js";
import type { Results } from "../results/results.js";
import { SummingUp } from "./summing-up.js";
import { untilAborted } from "../../asking/until.js";

/** A pair waits this long at the most for an earlier packet to be decided; then it is shown before it. */
const PATIENCE_NS = 200_000_000;
/** A reader that stands still, as a pager does, holds nothing up before so much text waits for it: 100,000 pairs and more. */
const BACKLOG_BYTES = 64 << 20;
const SUMMING_UP =
  "the capture has ended; sums up, by what the host says of each conversation: Ctrl-C again ends without totals";
/** Height assumed of a terminal that does not tell. */
const DEFAULT_ROWS = 24;

/** What a live run is of: its interfaces, what is captured of them, and who takes what becomes of that. */
export interface LiveRun {
  readonly names: SideNames;
  readonly sources: readonly [readonly LiveSource[], readonly LiveSource[]];
  readonly live: LiveCapture;
  readonly marks: FrameFilter | undefined;
  readonly dns: DnsAnswers;
  readonly results: Results;
  readonly following: HostFollower | undefined;
  readonly annotated: AnnotatedLive | undefined;
}

/** Pairs what passes until the run ends, and says what the captures lost. */
export async function pairAll(
  { names, sources, live, marks, dns, results, following, annotated }: LiveRun,
  options: LiveCommandOptions,
  host: Host,
  messages: Messages,
): Promise<void> {
  const summingUp = new SummingUp(results.sink, () => messages.warn(SUMMING_UP));
  const heap = new Heap();
  const read = async (frames: FrameSource): Promise<FrameBatch | null> => {
    const batch = await paced(frames, live, host);
    // one interface's end is not the run's
    if (batch === null && !live.isEnding) return null;
    if (batch === null) {
      summingUp.begins();
      await following?.end();
    }
    await results.onFrames(frames, batch);
    return batch;
  };
  try {
    const programOf = programsOf(marks, (text) => messages.warn(text));
    const packets = await packetSources(...sources, read, heap, programOf);
    listen(packets, dns.hear);
    const settings = {
      ...correlateOptions(options),
      heap,
      clock: clockOf(options),
      patienceNs: PATIENCE_NS,
      onLeaps: (name: string, leaps: Readonly<Leaps>) => messages.warn(leapsText(name, leaps), true),
      onFallBack: (name: string, fallBack: FallBack) => messages.warn(fallBackText(name, fallBack), true),
      onFinding: (finding: Finding) => sayDoubt(finding, messages),
      onBegin: (look: Look, decidedNs: () => bigint) => {
        results.page?.begin(results.looking(look), messages.said);
        annotated?.goBy(decidedNs);
        answer(look, results, names, options, host, messages);
      },
      onSettled: () => {
        messages.endProgress();
        results.flush();
        for (const keeper of results.keepers) keeper.keepLast?.();
        // not once all is printed: a reader may take its time
        live.finish();
        for (const text of live.counts()) messages.warn(text);
      },
    };
    await pair(packets, settings, { ...results, sink: summingUp }, host.stdout);
    for (const source of packets.flat()) {
      messages.isPartial ||= source.tally.undecodable > 0;
      for (const text of losses(source)) messages.warn(text);
    }
    await results.page?.finish(messages.said);
  } finally {
    summingUp.close();
  }
}

/** All interfaces are of one kernel and stamped by one clock, so that there is nothing to estimate. */
function clockOf({ clockOffset }: LiveCommandOptions): ClockOption {
  return clockOffset.kind === "given" ? clockOffset : { kind: "none" };
}

/** Shows problems, translations and totals in place, where there is a terminal and no packets are shown; and the totals whenever asked. */
function answer(
  look: Look,
  { standing }: Results,
  names: SideNames,
  options: LiveCommandOptions,
  { stdout, stderr, onQuestion }: Host,
  messages: Messages,
): void {
  onQuestion(() => messages.say(totalsSoFar(look(), names, paint(false))));
  if (options.quiet !== true || standing === undefined || !stdout.isTerminal) return;
  messages.showProgress(() =>
    standing(look, { rows: stderr.rows || DEFAULT_ROWS, columns: stdout.columns || Number.POSITIVE_INFINITY }),
  );
}

/** Reads no faster than stdout takes what comes of it in the end, unless an end is wanted. What the kernel then drops, it counts. */
async function paced(frames: FrameSource, live: LiveCapture, { stdout, stop }: Host): Promise<FrameBatch | null> {
  await untilAborted(stdout.drained(BACKLOG_BYTES), stop);
  return live.read(frames);
}
