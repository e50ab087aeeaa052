import { PROBLEMS, type Verdict } from "../../../../packets/results/verdicts.js";
import { s } from "../dom.js";
import { type Alone, type LadderEvent, placeOf } from "../model/events.js";
import type { Direction, Flow, Pair } from "../model/records.js";

/** Across: where a ladder's row has the container, the two capture points, and the other end. */
const WIDTH = 300;
const INNER = 70;
const OUTER = 230;
/** Where a packet ends that was captured at one point alone, behind that. */
const BEHIND = 46;
const HEIGHT = 30;
/** As much of a row's height is between the ends of an arrow: from nothing at 1 µs or less to all at 1 s. */
const FLATTEST = 3;
const STEEPEST = 22;
/** A segment that was cut is drawn as so many arrows at the most. */
const MOST_ARROWS = 5;

/** What was seen of a packet at both points, as a row of a ladder draws it. */
export function lanesOf(event: LadderEvent, flow: Flow | undefined): SVGElement {
  const marks = event.kind === "pair" ? pairMarks(event.record) : aloneMarks(event, flow);
  return s(
    "svg",
    { class: "lanes", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...[INNER, OUTER].map((x) => s("line", { class: "lane", x1: x, x2: x, y1: 0, y2: HEIGHT })),
    ...marks,
  );
}

function pairMarks({ direction, latencyNs, inside, outside, missing }: Pair): SVGElement[] {
  const fall =
    FLATTEST + (STEEPEST - FLATTEST) * Math.min(1, Math.max(0, (Math.log10(Math.max(1, latencyNs)) - 3) / 6));
  const [from, to] = direction === "outbound" ? [INNER, OUTER] : [OUTER, INNER];
  const [y1, y2] = [(HEIGHT - fall) / 2, (HEIGHT + fall) / 2];
  const [sent, came] = [inside, outside].map(({ frames }) => Math.min(MOST_ARROWS, frames.length));
  const [ofStart, ofEnd] = direction === "outbound" ? [sent, came] : [came, sent];
  const arrows = Array.from({ length: Math.max(ofStart, ofEnd) }, (_, at) =>
    arrow(direction, from, y1 + spread(at, ofStart), to, y2 + spread(at, ofEnd)),
  );
  const stubs = [stub(direction, "before", y1), stub(direction, "behind", y2)];
  return [...stubs, ...arrows, ...(missing === undefined ? [] : [cross(from + (to - from) / 2, HEIGHT / 2, "bad")])];
}

/** One of several frames lies beside the others. */
function spread(at: number, of: number): number {
  return of === 1 ? 0 : (Math.min(at, of - 1) - (of - 1) / 2) * 4;
}

function aloneMarks(event: Alone, flow: Flow | undefined): SVGElement[] {
  const { verdict } = event.judged;
  const { lane, direction } = placeOf(event, flow);
  const isInner = lane === "inside";
  const at = isInner ? INNER : OUTER;
  const y = HEIGHT / 2;
  const isLeaving = isInner === (direction === "outbound");
  const edge = isInner ? 0 : WIDTH;
  // towards the other point, or away from it
  const inner = at + (isInner ? BEHIND : -BEHIND);
  const className = classOf(verdict);
  const came = line(isLeaving ? edge : inner, y, at, y, isLeaving ? className : `${className} unseen`);
  const goes = line(at, y, isLeaving ? inner : edge, y, isLeaving ? `${className} unseen` : className);
  return [
    came,
    goes,
    endMark(verdict, inner, y),
    head(isLeaving ? at : edge, y, isLeaving ? at - edge : edge - at, className),
  ];
}

function endMark(verdict: Verdict, x: number, y: number): SVGElement {
  if (verdict === "dropped") return cross(x, y, "bad");
  if (verdict === "refused")
    return s("g", {}, s("circle", { class: "bad", cx: x, cy: y, r: 6 }), line(x - 4, y + 4, x + 4, y - 4, "bad"));
  if (verdict === "local" || verdict === "proxied")
    return s("rect", { class: classOf(verdict), x: x - 5, y: y - 5, width: 10, height: 10 });
  if (verdict === "elsewhere") return s("path", { class: classOf(verdict), d: `M${x},${y} l0,9 m-4,-5 l4,5 l4,-5` });
  return s("text", { class: classOf(verdict), x: x - 3, y: y + 5 }, "?");
}

function classOf(verdict: Verdict): string {
  if (PROBLEMS.has(verdict)) return "bad";
  return verdict === "unknown" || verdict === "capture-loss" || verdict === "no-overlap" ? "doubtful" : "quiet";
}

function arrow(direction: Direction, x1: number, y1: number, x2: number, y2: number): SVGElement {
  return s("g", { class: direction }, line(x1, y1, x2, y2, ""), head(x2, y2, x2 - x1, ""));
}

/** The point of an arrow that goes right where `towards` is above 0, else left. */
function head(x: number, y: number, towards: number, className: string): SVGElement {
  const by = towards > 0 ? -7 : 7;
  return s("path", { class: `head ${className}`, d: `M${x},${y} l${by},-3.5 l0,7 z` });
}

/** What a packet's way is before and behind the points, where nobody captured it. */
function stub(direction: Direction, where: "before" | "behind", y: number): SVGElement {
  const isLeft = (direction === "outbound") === (where === "before");
  return isLeft ? line(0, y, INNER, y, "stub") : line(OUTER, y, WIDTH, y, "stub");
}

function cross(x: number, y: number, className: string): SVGElement {
  return s("path", { class: className, d: `M${x - 5},${y - 5} l10,10 m0,-10 l-10,10` });
}

function line(x1: number, y1: number, x2: number, y2: number, className: string): SVGElement {
  return s("line", { class: className, x1, y1, x2, y2 });
}
