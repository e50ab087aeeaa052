import type { Engine } from "../engines.js";
import type { FrameSource } from "../../packets/batches/frames.js";

export interface LiveOptions {
  /** Most bytes kept of a frame, 1 … 262,144; 0 is the most there is. */
  readonly snaplen: number;
  /** Size of the kernel's ring, bytes, up to 2^31 - 1. What does not fit while nobody reads is lost, and counted. */
  readonly bufferBytes: number;
  /** Whether frames for other hosts are wanted too. */
  readonly isPromiscuous: boolean;
  /** In the language of pcap-filter(7); empty lets every frame pass. */
  readonly filter: string;
  /** Told what a capture lacks; the text is complete. */
  onWarning(text: string): void;
}

/** Counters since the interface was opened. One that is left out is not known: which is not to say that it is 0. */
export interface LiveStatistics {
  /** Frames that passed the filter, those dropped later included (tcpdump's "received by filter"). */
  readonly received?: number;
  /** Frames that found the kernel's ring full. */
  readonly dropped?: number;
  /** Frames the interface itself lost since then, where its driver counts them. */
  readonly droppedByInterface?: number;
}

/** Frames from an interface, as they pass. A batch may be empty: `next` waits a moment at most. */
export interface LiveSource extends FrameSource {
  readonly isLive: true;
  readonly engine: Engine;
  /** Why it ends without being asked to; undefined as long as it does not. */
  readonly failure: string | undefined;
  /** Stays available after `close`. */
  statistics(): LiveStatistics;
  /** Ends capturing: frames stamped by now are still given, then `next` gives null. */
  stop(): void;
}
