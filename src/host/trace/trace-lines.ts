import type { Arrival, Stop } from "../../packets/results/traces.js";

/** What a line of a trace says of the packet that has this id. */
export interface TraceLine {
  /** The kernel's number of the packet: another one may get it later. */
  readonly id: string;
  /** The packet, as the chain gets it that the line is about. */
  readonly arrival?: Arrival;
  /** The rule that stopped it, where one did. */
  readonly stop?: Stop;
}

/** Whether a line is empty, or what a tool says of itself. */
export function isTraceChatter(line: string): boolean {
  return /^\s*$/.test(line);
}
