import { epochNs } from "../capture/live/now.js";
import type { ConntrackEvent, ConntrackHeard } from "../host/conntrack-table.js";
import { changeAt, type ConntrackChange } from "../host/snapshot/snapshot.js";
import type { Warns } from "./warns.js";

/** So many characters of lines are kept: whoever reads them holds no more entries than they tell of (`ConntrackTable`). */
const MOST_CHARACTERS = 128_000_000;
/** Lines wait until they have so many characters together, or for so long. */
const MANY_CHARACTERS = 256 * 1024;
const FLUSH_EVERY_MS = 1000;

/** What is of no use to whoever reads a line, as is how far words are apart. */
const NEEDLESS = / (?:packets|bytes|use)=\d+/g;

/** Keeps what is heard of conntrack, in its order, as far as there is room. */
export class ConntrackKeeper {
  #lines: string[] = [];
  #characters = 0;
  #room: number;
  /** What waits for somebody to keep it. */
  #unkept: ConntrackChange[] = [];
  #keep: ((change: ConntrackChange) => void) | undefined;
  #onFull: () => void = () => {};
  readonly #timer: NodeJS.Timeout;

  constructor(most = MOST_CHARACTERS) {
    this.#room = most;
    this.#timer = setInterval(() => this.flush(), FLUSH_EVERY_MS).unref();
  }

  /** Has all kept: what was heard already, and what will be; says once, there and to the user, from when on it is not. */
  keepIn(keep: (change: ConntrackChange) => void, messages: Warns): void {
    this.#keep = keep;
    this.#onFull = () =>
      messages.warn(
        "the file keeps no more of what conntrack says: there is too much; of what began from now on, it does not tell what conntrack had",
      );
    for (const change of this.#unkept) keep(change);
    this.#unkept = [];
    if (this.#room < 0) this.#onFull();
  }

  take(heard: ConntrackHeard): void {
    if (this.#room < 0) return;
    if (typeof heard !== "string") return this.#put(heard.event, heard.timeNs);
    const line = heard.replaceAll(/\s+/g, " ").replaceAll(NEEDLESS, "");
    this.#room -= line.length;
    if (this.#room < 0) {
      this.#put("full", epochNs());
      this.#onFull();
      return;
    }
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters >= MANY_CHARACTERS) this.flush();
  }

  /** Hands on what waits for more. */
  flush(): void {
    if (this.#lines.length > 0) this.#put(undefined, epochNs());
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #put(event: ConntrackEvent | undefined, timeNs: bigint): void {
    const lines = this.#lines;
    this.#lines = [];
    this.#characters = 0;
    const conntrack = { lines, ...(event !== undefined && { event }) };
    const change = { ...changeAt(timeNs), conntrack };
    if (this.#keep === undefined) this.#unkept.push(change);
    else this.#keep(change);
  }
}
