import type { HostRoutes } from "../../src/packets/results/host-routes.js";
import type { ContainerMacs } from "../../src/packets/results/container-macs.js";
import type { HostRules } from "../../src/packets/results/host-rules.js";
import { deepStrictEqual } from "node:assert";
import { type ClockOption, correlate } from "../../src/correlate/correlate.js";
import {
  type Flow,
  type Nat,
  REWRITE_DST,
  REWRITE_DST_PORT,
  REWRITE_SRC,
  REWRITE_SRC_PORT,
} from "../../src/packets/flows/flows.js";
import { Coverage, type Silence } from "../../src/packets/batches/coverage.js";
import { Heap } from "../../src/packets/memory/heap.js";
import { BATCH_FRAMES, FrameBatch } from "../../src/packets/batches/frames.js";
import { batchIn, type PacketBatch } from "../../src/packets/batches/packet-batch.js";
import { type PacketSource, Tally } from "../../src/packets/batches/source.js";
import {
  copyOf,
  type FlowSummary,
  type Judgement,
  type Missing,
  type SideSummary,
  type Sink,
  type Summary,
  type Tables,
  type Update,
} from "../../src/packets/results/results.js";
import type { Impact, Verdict } from "../../src/packets/results/verdicts.js";
import { alteredNames, BY, EVIDENCE } from "../../src/packets/results/evidence.js";
import type { Reason } from "../../src/packets/results/reasons.js";
import type { Finding } from "../../src/packets/results/findings.js";
import { tunnelText } from "../../src/packets/tunnels.js";
import { SIDE_NAMES } from "../../src/packets/sides.js";
import { Decoder, NO_LIMITS, sendersIn } from "../../src/wire/decode.js";
import { concat, ethernet } from "../support/packets.js";

/** A packet as a capture has it. */
export interface Stamped {
  /** Nanoseconds since the capture's epoch. */
  readonly ns: number;
  /** An IP packet. */
  readonly packet: Uint8Array;
  /** How many of its bytes the capture kept, where not all. */
  readonly kept?: number | undefined;
  /** The MAC address that its frame is from, six bytes, where that matters. */
  readonly mac?: Uint8Array | undefined;
  /** … and that it goes to. */
  readonly macTo?: Uint8Array | undefined;
}

export function us(microseconds: number, packet: Uint8Array): Stamped {
  return { ns: microseconds * 1000, packet };
}

export function ms(milliseconds: number, packet: Uint8Array): Stamped {
  return { ns: milliseconds * 1_000_000, packet };
}

const EPOCH_NS = 1_700_000_000_000_000_000n;
const ETHERNET = { name: "", linkType: 1, snaplen: 0 };

/** How many frames a batch of a capture has: always as many, or so many in turn. */
export type Cut = number | readonly number[];

/** A capture in memory, decoded as the program does. */
export class Capture implements PacketSource {
  readonly name: string;
  readonly epochNs: bigint;
  readonly tally = new Tally();
  readonly captureDropped = 0;
  readonly hasCounters = false;
  readonly resolutionNs: number;
  readonly isUnfiltered: boolean;
  readonly #coverage = new Coverage(true);
  readonly #frames: readonly Stamped[];
  readonly #cut: readonly number[];
  readonly #batch = new FrameBatch();
  readonly #decoder: Decoder;
  readonly #senders: ReturnType<typeof sendersIn>;
  readonly #packets: PacketBatch;
  readonly #opensTunnels: boolean;
  #batches = 0;
  #next = 0;

  constructor(
    name: string,
    frames: readonly Stamped[],
    epochNs = EPOCH_NS,
    cut: Cut = BATCH_FRAMES,
    opensTunnels = false,
    resolutionNs = 1,
    isUnfiltered = true,
    heap = new Heap(),
  ) {
    this.#decoder = new Decoder(heap);
    this.#senders = sendersIn(heap);
    this.#packets = batchIn(heap);
    this.isUnfiltered = isUnfiltered;
    this.resolutionNs = resolutionNs;
    this.name = name;
    this.#opensTunnels = opensTunnels;
    this.epochNs = epochNs;
    this.#frames = frames;
    this.#cut = typeof cut === "number" ? [cut] : cut;
  }

  get firstNs(): number {
    return this.#coverage.firstNs;
  }

  get lastNs(): number {
    return this.#coverage.lastNs;
  }

  get silences(): Silence[] {
    return this.#coverage.silences;
  }

