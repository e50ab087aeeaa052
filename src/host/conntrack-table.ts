import { type ConntrackLine, isChatter, parseConntrackLine } from "./conntrack.js";
import { reversed, tupleText } from "./tuples.js";

/** A translation as conntrack has it, from the first line about it to the last. */
export interface ConntrackEntry extends Readonly<Pick<ConntrackLine, "proto" | "original" | "reply" | "isZoned">> {
  /** `tupleText` of the two. */
  readonly originalText: string;
  readonly replyText: string;
  /** When conntrack told of its beginning and its end, epoch nanoseconds of the NAT's clock; undefined where it did not. */
  readonly bornNs: bigint | undefined;
  diedNs: bigint | undefined;
  isGone: boolean;
  /**
   * Whether conntrack told that it lived during the captures: more than its end, which is all that it tells of an entry that was idle for minutes, and more
   * than that it was there before them.
   */
  wasAlive: boolean;
}

/**
 * All that conntrack said, by tuple. It holds every translation it is told of until the end, some 800 bytes each: a
 * translation that natcorr has not found is known only then.
 */
export class ConntrackTable {
  /** Lines that could not be read, and the number of the first of them. */
  unread = 0;
  firstUnread = 0;
  readonly entries = new Set<ConntrackEntry>();
  /** When all of it was there, epoch nanoseconds, where it is a list of that moment: it tells of no other. */
  readonly listedNs: bigint | undefined;
  readonly #byTuple = new Map<string, ConntrackEntry[]>();
  #lines = 0;

  constructor(listedNs?: bigint) {
    this.listedNs = listedNs;
  }

  /** Takes one or more whole lines of conntrack's output. `isBefore`: they tell what there was before the first packet was captured. */
  read(text: string, isBefore = false): void {
    for (const line of text.replace(/\n$/, "").split("\n")) this.#readLine(line, isBefore);
  }

  /** The entries that have this tuple (by its `tupleText`) as what comes in, in their original direction or in the other. */
  having(tuple: string): readonly ConntrackEntry[] {
    return this.#byTuple.get(tuple) ?? [];
  }

  #readLine(line: string, isBefore: boolean): void {
    this.#lines++;
    const said = parseConntrackLine(line);
    if (said) this.#note(said, isBefore);
    else if (!isChatter(line) && this.unread++ === 0) this.firstUnread = this.#lines;
  }

  #note({ event, proto, original, reply, timeNs, isZoned }: ConntrackLine, isBefore: boolean): void {
    const originalText = tupleText(proto, original);
    const replyText = tupleText(proto, reply);
    const isGone = event === "destroy";
    const diedNs = isGone ? timeNs : undefined;
    const wasAlive = !isGone && !isBefore;
    const known = this.having(originalText).find((entry) => entry.replyText === replyText);
    if (known) {
      known.isGone = isGone;
      known.diedNs = diedNs;
      known.wasAlive ||= wasAlive;
      return;
    }
    const bornNs = event === "new" ? timeNs : undefined;
    const entry = { proto, original, reply, originalText, replyText, isZoned, bornNs, diedNs, isGone, wasAlive };
    this.entries.add(entry);
    this.#index(originalText, entry);
    if (replyText !== originalText) this.#index(replyText, entry);
  }

  #index(tuple: string, entry: ConntrackEntry): void {
    const known = this.#byTuple.get(tuple);
    if (known) known.push(entry);
    else this.#byTuple.set(tuple, [entry]);
  }
}

/** Whether conntrack rewrites anything of it. */
export function isTranslated({ proto, originalText, reply }: ConntrackEntry): boolean {
  return originalText !== tupleText(proto, reversed(reply));
}

/** `tcp 172.17.0.3.5 > 10.0.2.2.80 → tcp 10.0.2.15.5 > 10.0.2.2.80`: how its packets come in and leave. */
export function entryText({ proto, originalText, reply }: ConntrackEntry): string {
  return `${originalText} → ${tupleText(proto, reversed(reply))}`;
}
