import { Timeline } from "../../src/packets/timeline.js";

type Read = (this: Timeline, row: number) => number;
/** What tells where a row's record, and what becomes of it, are: all reading goes by these. */
const READS = new Map<string, Read>(
  ["recordOf", "fateOf"].map((name) => [name, Reflect.get(Timeline.prototype, name)]),
);

/**
 * What reads a packet that was put away, in whatever runs until `end`: the stack of each. Of such a packet, nothing but its side and its twin is known: where
 * its record was, another packet's may be.
 */
export class PutAway {
  readonly readers = new Set<string>();

  begin(): void {
    const { readers } = this;
    for (const [name, read] of READS)
      Reflect.set(Timeline.prototype, name, function (this: Timeline, row: number): number {
        if (!this.isKnown(row)) readers.add(new Error("put away").stack?.split("\n").slice(2, 6).join("\n") ?? "");
        return read.call(this, row);
      });
  }

  end(): void {
    for (const [name, read] of READS) Reflect.set(Timeline.prototype, name, read);
  }
}