  next(): Promise<PacketBatch | null> {
    const batchFrames = this.#cut[this.#batches++ % this.#cut.length];
    const taken = this.#frames.slice(this.#next, this.#next + batchFrames);
    if (taken.length === 0) {
      this.#coverage.end();
      return Promise.resolve(null);
    }
    const batch = this.#batch;
    const frames = taken.map(({ packet, mac, macTo }) =>
      ethernet(packet, { ...(mac && { src: mac }), ...(macTo && { dst: macTo }) }),
    );
    const headers = ethernet(new Uint8Array(1)).length - 1;
    batch.data = concat(...frames);
    batch.count = taken.length;
    batch.number(this.#next + 1);
    let start = 0;
    for (const [row, { ns, packet, kept = packet.length }] of taken.entries()) {
      batch.frame[row] = this.#next + row + 1;
      batch.start[row] = start;
      batch.captured[row] = headers + Math.min(kept, packet.length);
      batch.original[row] = frames[row].length;
      batch.timeNs[row] = ns;
      start += frames[row].length;
    }
    this.#next += taken.length;
    this.#packets.clear();
    this.#decoder.decode(batch, [ETHERNET], NO_LIMITS, this.#packets, this.tally, this.#opensTunnels, this.#senders);
    this.#coverage.take(batch.timeNs, batch.count, this.#decoder.firstNs, this.#decoder.lastNs);
    return Promise.resolve(this.#packets);
  }
}

export interface Pair {
  readonly inside: number;
  readonly outside: number;
  /** All frames of each side, where a packet is cut differently on the two. */
  readonly frames: readonly [readonly number[], readonly number[]];
  readonly flow: number;
  readonly by: string;
  readonly evidence: readonly string[];
  /** Which fields changed, as "src dstPort". */
  readonly rewrite: string;
  /** What the router changed beyond those. */
  readonly altered: readonly string[];
  readonly direction: "outbound" | "inbound";
  readonly missing?: readonly Missing[];
  /** The tunnel that the outside packet came in, in words. */
  readonly tunnel?: string;
  /** Which side both are on, of a hairpin. */
  readonly side?: "inside" | "outside";
  readonly latencyNs: number;
  readonly isRetransmission?: true;
}

export interface Undecided {
  readonly inside: readonly number[];
  readonly outside: readonly number[];
  readonly why: string;
}

export interface Unmatched {
  readonly side: "inside" | "outside";
  readonly frame: number;
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly why: string;
  readonly impact?: Impact;
  readonly byFrame?: number;
}

/** What a sink wants to be told: all, all but the pairs and copies, or neither those nor packets without a twin. */
export type Wants = "all" | "no pairs" | "totals";

/** All that correlating came to, in the order it was told; frames by number. */
export class Outcome implements Sink {
  readonly pairs: Pair[] = [];
  readonly undecided: Undecided[] = [];
  readonly alone: Unmatched[] = [];
  readonly updates: Update[] = [];
  readonly flows: FlowSummary[] = [];
  readonly findings: Finding[] = [];
  /** All of these, one after the other. */
  readonly records: (Pair | Undecided | Unmatched | Update | FlowSummary | Finding)[] = [];
  /** Frames that were told of after one that passed later. */
  readonly belated: number[] = [];
  #toldNs = Number.NEGATIVE_INFINITY;
  summary!: Summary;
  readonly wantsPairs: boolean;
  readonly mostFlows = Number.POSITIVE_INFINITY;
  readonly #wantsUnmatched: boolean;
  #tables!: Tables;

  constructor(wants: Wants = "all") {
    this.wantsPairs = wants !== "no pairs" && wants !== "totals";
    this.#wantsUnmatched = wants !== "totals";
  }

  wantsVerdict(verdict: Verdict): boolean {
    return this.#wantsUnmatched && (this.wantsPairs || verdict !== "copy");
  }

  begin(tables: Tables): void {
    this.#tables = tables;
  }

  pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    const { timeline } = this.#tables;
    this.#isTold(inside);
    this.#told(this.pairs, {
      frames: [this.#frames(inside), this.#frames(outside)],
      inside: this.#frame(inside),
      outside: this.#frame(outside),
      flow: flow.id,
      by: BY[timeline.by(inside)],
      evidence: EVIDENCE.filter((_, bit) => (timeline.evidence(inside) & (1 << bit)) !== 0),
      rewrite: rewriteText(flow.rewrite(timeline.forward(inside))),
      altered: alteredNames(timeline.altered(inside)),
      ...this.#tunnel(outside),
      direction: isOutbound ? "outbound" : "inbound",
      ...missingOf(this.#tables, inside),
      ...(timeline.side(inside) === timeline.side(outside) && { side: SIDE_NAMES[timeline.sideOf(inside)] }),
      latencyNs,
      ...(timeline.isRetransmission(inside) && { isRetransmission: true as const }),
    });
  }

  ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    const t = this.#tables.timeline;
    this.#isTold([...inside, ...outside].reduce((a, b) => (t.timeNs(b) < t.timeNs(a) ? b : a)));
    this.#told(this.undecided, {
      inside: inside.map((row) => this.#frame(row)),
      outside: outside.map((row) => this.#frame(row)),
      why,
    });
  }

