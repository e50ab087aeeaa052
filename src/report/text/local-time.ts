import { EpochStamps, nineDigits, sixDigits } from "../../packets/results/epoch.js";

/** Seconds that local time is ahead of UTC at an instant (epoch seconds). */
export type UtcOffset = (epochSeconds: number) => number;

/** Time zones change their offset on quarter hours only. */
const QUARTER_HOUR_S = 900;
const DAY_S = 86_400;

/** Local time of day of one capture's stamps, as tcpdump prints it: HH:MM:SS and six or nine decimals. */
export class LocalTimes {
  readonly #stamps: EpochStamps;
  readonly #utcOffset: UtcOffset;
  readonly #decimals: 6 | 9;
  #quarterHour = Number.NaN;
  #offset = 0;
  #second = Number.NaN;
  #prefix = "";

  constructor(epochNs: bigint, utcOffset: UtcOffset, decimals: 6 | 9) {
    this.#stamps = new EpochStamps(epochNs);
    this.#utcOffset = utcOffset;
    this.#decimals = decimals;
  }

  of(stampNs: number): string {
    this.#stamps.split(stampNs);
    const { seconds, ns } = this.#stamps;
    if (seconds !== this.#second) {
      this.#second = seconds;
      this.#prefix = this.#timeOfDay(seconds);
    }
    return this.#prefix + (this.#decimals === 9 ? nineDigits(ns) : sixDigits(Math.floor(ns / 1000)));
  }

  #timeOfDay(epochSeconds: number): string {
    const quarterHour = Math.floor(epochSeconds / QUARTER_HOUR_S);
    if (quarterHour !== this.#quarterHour) {
      this.#quarterHour = quarterHour;
      this.#offset = this.#utcOffset(epochSeconds);
    }
    const ofDay = (((epochSeconds + this.#offset) % DAY_S) + DAY_S) % DAY_S;
    const parts = [Math.floor(ofDay / 3600), Math.floor(ofDay / 60) % 60, ofDay % 60];
    return `${parts.map((part) => String(part).padStart(2, "0")).join(":")}.`;
  }
}
