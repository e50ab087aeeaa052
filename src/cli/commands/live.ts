import { dropPrivileges, type LiveSource, openInterface, openWithCap } from "../../capture/live/open.js";
import { addressesNamed } from "../../host/addresses-named.js";
import type { KnownHost } from "../../host/snapshot/known-host.js";
import { printableJson } from "../../packets/printable.js";
import { INSIDE, OUTSIDE, type Side, type SideNames, SIDES } from "../../packets/sides.js";
import type { AnnotatedLive } from "../../pipeline/writing/annotated-live.js";
import { DockerEngine } from "../../asking/docker-api.js";
import { followHost } from "../../asking/follow-host.js";
import type { HostFollower } from "../../asking/host-follower.js";
import type { TracePoint } from "../../asking/trace-match.js";
import { DnsAnswers } from "../../packets/results/dns-answers.js";
import type { Host } from "../host.js";
import { isFollowed } from "../options/host-options.js";
import { LiveCapture } from "../../pipeline/live-capture.js";
import type { LiveCommandOptions } from "../options/live-options.js";
import { pairAll } from "./live-run.js";
import { Messages } from "../messages.js";
import { LIVE } from "../../asking/whom.js";
import { filterFor } from "./filter-for.js";
import { Recording } from "../../pipeline/writing/recording.js";
import type { Keeper } from "../results/explained.js";
import { resultsOf } from "../results/results.js";
import { widthOf } from "../width.js";

/** An engine that hangs leaves time for the rest of what the host says. */
const ANSWER_MS = 3000;

/**
 * `natcorr live`: pairs the packets of both sides' interfaces as they pass. Ends when the host wants an end, after `--duration` or
 * `--count`, or when the last interface of a side goes; then with all that was captured.
 *
 * @param given the interfaces of both sides; undefined for those of Docker and of the default routes.
 * @param filter a pcap filter that says which packets are shown; empty for all.
 * @param options what was said on the command line; `known`: the host, where it is not followed; `annotated`: who writes all frames with what became of them, if anybody.
 * @returns the exit code: 0, 1 where an interface went, the disk was full or what passed was used only in part, 3 where the run fails (see `Results`).
 * @throws CaptureError where an interface cannot be captured from, the file not be written, or a filter not be compiled.
 * @throws FilterError where libpcap does not take a filter.
 */
export async function pairLive(
  given: SideNames | undefined,
  filter: string,
  options: LiveCommandOptions & {
    readonly known?: KnownHost | undefined;
    readonly annotated?: AnnotatedLive;
  },
  host: Host,
): Promise<number> {
  const messages = new Messages(host.stderr, options.width ?? widthOf(host.stderr, host.env));
  const engine = new DockerEngine(options.docker, host.env["DOCKER_HOST"], ANSWER_MS);
  const names = given ?? (await chosen(engine, messages));
  const marks = await filterFor(filter, messages, host);
  // before there was anything to end
  if (marks === undefined && host.stop.aborted && filter !== "") return 0;
  const following = isFollowed(options)
    ? await followHost(options, engine, (options.write ?? options.annotated) !== undefined, host, messages)
    : undefined;
  const known = following?.known ?? options.known;
  const dns = new DnsAnswers();
  const gone = new Set<string>();
  // conntrack before the first packet, so that it has told of a translation by the time that is checked
  const results = await resultsOf(
    {
      ...options,
      known,
      dns,
      marks,
      isLive: true,
      isKept: following !== undefined && options.write !== undefined,
      gone,
      onUnwritten: (text) => messages.warn(text, true),
      notes: options.annotated?.notes,
      points: await tracePoints(names, filter, options, messages),
    },
    names,
    host,
  );
  const close = (): void => {
    results.close();
    following?.close();
    engine.close();
  };
  const capture = await begin(names, options, gone, messages).catch((error: unknown) => {
    close();
    throw error;
  });
  if (following !== undefined) keepNews(following, results.keepers, capture.live, messages);
  const stop = (): void => capture.live.stop();
  const timer = options.duration === undefined ? undefined : setTimeout(stop, options.duration);
  host.stop.addEventListener("abort", stop);
  // it is no word about the captures, and no place for a token to be kept
  if (results.page?.url !== undefined) messages.say(`natcorr: the page is at ${results.page.url}\n`);
  try {
    if (host.stop.aborted) stop();
    await pairAll(
      { ...capture, names, marks, dns, results, following, annotated: options.annotated },
      options,
      host,
      messages,
    );
    if (given === undefined) await sayNew(names, gone, engine, messages);
  } finally {
    close();
    clearTimeout(timer);
    messages.endProgress();
    await capture.live.close();
  }
  return results.exitCode(messages) || (messages.isPartial || capture.live.hasFailed ? 1 : 0);
}