  unmatched(row: number, judgement: Judgement): void {
    const side = SIDE_NAMES[this.#tables.timeline.sideOf(row)];
    // what stands out of its time is told at once
    if (judgement.reason !== "stamp-leaps") this.#isTold(row);
    this.#told(this.alone, { side, frame: this.#frame(row), ...judgement });
  }

  update(update: Update): void {
    this.#told(this.updates, update);
  }

  flow(flow: FlowSummary): void {
    // a copy: latencies are looked up when they are asked for, and the flow's are gone by then
    this.#told(this.flows, copyOf(flow));
  }

  finding(finding: Finding): void {
    this.#told(this.findings, finding);
  }

  end(summary: Summary): void {
    this.summary = summary;
  }

  /** Pairs as [inside frame, outside frame], by inside frame. */
  get twins(): (readonly [number, number])[] {
    return this.pairs.map(({ inside, outside }) => [inside, outside] as const).sort((a, b) => a[0] - b[0]);
  }

  get nats(): Nat[] {
    return this.flows.map(({ nat }) => nat);
  }

  /** Verdicts of a side's unmatched frames, by frame. */
  verdicts(side: "inside" | "outside"): [number, Verdict][] {
    return this.alone
      .filter((one) => one.side === side)
      .map(({ frame, verdict }): [number, Verdict] => [frame, verdict])
      .sort((a, b) => a[0] - b[0]);
  }

  /** Notes it where a packet is told of that passed before one that was. */
  #isTold(row: number): void {
    const timeNs = this.#tables.timeline.timeNs(row);
    if (timeNs < this.#toldNs) this.belated.push(this.#frame(row));
    this.#toldNs = Math.max(this.#toldNs, timeNs);
  }

  #told<T extends Outcome["records"][number]>(kind: T[], record: T): void {
    kind.push(record);
    this.records.push(record);
  }

  #tunnel(row: number): { readonly tunnel?: string } {
    const tunnel = this.#tables.tunnelOf(row);
    return tunnel === undefined ? {} : { tunnel: tunnelText(tunnel) };
  }

  /** The frames that a packet of a pair stands for. */
  #frames(row: number): readonly number[] {
    return this.#tables.framesOf(row) ?? [this.#frame(row)];
  }

  #frame(row: number): number {
    return this.#tables.timeline.frame(row);
  }
}

function missingOf(tables: Tables, inside: number): Pick<Pair, "missing"> {
  const missing = tables.missingOf(inside);
  return missing === undefined ? {} : { missing };
}

function rewriteText(rewrite: number): string {
  const fields: [number, string][] = [
    [REWRITE_SRC, "src"],
    [REWRITE_SRC_PORT, "srcPort"],
    [REWRITE_DST, "dst"],
    [REWRITE_DST_PORT, "dstPort"],
  ];
  return fields
    .filter(([bit]) => (rewrite & bit) !== 0)
    .map(([, name]) => name)
    .join(" ");
}

export interface Options {
  readonly windowNs?: number;
  readonly patienceNs?: number;
  readonly clock?: ClockOption;
  readonly maxPairs?: number;
  /** Epoch of the outside capture's stamps, where it differs from the inside one's. */
  readonly outsideEpochNs?: bigint;
  /** In which unit both captures have their stamps, nanoseconds. */
  readonly resolutionNs?: number;
  /** Whether a filter may have made them, as far as natcorr knows of a file: it is told that nobody filtered those of tests. */
  readonly mayBeFiltered?: boolean;
  /** Frames a batch, per side. */
  readonly batches?: readonly [Cut, Cut];
  readonly signal?: { readonly aborted: boolean };
  /** What the host's rules say, afresh for each run. */
  readonly rules?: () => HostRules;
  /** How the host's routes lead. */
  readonly routes?: HostRoutes;
  /** Which MAC addresses are containers'. */
  readonly macs?: ContainerMacs;
  /** What is not told is counted. */
  readonly wants?: Wants;
}

/**
 * Correlates two captures in memory. A run that is not cut short must have put every frame in exactly one place, and must have
 * come to what it comes to where nobody wants to see the pairs.
 */
