/**
 * natcorr as a library: captures in, pairs out.
 *
 *     const [inside, outside] = await Promise.all([openCapture("docker0.pcap", { onWarning }), openCapture("enp0s3.pcap", { onWarning })]);
 *     const packets = await packetSources(inside, outside);
 *     const reporter = new NdjsonReporter((utf8) => process.stdout.write(utf8), { quiet: false, program: "0.1.0" });
 *     await correlate(...packets, { windowNs: 1e9, clock: { kind: "auto" }, maxPairs: Infinity }, reporter);
 *
 * In place of a reporter, any `Sink` receives the results themselves.
 */
export { CaptureError, openCapture, type OpenOptions } from "./capture/open.js";
export { type SideSelectors, splitCapture } from "./pipeline/split.js";
export { packetSources } from "./pipeline/packet-source.js";
export { type ClockOption, correlate, type CorrelateOptions } from "./correlate/correlate.js";
export type { Finding } from "./packets/results/findings.js";
export type { FindingCode } from "./packets/results/finding-codes.js";
export type { Flow, Nat } from "./packets/flows/flows.js";
export type { CaptureInterface, FrameBatch, FrameSource } from "./packets/batches/frames.js";
export type { HostRoutes } from "./packets/results/host-routes.js";
export type { HostRules, Ruling } from "./packets/results/host-rules.js";
export type { LatencySummary } from "./packets/flows/latency.js";
export type { PacketBatch } from "./packets/batches/packet-batch.js";
export type { PacketSource, Tally } from "./packets/batches/source.js";
export type { Tunnel } from "./packets/tunnels.js";
export { copyOf } from "./packets/results/results.js";
export type {
  Ends,
  FlowSummary,
  ImpactCounts,
  Judgement,
  Quoted,
  SideSummary,
  Sink,
  Summary,
  Tables,
  Update,
  VerdictCounts,
} from "./packets/results/results.js";
export type { Impact, Verdict } from "./packets/results/verdicts.js";
export type { Protocol } from "./protocols/ip-protocols.js";
export { NdjsonReporter, type NdjsonOptions } from "./report/ndjson/ndjson.js";
export type { Reporter, Write, WriteBytes } from "./report/reporter.js";
export { TextReporter, type TextOptions } from "./report/text/text.js";
