import { checkAccounting } from "./truth/accounting.js";
import { checkFlows } from "./truth/flows.js";
import { findMissed } from "./truth/missed.js";
import { checkPairs } from "./truth/pairs.js";
import { readRecording } from "./truth/recording.js";
import { readReport } from "./truth/report.js";

/**
 * Judges what natcorr said of a recorded scenario by what the kernel said of it, with nothing of natcorr's own code.
 *
 * @param dir A folder that `lab record` wrote: inside.pcap, outside.pcap, conntrack.txt.
 * @param ndjson What `natcorr file --format ndjson --clock-offset none` printed for the two captures, pairs included.
 * @returns What is wrong, a line each; empty where all agrees. Lines that begin with `missed:` are translations and frames that
 * conntrack and both captures have and natcorr has not: not wrong, but not found. Throws where a file cannot be read.
 */
export function checkFixture(dir: string, ndjson: string): string[] {
  const recording = readRecording(dir);
  const report = readReport(ndjson);
  return [
    ...checkAccounting(recording, report),
    ...checkPairs(recording, report),
    ...checkFlows(recording, report),
    ...findMissed(recording, report),
  ];
}
