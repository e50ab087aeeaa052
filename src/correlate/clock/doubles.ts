import { SIDES } from "../../packets/sides.js";
import { isBy, type Progress } from "../intake/disorder.js";
import { isUnrepeated, type Twin } from "./twins.js";

/**
 * Tells which twins prove something, where packets are marked as copies: as what a capture shows twice, which may be what was sent twice.
 *
 * A mirror shows a packet twice on its own side: the first one is the twin of the only one on the other side. A network that sends a packet twice has it on both
 * sides twice. A side that has it once missed one, and nothing tells which: the twin may be as wrong as the two are apart. The other twins tell which of these it
 * is.
 */
export class Doubles {
  #onBoth = 0;
  #onOne = 0;

  /** Whether packets come that were sent twice, and sides miss some of them: of a few twins, each side has another one of two, which nothing shows. */
  get mayDeceive(): boolean {
    return this.#areSent && this.#onOne > 0;
  }

  /** Those of the next twins that prove something, as far as both sides had come. */
  proving(twins: readonly Twin[], until: readonly [Progress, Progress]): Twin[] {
    const onOne = new Set(twins.filter((twin) => this.#isOnOne(twin, until)));
    const areSent = this.#areSent;
    return twins.filter((twin) => isUnrepeated(twin, until) && !(areSent && onOne.has(twin)));
  }

  get #areSent(): boolean {
    return this.#onBoth > this.#onOne;
  }

  /** Whether one packet of a twin came twice and the other one did not. */
  #isOnOne({ copiedAt, repeatedAt }: Twin, until: readonly [Progress, Progress]): boolean {
    const isCopied = SIDES.map((side) => isBy(copiedAt[side], until[side]));
    if (!isCopied.includes(true)) return false;
    const isOnBoth = SIDES.every((side) => isCopied[side] || isBy(repeatedAt[side], until[side]));
    if (isOnBoth) this.#onBoth++;
    else this.#onOne++;
    return !isOnBoth;
  }
}
