import type { Recording } from "./recording.js";
import { pairedFrames, type Report, SIDES, type SideName, type SummaryLine } from "./report.js";

/** Every frame must be in exactly one record, or be none that natcorr looks at; and the summary must say the same. */
export function checkAccounting(recording: Recording, report: Report): string[] {
  const [summary, ...more] = report.summaries;
  if (!summary || more.length > 0) return [`${report.summaries.length} summaries`];
  const problems = SIDES.flatMap((side) => checkSide(side, recording, report, summary));
  if (summary.flowCount !== report.flows.length) {
    problems.push(`the summary counts ${summary.flowCount} flows, ${report.flows.length} are listed`);
  }
  return problems;
}

function checkSide(side: SideName, recording: Recording, report: Report, summary: SummaryLine): string[] {
  const frames = recording[side];
  const totals = summary.totals[side];
  const paired = pairedFrames(report, side);
  const ambiguous = report.ambiguous.flatMap((line) => line[side].frames);
  const unmatched = report.unmatched.filter((line) => line.side === side).map((line) => line.frame);
  const listed = [...paired, ...ambiguous, ...unmatched];
  const problems: string[] = [];
  const expect = (what: string, said: number, is: number) => {
    if (said !== is) problems.push(`${side}: the summary says ${said} ${what}, there are ${is}`);
  };
  expect("frames", totals.frames, frames.length);
  expect("paired", totals.paired, paired.length);
  expect("ambiguous", totals.ambiguous, ambiguous.length);
  expect("unmatched", totals.unmatched, unmatched.length);
  expect("not IP", totals.notIp, frames.filter(({ packet }) => !packet).length);
  const sum = totals.paired + totals.ambiguous + totals.unmatched + totals.notIp + totals.undecodable;
  if (sum !== totals.frames) problems.push(`${side}: the summary's parts make ${sum} of ${totals.frames} frames`);
  const times = new Map<number, number>();
  for (const frame of listed) times.set(frame, (times.get(frame) ?? 0) + 1);
  for (const [frame, count] of times) {
    if (count > 1) problems.push(`${side} frame ${frame} is in ${count} records`);
    if (!frames[frame - 1]?.packet)
      problems.push(`${side} frame ${frame} is listed, and is no IP packet of the capture`);
  }
  const unlisted = frames.filter(({ number, packet }) => packet && !times.has(number)).map(({ number }) => number);
  if (unlisted.length !== totals.undecodable) problems.push(`${side} frames ${unlisted.join(", ")} are in no record`);
  return problems;
}
