import type { ClockOption } from "../../correlate/correlate.js";
import type { FallBack, Leaps } from "../../correlate/intake/intake.js";
import type { Summary } from "../../packets/results/results.js";
import type { PacketSource } from "../../packets/batches/source.js";
import { latencyText } from "../../report/text/latency.js";

/** What a capture left out or could not show, one text a kind with its count; to be said once it has been read. */
export function losses({ name, tally, captureDropped }: PacketSource): string[] {
  const texts: string[] = [];
  if (captureDropped > 0) {
    texts.push(`${name}: ${frames(captureDropped)} lost while capturing, by the capture's own count`);
  }
  if (tally.cut > 0) {
    texts.push(`${name}: ${frames(tally.cut)} cut by the snaplen: pairs rest on what is left`);
  }
  for (const [reason, { count, firstFrame }] of tally.reasons) {
    texts.push(`${name}: ${frames(count)} undecodable, the first is frame ${firstFrame}: ${reason}`);
  }
  return texts;
}

/** The same of a capture of which more was read than was used: only what that has tells. */
export function lossesSoFar(name: string, undecodable: number): string[] {
  return undecodable > 0 ? [`${name}: ${frames(undecodable)} undecodable, of those before the last pair`] : [];
}

/** What to say of a capture with frames whose stamps leap away from those around them. */
export function leapsText(name: string, { count, firstFrame, firstLeapNs }: Readonly<Leaps>): string {
  const seconds = `${+(Math.abs(firstLeapNs) / 1e9).toPrecision(3)} s`;
  const leap = `${seconds} ${firstLeapNs > 0 ? "ahead of" : "behind"} the frames around it`;
  if (count === 1) return `${name}: frame ${firstFrame} is stamped ${leap}; it is not paired`;
  return `${name}: ${frames(count)} are stamped out of time and not paired; the first, frame ${firstFrame}, is ${leap}; reordercap sorts captures`;
}

/** What to say of a capture whose stamps fall back, and stay there. */
export function fallBackText(name: string, { frame, backNs }: FallBack): string {
  const seconds = `${+(backNs / 1e9).toPrecision(3)} s`;
  return `${name}: from frame ${frame} on, stamps are ${seconds} earlier than before it: frames stand out of their order (reordercap sorts them), or the clock was set back`;
}

/** What to say of an offset that was given, and that packets contradict. */
export function wrongOffset(given: ClockOption, { source, offsetNs }: Summary["clock"]): string[] {
  if (given.kind !== "given" || source === "given") return [];
  const order = offsetNs < 0 ? "behind" : "ahead of";
  const found =
    source === "none" ? "the clocks are one" : `outside is ${latencyText(Math.abs(offsetNs))} ${order} inside`;
  return [`--clock-offset is wrong: packets show that ${found}, and natcorr goes by that`];
}

/** A snapshot may be so much older than the captures, nanoseconds: who takes one begins to capture then … */
const OLDER_NS = 60_000_000_000n;
/** … or so much younger than their beginning: they may take as long. */
const YOUNGER_NS = 86_400_000_000_000n;

/**
 * What to say where the host was asked at another time than packets were captured: containers may have had other addresses by then, and other ports. `times`: when it
 * was asked; `beginsNs`: when the first capture begins; epoch nanoseconds.
 */
export function askedAtAnotherTime(times: readonly bigint[], beginsNs: bigint | undefined): string[] {
  if (times.length === 0 || beginsNs === undefined) return [];
  const sorted = times.toSorted((one, other) => (one < other ? -1 : 1));
  const olderNs = beginsNs - sorted[sorted.length - 1];
  const youngerNs = sorted[0] - beginsNs;
  if (olderNs > OLDER_NS)
    return [
      `what is known of the host is ${ageText(olderNs)} older than the captures, and what changed since then is not known: take a snapshot behind them, too`,
    ];
  if (youngerNs > YOUNGER_NS)
    return [
      `what is known of the host is ${ageText(youngerNs)} younger than the captures, and what was otherwise before is not known: take a snapshot before them, too`,
    ];
  return [];
}

function ageText(ns: bigint): string {
  const minutes = Number(ns / 60_000_000_000n);
  const [count, unit] =
    minutes < 120 ? [minutes, "minute"] : minutes < 2880 ? [minutes / 60, "hour"] : [minutes / 1440, "day"];
  return `${Math.floor(count)} ${unit}${count < 2 ? "" : "s"}`;
}

function frames(count: number): string {
  return count === 1 ? "1 frame" : `${count} frames`;
}
