import type { FrameSource } from "../packets/batches/frames.js";
import { Heap } from "../packets/memory/heap.js";
import type { PacketSource } from "../packets/batches/source.js";
import { INSIDE, OUTSIDE, type SideNames } from "../packets/sides.js";
import type { Soon } from "../packets/batches/soon.js";
import type { Captures, OpenEvents, SideFrames } from "./captures.js";
import { openCaptures } from "./open-captures.js";
import { type FrameFilter, programsOf } from "./frame-filter.js";
import { type DecodedSource, listen, packetSources, type Read } from "./packet-source.js";

/** Asks a source for more when it is time to; null at its end, and where the reader has had enough. */
export type Pace = <T>(next: () => Soon<T | null>) => Soon<T | null>;

/** Captures being read and decoded. */
export interface Decoding<Source extends PacketSource = PacketSource> {
  readonly packets: readonly [inside: readonly Source[], outside: readonly Source[]];
  /** The interface of each capture of a side, where it is one and the capture names it, else ''. */
  readonly interfaces: SideNames;
  close(): Promise<void>;
}

/**
 * Opens captures and decodes them as they are asked for packets, on this thread and in this heap; packets are marked that `filter`
 * selects.
 *
 * @throws CaptureError where a capture cannot be used.
 */
export async function decodeHere(
  from: Captures,
  events: OpenEvents,
  pace: Pace,
  heap: Heap = new Heap(),
  filter?: FrameFilter,
): Promise<Decoding<DecodedSource>> {
  const sides = await openCaptures(from, events, heap);
  const programOf = programsOf(filter, (text) => events.onWarning(text));
  const read: Read = (frames, most) => pace(() => frames.next(most));
  return decoding(sides, await packetSources(...sides, read, heap, programOf), events);
}

/**
 * The same of two neighbouring points of a path, of which frames are read as `readOf` says. Between them there may be a bridge or a cable: the packets that both show
 * may be the same, at the same time.
 *
 * @throws CaptureError where a capture cannot be used.
 */
export async function decodeHop(
  from: Captures,
  events: OpenEvents,
  readOf: (sides: SideFrames) => Read,
  heap: Heap,
): Promise<Decoding<DecodedSource>> {
  const sides = await openCaptures(from, events, heap);
  return decoding(sides, await packetSources(...sides, readOf(sides), heap, undefined, false), events);
}

function decoding(
  sides: SideFrames,
  packets: Decoding<DecodedSource>["packets"],
  { onAnswers }: OpenEvents,
): Decoding<DecodedSource> {
  if (onAnswers !== undefined) listen(packets, onAnswers);
  return {
    packets,
    interfaces: [sides[INSIDE].map(interfaceOf), sides[OUTSIDE].map(interfaceOf)],
    close: async () => {
      await Promise.all(sides.flat().map((source) => source.close()));
    },
  };
}

/** The interface that a capture names, if it is of one, or that a part of a capture is of: a file's name is no interface's. */
function interfaceOf({ interfaces, isPart = false, name }: FrameSource): string {
  if (interfaces.length === 1) return interfaces[0].name;
  return isPart && interfaces.some((each) => each.name === name) ? name : "";
}
