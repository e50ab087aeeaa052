import type { Tally } from "../packets/packets.js";

/** Counts the frame as undecodable under `reason`, a constant text: each distinct one stays in the tally. Gives false. */
export function undecoded(tally: Tally, frame: number, reason: string): false {
  tally.undecoded(reason, frame);
  return false;
}
