import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkFixture } from "../../scripts/lab/truth.js";
import { ethernet } from "../support/packets.js";
import { pcap } from "../support/pcap.js";

/** The second at which every scene begins. */
const START_S = 1_700_000_000;

/** A frame: microseconds after the start, and its IP packet; or a whole frame that is not IP. */
type Seen = readonly [atUs: number, packet: Uint8Array] | readonly [atUs: number, packet: Uint8Array, type: number];

/** A recording, and what natcorr is made to say of it. */
export interface Scene {
  readonly inside: readonly Seen[];
  readonly outside: readonly Seen[];
  /** Lines of `conntrack -E -o timestamp,id`, without their time stamps, and when they came. */
  readonly conntrack: readonly (readonly [atUs: number, event: string])[];
  readonly lines: readonly Line[];
}

/** A line of natcorr's output; loosely typed, since tests break it in every place. */
export type Line = Record<string, unknown>;

/** Epoch seconds with nine decimals, as natcorr prints times. */
export function time(atUs: number): string {
  return `${START_S}.${String(atUs).padStart(6, "0")}000`;
}

/** Writes the recording as the lab would, and returns what the checker finds wrong with the lines. */
export function judge(scene: Scene): string[] {
  const dir = mkdtempSync(join(tmpdir(), "natcorr-truth-"));
  try {
    for (const side of ["inside", "outside"] as const) writeFileSync(join(dir, `${side}.pcap`), capture(scene[side]));
    const events = scene.conntrack.map(([atUs, event]) => `[${time(atUs).slice(0, -3)}]\t${event}\n`);
    writeFileSync(join(dir, "conntrack.txt"), events.join(""));
    return checkFixture(dir, scene.lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function capture(seen: readonly Seen[]): Buffer {
  return pcap(
    seen.map(([atUs, packet, type]) => ({
      timeNs: BigInt(START_S) * 1_000_000_000n + BigInt(atUs) * 1000n,
      frame: ethernet(packet, type === undefined ? {} : { type }),
    })),
  );
}

type Counts = Partial<Record<"paired" | "unmatched" | "ambiguous" | "notIp" | "undecodable", number>>;

/** A summary whose parts add up; what is not given is 0. */
export function summary(inside: Counts, outside: Counts, flows: number): Line {
  const side = (of: Counts) => {
    const all = { paired: 0, unmatched: 0, ambiguous: 0, notIp: 0, undecodable: 0, ...of };
    return { frames: Object.values(all).reduce((sum, count) => sum + count, 0), ...all, captureDropped: 0 };
  };
  const clock = { offsetNs: 0, driftPpm: 0, uncertaintyNs: 0, source: "none", steps: [], moreSteps: 0 };
  return { type: "summary", totals: { inside: side(inside), outside: side(outside) }, flowCount: flows, clock };
}