/** Has the capture note what becomes known of the host meanwhile. */
function keepNews(following: HostFollower, keepers: readonly Keeper[], live: LiveCapture, messages: Messages): void {
  following.keepIn((news, addresses) => {
    const { containers } = following.known;
    const called = addresses.map((address) => [address, containers.namesOf(address)] as const);
    live.note(printableJson(news), addressesNamed(called));
  });
  for (const keeper of keepers) keeper.keepIn((change) => live.note(printableJson(change), []), messages);
}

/** The interfaces of this host that are captured from where nobody names any; says which, and why these. */
async function chosen(engine: DockerEngine, messages: Messages): Promise<SideNames> {
  const { ownInterfaces } = await import("../../asking/own-interfaces.js");
  const { names, how } = await ownInterfaces(engine);
  messages.warn(`no interfaces are named: takes ${how}`);
  return names;
}

/** Says which interfaces would be taken as well, if the run began now. */
async function sayNew(
  names: SideNames,
  gone: ReadonlySet<string>,
  engine: DockerEngine,
  messages: Messages,
): Promise<void> {
  const { takenByNow } = await import("../../asking/own-interfaces.js");
  const taken = names.flat().filter((name) => !gone.has(name));
  for (const name of await takenByNow(engine, taken))
    messages.warn(`${name} is not captured: it came up, or was told of, after the start`);
}

/** What the kernel is to trace, where it is to; says what nft cannot be asked for. */
async function tracePoints(
  names: SideNames,
  filter: string,
  options: LiveCommandOptions,
  messages: Messages,
): Promise<readonly TracePoint[] | undefined> {
  if (options.trace !== LIVE) return undefined;
  const { tracePoint } = await import("../../asking/trace-match.js");
  const isOfContainers = options.container !== undefined;
  const made = SIDES.flatMap((side) =>
    names[side].map((name) => tracePoint(name, [filter, captureFilter(side, options)], isOfContainers)),
  );
  for (const unsaid of new Set(made.flatMap((each) => each.unsaid)))
    messages.warn(`--trace live: nft cannot be asked for all of '${unsaid}': more is traced than that selects`);
  return made.map(({ point }) => point);
}

/** What the kernel is to keep of a side. */
function captureFilter(side: Side, { insideFilter, outsideFilter }: LiveCommandOptions): string {
  return (side === INSIDE ? insideFilter : outsideFilter) ?? "";
}

/** Opens all interfaces, those of the inside first, gives up what privileges are not needed any more, and begins the file. */
async function begin(
  names: SideNames,
  options: LiveCommandOptions & { readonly annotated?: AnnotatedLive },
  gone: Set<string>,
  messages: Messages,
): Promise<{ sources: readonly [readonly LiveSource[], readonly LiveSource[]]; live: LiveCapture }> {
  const open = options.engine === "cap" ? openWithCap : openInterface;
  const filters = SIDES.flatMap((side) => names[side].map(() => captureFilter(side, options)));
  const sources: LiveSource[] = [];
  for (const [at, name] of names.flat().entries()) {
    const source = await open(name, {
      snaplen: options.snaplen,
      bufferBytes: options.bufferSize * 1024,
      isPromiscuous: options.promiscuous,
      filter: filters[at],
      onWarning: (text) => messages.warn(text),
    });
    sources.push(source);
  }
  if (options.relinquishPrivileges !== undefined) dropPrivileges(options.relinquishPrivileges);
  if (options.clockOffset.kind === "given" && options.clockOffset.offsetNs !== 0n)
    messages.warn("--clock-offset is wrong: one clock stamps all interfaces");
  messages.warn(`capturing on ${names[INSIDE].join(", ")} (inside) and ${names[OUTSIDE].join(", ")} (outside)`);
  const insides = names[INSIDE].length;
  const bySide = [sources.slice(0, insides), sources.slice(insides)] as const;
  options.annotated?.begin(bySide);
  const recording = options.write === undefined ? options.annotated : new Recording(options.write, sources, filters);
  return { sources: bySide, live: new LiveCapture(bySide, recording, gone, (text) => messages.warn(text)) };
}
