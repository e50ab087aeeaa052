import { writeNineDigits } from "./digits.js";
import { EpochStamps } from "../../packets/results/epoch.js";
import { Part, writePart } from "./part.js";

const NS_PER_S = 1_000_000_000;

/** Epoch seconds with nine decimals of the stamps of one capture, behind a text that is always the same. */
export class EpochParts {
  readonly #stamps: EpochStamps;
  readonly #before: string;
  /** The second of the last stamp, with the text before it; and where it begins, nanoseconds from the capture's epoch. */
  #second = new Part("");
  #beginsNs = Number.NaN;

  /** `epochNs`: epoch nanoseconds that the capture's stamps count from. */
  constructor(epochNs: bigint, before: string) {
    this.#stamps = new EpochStamps(epochNs);
    this.#before = before;
  }

  /** Writes a stamp, nanoseconds from the epoch, and returns where it ends. */
  write(view: DataView, at: number, stampNs: number): number {
    let ns = stampNs - this.#beginsNs;
    // most stamps are in the second of the one before
    if (!(ns >= 0 && ns < NS_PER_S)) {
      this.#stamps.split(stampNs);
      ns = this.#stamps.ns;
      this.#beginsNs = stampNs - ns;
      this.#second = new Part(`${this.#before}${this.#stamps.seconds}.`);
    }
    return writeNineDigits(view, writePart(view, at, this.#second), ns);
  }
}
