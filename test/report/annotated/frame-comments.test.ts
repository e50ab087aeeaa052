import { expect, it } from "vitest";
import { Comment } from "../../../src/capture/annotated/comment.js";
import type { FrameNote, FrameNotes } from "../../../src/packets/results/frame-notes.js";
import { NO_CONTAINERS } from "../../../src/packets/results/containers.js";
import { INSIDE, type Side } from "../../../src/packets/sides.js";
import { FrameComments } from "../../../src/report/annotated/frame-comments.js";
import { NdjsonReporter } from "../../../src/report/ndjson/ndjson.js";
import { HandFilled, UDP } from "../tables.js";

/** Notes of inside frames. */
class Kept implements FrameNotes {
  readonly #notes = new Map<number, FrameNote>();

  put(_: Side, frame: number, text: string, leadNs: number): void {
    this.#notes.set(frame, { text, leadNs });
  }

  get(_: Side, frame: number): FrameNote | undefined {
    return this.#notes.get(frame);
  }
}

/** What acts on a terminal, and what notes use for frames. */
const HOSTILE = "\u001B[2J\u0001 7\u0002\n\u202E";

it("nothing that acts stands in a comment, nor what looks like a frame there: names, rules and reasons come from elsewhere", () => {
  const tables = new HandFilled([`${HOSTILE}docker0`, "enp0s3"]);
  const row = tables.add({
    side: INSIDE,
    proto: UDP,
    src: "172.17.0.2",
    srcPort: 5000,
    dst: "203.0.113.5",
    dstPort: 53,
    frame: 3,
  });
  const notes = new Kept();
  const name = { name: `${HOSTILE}web`, words: new Set<string>(), ids: new Set<string>() };
  const comments = new FrameComments(new NdjsonReporter(() => {}, { quiet: true, program: "0" }), notes, {
    ...NO_CONTAINERS,
    having: () => name,
  });
  comments.begin(tables);
  comments.unmatched(row, {
    verdict: "dropped",
    reason: "rule",
    rule: `${HOSTILE}-j DROP`,
    impact: "resent",
    byFrame: 9,
    why: `${HOSTILE}never left`,
  });
  const named: number[] = [];
  const comment = new Comment((_, frame) => named.push(frame));
  const utf8 = Buffer.from(notes.get(INSIDE, 3)?.text ?? "");
  comment.spell(utf8, 0, utf8.length, INSIDE, 0, 0);
  const text = Buffer.from(comment.bytes.subarray(0, comment.length)).toString();
  expect(text.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)).toBeNull();
  expect(named).toEqual([9]);
  expect(text).toContain(String.raw`container \x1b[2J\x01 7\x02\x0a\u{202e}web`);
  expect(text).toContain(String.raw`rule \x1b[2J`);
});
