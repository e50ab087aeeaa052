import { isOfFrame, type LadderEvent, pairEvent } from "./events.js";
import type { Pair, SideName } from "./records.js";

/** How a pair's line begins, and what stands before the frames of each of its forms. */
const LINE = /^\{"type":"pair","flow":(\d+),/;
const FRAMES = '"frames":[';

interface OfFlow {
  /** Lines that nobody has asked for. */
  readonly lines: string[];
  /** What the others came to. */
  readonly events: LadderEvent[];
}

/** The pairs of a page, by their flows. There are 20,000 at the most, and a ladder shows those of one flow: what nobody looks at stays text. */
export class Pairs {
  readonly #ofFlows = new Map<number, OfFlow>();
  /** The flows that have a frame of that number, in whatever capture; and lines of which that does not know yet. */
  readonly #flowsOfFrame = new Map<number, number[]>();
  #unknown: string[] = [];
  #count = 0;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Takes a line of NDJSON where it is a pair's, and says whether it is. */
  take(line: string): boolean {
    const flow = flowIn(line);
    if (flow === undefined) return false;
    this.#count++;
    this.#unknown.push(line);
    const known = this.#ofFlows.get(flow);
    if (known === undefined) this.#ofFlows.set(flow, { lines: [line], events: [] });
    else known.lines.push(line);
    return true;
  }

  /** A flow's pairs. What happened stays the same object. `offsetNs`: the outside's clock minus the inside's. */
  eventsOf(flow: number, offsetNs: number): readonly LadderEvent[] {
    const known = this.#ofFlows.get(flow);
    if (known === undefined) return [];
    for (const line of known.lines.splice(0)) {
      const record: Pair = JSON.parse(line);
      known.events.push(pairEvent(record, offsetNs));
    }
    return known.events;
  }

  /** The pair that a frame is of; undefined where that is not in. */
  withFrame(side: SideName, frame: number, capture: number, offsetNs: number): LadderEvent | undefined {
    for (const line of this.#unknown.splice(0)) this.#note(line);
    for (const flow of this.#flowsOfFrame.get(frame) ?? []) {
      const found = this.eventsOf(flow, offsetNs).find((event) => isOfFrame(event, side, frame, capture));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #note(line: string): void {
    const flow = flowIn(line) ?? 0;
    for (let at = line.indexOf(FRAMES); at >= 0; at = line.indexOf(FRAMES, at + 1)) {
      const frames = line.slice(at + FRAMES.length, line.indexOf("]", at));
      for (const frame of frames.split(",").map(Number)) {
        const flows = this.#flowsOfFrame.get(frame);
        if (flows === undefined) this.#flowsOfFrame.set(frame, [flow]);
        else flows.push(flow);
      }
    }
  }
}

function flowIn(line: string): number | undefined {
  const flow = LINE.exec(line)?.[1];
  return flow === undefined ? undefined : Number(flow);
}