export async function outcomeOf(
  inside: readonly Stamped[],
  outside: readonly Stamped[],
  options: Options = {},
): Promise<Outcome> {
  const outcome = await correlated(inside, outside, options);
  if (options.signal !== undefined || options.maxPairs !== undefined) return outcome;
  if (options.patienceNs === undefined) deepStrictEqual(outcome.belated, [], "told out of the order of time");
  // the two differ in what is told of packets without a twin
  const isAllPaired = outcome.alone.length + outcome.updates.length === 0;
  for (const wants of isAllPaired ? (["totals"] as const) : (["no pairs", "totals"] as const)) {
    const quiet = await correlated(inside, outside, { ...options, wants });
    deepStrictEqual(told(quiet), told(outcome, wants), "what is told of the rest depends on what is wanted");
  }
  return outcome;
}

/** What is wanted of what an outcome tells, in its order, as text: bigints as numbers, and -0 is 0. */
export function told({ records, pairs, alone, updates, summary }: Outcome, wants: Wants = "all"): string[] {
  const copies = alone.filter(({ verdict }) => verdict === "copy");
  const left: ReadonlySet<object> = new Set(
    wants === "all" ? [] : wants === "totals" ? [...pairs, ...alone, ...updates] : [...pairs, ...copies],
  );
  return [...records.filter((record) => !left.has(record)), summary].map((record) => JSON.stringify(record, plain));
}

function plain(_: string, value: unknown): unknown {
  if (value instanceof Map) return [...value].sort(([a], [b]) => (a < b ? -1 : 1));
  return typeof value === "bigint" ? String(value) : value;
}

/** The same without another run to compare it with. */
export async function correlated(
  inside: readonly Stamped[],
  outside: readonly Stamped[],
  options: Options = {},
): Promise<Outcome> {
  const { windowNs = 1e9, clock = { kind: "auto" }, maxPairs = Number.POSITIVE_INFINITY, signal } = options;
  const outcome = new Outcome(options.wants);
  const { batches, resolutionNs, mayBeFiltered = false } = options;
  const heap = new Heap();
  const sources = [
    [new Capture("docker0", inside, EPOCH_NS, batches?.[0], false, resolutionNs, !mayBeFiltered, heap)],
    [new Capture("enp0s3", outside, options.outsideEpochNs, batches?.[1], true, resolutionNs, !mayBeFiltered, heap)],
  ] as const;
  const patience = options.patienceNs === undefined ? {} : { patienceNs: options.patienceNs };
  await correlate(
    ...sources,
    {
      windowNs,
      ...patience,
      clock,
      maxPairs,
      rules: options.rules?.(),
      routes: options.routes,
      macs: options.macs,
      heap,
    },
    outcome,
    signal,
  );
  if (signal === undefined && outcome.summary.inside.paired < maxPairs) {
    checkAccounts(outcome, "inside", inside.length);
    checkAccounts(outcome, "outside", outside.length);
  }
  return outcome;
}

function checkAccounts(outcome: Outcome, side: "inside" | "outside", frames: number): void {
  const paired = outcome.pairs.flatMap((pair) => {
    if (pair.side !== undefined) return pair.side === side ? pair.frames.flat() : [];
    return pair.frames[side === "inside" ? 0 : 1];
  });
  const ambiguous = outcome.undecided.flatMap((one) => one[side]);
  const unmatched = outcome.alone.filter((one) => one.side === side).map(({ frame }) => frame);
  const all = [...paired, ...ambiguous, ...unmatched].sort((a, b) => a - b);
  const told: SideSummary = outcome.summary[side];
  const verdicts = [...outcome.summary.verdicts[side === "inside" ? 0 : 1]];
  const untold = verdicts.reduce((sum, [verdict, count]) => sum + (outcome.wantsVerdict(verdict) ? 0 : count), 0);
  const counted = (outcome.wantsPairs ? 0 : told.paired) + untold;
  const isComplete =
    all.length + counted === frames &&
    new Set(all).size === all.length &&
    (counted > 0 || all.every((frame, at) => frame === at + 1));
  const isAsTold =
    told.frames === frames &&
    (told.paired === paired.length || !outcome.wantsPairs) &&
    told.ambiguous === ambiguous.length &&
    told.unmatched === unmatched.length + untold &&
    told.unmatched === verdicts.reduce((sum, [, count]) => sum + count, 0);
  if (!isComplete) throw new Error(`${side}: of ${frames} frames, these are in a record: ${all.join(" ")}`);
  if (!isAsTold) throw new Error(`${side}: the summary counts otherwise: ${JSON.stringify(told)}`);
}
