/** How stamps of the outside capture come to the timeline. */
import { doubleOf, wordOf } from "../../../packets/memory/assembly/words.js";
import * as words from "../kernel-words.js";

/** `Clock`'s method, which is asked where there may be anything to correct. */
declare function correctionNs(timeNs: f64, frame: f64): f64;
/** An outside packet was taken: what is known of the clocks is that of its time. */
declare function taken(stampNs: f64, frame: f64): void;

/** An outside stamp, of this frame or of none (0), as nanoseconds on the timeline. */
export function outsideNs(ground: usize, stampNs: f64, frame: f64): f64 {
  const timeNs = stampNs + doubleOf(ground, words.SHIFT_NS);
  return wordOf(ground, words.IS_ESTIMATED) !== 0 && isFinite(timeNs) ? timeNs - correctionNs(timeNs, frame) : timeNs;
}

/** Has it known that an outside packet was taken, by its stamp and its frame. */
export function tellTaken(ground: usize, stampNs: f64, frame: f64): void {
  if (wordOf(ground, words.IS_ESTIMATED) !== 0) taken(stampNs, frame);
}
