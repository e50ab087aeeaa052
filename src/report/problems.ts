import {
  type Impact,
  type Judgement,
  type Moved,
  PROBLEMS,
  type Summary,
  type Tables,
  type Update,
} from "../packets/results.js";
import { SIDE_NAMES } from "../packets/sides.js";
import { endsOf } from "./ends.js";
import { endsText } from "./ends-text.js";
import type { Paint } from "./paint.js";
import { printable } from "../packets/printable.js";
import { protocolName } from "../protocols/ip-protocols.js";

/** Most problems that are shown: what can be read. */
const MOST_PROBLEMS = 100;
/** Most packets that are remembered, which bounds their memory. */
const MOST_PACKETS = 10_000;
/** Most frames that are named of one problem. */
const MOST_FRAMES = 8;

/** What packets came to that never arrived, the worst first, and how that is called. */
const KINDS = {
  lost: "! LOST   ",
  unknown: "! dropped",
  refused: "  refused",
  resent: "  resent ",
  covered: "  covered",
} as const;
type Kind = Impact | "refused";

/** A packet that never arrived. */
interface Lost {
  readonly who: string;
  readonly flow: number | undefined;
  readonly where: string;
  readonly frame: number;
  judgement: Judgement;
}

/** The packets that never arrived: what comes first of a summary. */
export class Problems {
  readonly #tables: Tables;
  /** By side and frame. */
  readonly #packets = new Map<string, Lost>();
  #others = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** Takes a packet without a twin, whatever its verdict. */
  note(row: number, judgement: Judgement): void {
    if (!PROBLEMS.has(judgement.verdict)) return;
    const { timeline } = this.#tables;
    if (this.#packets.size === MOST_PACKETS) {
      this.#others++;
      return;
    }
    const where = SIDE_NAMES[timeline.side(row)];
    const who = `${protocolName(timeline.proto(row))} ${endsText(endsOf(this.#tables, row), 0, String)}`;
    const frame = timeline.frame(row);
    const flow = this.#tables.flowOf(row);
    this.#packets.set(`${where} ${frame}`, { who, flow, where, frame, judgement });
  }

  /** Takes what became known of one later. */
  update(update: Update): void {
    const key = `${SIDE_NAMES[update.side]} ${update.frame}`;
    const packet = this.#packets.get(key);
    if (packet === undefined) {
      if (PROBLEMS.has(update.before.verdict) && !PROBLEMS.has(update.verdict)) this.#others--;
    } else if (PROBLEMS.has(update.verdict)) packet.judgement = update;
    else this.#packets.delete(key);
  }

  /** Takes what became known of many, which are not told of one by one: what was said of those of their side is not shown any more. */
  moved({ side, before, count }: Moved): void {
    if (!PROBLEMS.has(before.verdict)) return;
    for (const [key, { where, judgement }] of this.#packets) {
      if (where !== SIDE_NAMES[side] || judgement.verdict !== before.verdict) continue;
      this.#packets.delete(key);
      this.#others++;
    }
    this.#others = Math.max(0, this.#others - count);
  }

  /** What it comes to; then one line each, the reason behind it where it fits in `width` columns, else below. */
  text(summary: Summary, width: number, paint: Paint): string {
    const told = sumUp(summary);
    if (told === "") return "No packet was seen to be dropped or refused.\n";
    const alike = new Map<string, Lost[]>();
    for (const packet of this.#packets.values()) {
      const key = groupOf(packet);
      const group = alike.get(key);
      if (group === undefined) alike.set(key, [packet]);
      else group.push(packet);
    }
    const kinds = Object.keys(KINDS);
    const groups = [...alike.values()].toSorted(
      ([a], [b]) => kinds.indexOf(kindOf(a.judgement)) - kinds.indexOf(kindOf(b.judgement)),
    );
    const lines = groups.slice(0, MOST_PROBLEMS).map((group) => lineOf(group, width, paint));
    const hidden = groups.slice(MOST_PROBLEMS).reduce((sum, { length }) => sum + length, this.#others);
    const more = hidden === 0 ? "" : `… and ${hidden} more packets (--only problem --format ndjson lists them all)\n`;
    return `${paint.heading(told)}\n${lines.join("")}${more}`;
  }
}

/** How many packets never arrived, and what that comes to; empty where there are none. */
function sumUp({ verdicts, impacts }: Summary): string {
  const impact = (name: Impact): number => impacts.reduce((sum, counts) => sum + (counts.get(name) ?? 0), 0);
  const refused = verdicts.reduce((sum, counts) => sum + (counts.get("refused") ?? 0), 0);
  const parts = [
    [impact("lost"), "lost (no later copy seen)"],
    [impact("unknown"), "dropped, and nothing tells whether it was sent again"],
    [impact("resent") + impact("covered"), "dropped and made up for"],
    [refused, "refused"],
  ] as const;
  const told = parts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  return told.length === 0 ? "" : `Packets that never arrived: ${told.join("; ")}`;
}

function kindOf({ verdict, impact = "unknown" }: Judgement): Kind {
  return verdict === "refused" ? "refused" : impact;
}

/** What the packets of one line have in common. */
function groupOf({ who, where, judgement }: Lost): string {
  const kind = kindOf(judgement);
  return `${kind} ${where} ${who} ${kind === "resent" || kind === "covered" ? "" : judgement.why}`;
}

function lineOf(group: readonly Lost[], width: number, paint: Paint): string {
  const [{ who, flow, where, judgement }] = group;
  const kind = kindOf(judgement);
  const again = [...new Set(group.flatMap(({ judgement: { byFrame } }) => (byFrame === undefined ? [] : [byFrame])))];
  const facts = `${who}${flow === undefined ? "" : `  flow ${flow}`}  ${where} ${named(group.map(({ frame }) => frame))}`;
  const reasons = {
    resent: `again ${named(again)}`,
    covered: "a later acknowledgement covers it",
    lost: judgement.why,
    unknown: judgement.why,
    refused: judgement.why,
  } as const;
  const reason = printable(reasons[kind]);
  const mark = KINDS[kind];
  const isShort = mark.length + facts.length + reason.length + 3 <= width;
  const painted = mark.startsWith("!") ? paint.bad(mark) : mark;
  return `${painted} ${facts}${isShort ? "  " : `\n${" ".repeat(mark.length + 1)}`}${reason}\n`;
}

/** The first of some frames, and how many more there are. */
function named(frames: readonly number[]): string {
  const more = frames.length - MOST_FRAMES;
  const first = frames.slice(0, MOST_FRAMES).map((frame) => `#${frame}`);
  return `${first.join(" ")}${more > 0 ? ` and ${more} more` : ""}`;
}
