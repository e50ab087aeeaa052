import { Heap } from "../packets/memory/heap.js";
import type { PacketSource } from "../packets/batches/source.js";
import type { Soon } from "../packets/batches/soon.js";
import type { Captures, OpenEvents } from "./captures.js";
import { openCaptures } from "./open-captures.js";
import { type FrameFilter, programsOf } from "./frame-filter.js";
import { type DecodedSource, packetSources, type Read } from "./packet-source.js";

/** Asks a source for more when it is time to; null at its end, and where the reader has had enough. */
export type Pace = <T>(next: () => Soon<T | null>) => Soon<T | null>;

/** Captures being read and decoded. */
export interface Decoding<Source extends PacketSource = PacketSource> {
  readonly packets: readonly [Source, Source];
  /** The interface of each side, where it is one and the capture names it, else ''. */
  readonly interfaces: readonly [string, string];
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
  const [inside, outside] = await openCaptures(from, events, heap);
  const read: Read = (frames, most) => pace(() => frames.next(most));
  const programOf = programsOf(filter, (text) => events.onWarning(text));
  const packets = await packetSources(inside, outside, read, heap, programOf);
  // a file's name is no interface's
  const [insideName, outsideName] = [inside, outside].map(({ interfaces }) =>
    interfaces.length === 1 ? interfaces[0].name : "",
  );
  return {
    packets,
    interfaces: [insideName, outsideName],
    close: async () => {
      await Promise.all([inside.close(), outside.close()]);
    },
  };
}
