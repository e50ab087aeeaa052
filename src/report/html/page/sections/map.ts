import { printable } from "../../../../packets/printable.js";
import { h, onKeys, refill, s } from "../dom.js";
import { bytesText, countText } from "../format.js";
import type { Conversation, Whose } from "../model/conversation.js";
import { isIn, isOther, type Narrowing } from "../model/narrowing.js";
import type { Shown } from "../model/shown.js";

/** So many places are drawn in a column; what is left is put together in one. */
const MOST_PLACES = 14;
const OTHERS = "others";

const COLUMNS: readonly { readonly column: keyof Whose; readonly title: string; readonly short: string }[] = [
  { column: "local", title: "containers", short: "containers" },
  { column: "nat", title: "as the NAT shows them", short: "NAT" },
  { column: "remote", title: "the world", short: "the world" },
];

/** How a map is laid out. */
interface Layout {
  readonly width: number;
  readonly placeWidth: number;
  readonly placeHeight: number;
  /** A name has so many lines at the most, of so many characters. */
  readonly lines: number;
  readonly characters: number;
  readonly isNarrow: boolean;
}

/** From so many points on, the map is drawn as if it had `WIDE.width`, and made smaller or larger. */
const WIDE_FROM = 620;
const WIDE: Layout = { width: 900, placeWidth: 190, placeHeight: 26, lines: 1, characters: 26, isNarrow: false };
/** Between the columns of a narrow map, points; and what a character takes there, and the frame around a name. */
const NARROW_GAP = 34;
const CHARACTER = 6.7;
const FRAME = 8;
const LINE_HEIGHT = 13;
const PLACE_GAP = 10;
const TOP = 28;
const MOST_LINK_WIDTH = 18;

interface Load {
  bytes: number;
  pairs: number;
  problems: number;
  lost: number;
  /** Flows that a finding warns of. */
  warned: number;
}

interface Link extends Load {
  /** The column that it begins in, and the places at its ends. */
  readonly at: number;
  readonly from: string;
  readonly to: string;
}

/** Who talks to whom through which address of the NAT: as wide as its traffic, and red where packets were lost. A place that is clicked narrows the page. */
export function mapSection(shown: Shown, narrowing: Narrowing): HTMLElement {
  const drawn = h("div", { class: "map" });
  let width = 0;
  const draw = (): void => {
    // what is chosen on the map stays among the others
    const now = { ...narrowing.now, place: undefined };
    const { activeElement } = document;
    const focused = drawn.contains(activeElement) ? activeElement?.getAttribute("data-place") : undefined;
    const conversations = shown.model.conversations.filter((each) => isIn(now, each));
    width = drawn.clientWidth;
    if (width === 0) return;
    refill(drawn, [mapOf(conversations, narrowing, layoutFor(width)), chosenElement(conversations, narrowing)]);
    // who chose a place by keys goes on from there
    for (const place of drawn.querySelectorAll<SVGElement>("[data-place]"))
      if (place.getAttribute("data-place") === focused) place.focus({ preventScroll: true });
  };
  narrowing.onChange((now, before) => {
    if (isOther(now, before)) draw();
  });
  shown.onRefresh(draw);
  // its width is known once it is in the page
  new ResizeObserver(() => {
    if (drawn.clientWidth !== width) draw();
  }).observe(drawn);
  return h("section", { "aria-labelledby": "map" }, h("h2", { id: "map" }, "Map"), drawn);
}

/** Names stand in two lines where there is no room for one. */
function layoutFor(width: number): Layout {
  if (width >= WIDE_FROM) return WIDE;
  const placeWidth = (width - 2 * NARROW_GAP) / 3;
  const characters = Math.floor((placeWidth - FRAME) / CHARACTER);
  return { width, placeWidth, placeHeight: 2 * LINE_HEIGHT + FRAME, lines: 2, characters, isNarrow: true };
}

/** What is chosen, by its full name. */
function chosenElement(conversations: readonly Conversation[], { now: { place } }: Narrowing): Node {
  const text = h("p", { class: "hint", role: "status" });
  if (place === undefined) return text;
  const load = noLoad();
  for (const each of conversations) if (each.ends[place.column] === place.name) add(load, each);
  text.append(printable(`${place.name}: ${loadText(load)}`));
  return text;
}

function mapOf(conversations: readonly Conversation[], narrowing: Narrowing, layout: Layout): Node {
  if (conversations.length === 0) return h("p", {}, "Nothing to draw: no flow is looked at.");
  const columns = COLUMNS.map(({ column }) => busiest(conversations, column));
  const rows = Math.max(...columns.map((places) => places.size));
  const { width, placeWidth, placeHeight, isNarrow } = layout;
  const height = TOP + rows * (placeHeight + PLACE_GAP);
  const shownAs = (at: number, name: string): string => (columns[at].has(name) ? name : OTHERS);
  const links = [0, 1].flatMap((at) => linksOf(conversations, at, shownAs));
  const most = Math.max(...links.map(({ bytes }) => bytes), 1);
  const placeAt = columns.map(
    (places) => new Map([...places.keys()].map((name, row) => [name, TOP + row * (placeHeight + PLACE_GAP)])),
  );
  const leftOf = (at: number): number => (at * (width - placeWidth)) / 2;
  const lines = links.map((link) => {
    const [y1, y2] = [placeAt[link.at].get(link.from), placeAt[link.at + 1].get(link.to)].map(
      (y) => (y ?? 0) + placeHeight / 2,
    );
    const [x1, x2] = [leftOf(link.at) + placeWidth, leftOf(link.at + 1)];
    const middle = (x1 + x2) / 2;
    const thickness = 1 + (MOST_LINK_WIDTH - 1) * Math.sqrt(link.bytes / most);
    return s(
      "path",
      {
        class: `link ${troubleOf(link)}`,
        d: `M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`,
        "stroke-width": thickness.toFixed(1),
      },
      s("title", {}, `${link.from} – ${link.to}: ${loadText(link)}`),
    );
  });
  const places = columns.flatMap((column, at) =>
    [...column].map(([name, load]) =>
      placeElement(
        { column: COLUMNS[at].column, name, load },
        { x: leftOf(at), y: placeAt[at].get(name) ?? 0 },
        layout,
        narrowing,
      ),
    ),
  );
  const titles = COLUMNS.map(({ title, short }, at) =>
    s("text", { class: "column", x: leftOf(at), y: 14 }, isNarrow ? short : title),
  );
  return s(
    "svg",
    {
      class: isNarrow ? "narrow" : undefined,
      viewBox: `0 0 ${width} ${height}`,
      role: "group",
      "aria-label": "Who talks to whom",
    },
    ...titles,
    ...lines,
    ...places,
  );
}

function placeElement(
  { column, name, load }: { readonly column: keyof Whose; readonly name: string; readonly load: Load },
  { x, y }: { readonly x: number; readonly y: number },
  layout: Layout,
  narrowing: Narrowing,
): SVGElement {
  const { place } = narrowing.now;
  const isChosen = place?.column === column && place.name === name;
  const choose = (): void => narrowing.change({ place: isChosen ? undefined : { column, name } });
  const isOne = name !== OTHERS;
  const lines = linesOf(name, layout);
  const top = (layout.placeHeight - lines.length * LINE_HEIGHT) / 2;
  return s(
    "g",
    {
      class: `place ${troubleOf(load)}${isChosen ? " chosen" : ""}`,
      transform: `translate(${x} ${y})`,
      ...(isOne && {
        tabindex: 0,
        role: "button",
        "data-place": `${column} ${name}`,
        "aria-pressed": String(isChosen),
        "aria-label": `${name}: ${loadText(load)}`,
        onclick: choose,
        onkeydown: onKeys(choose),
      }),
    },
    s("title", {}, `${name}: ${loadText(load)}`),
    s("rect", { width: layout.placeWidth, height: layout.placeHeight, rx: 4 }),
    ...lines.map((line, at) => s("text", { x: FRAME / 2, y: top + at * LINE_HEIGHT + 10 }, line)),
  );
}

/** A name in as many lines as it may have; of a longer one, the beginning and the end, which tell addresses apart. */
function linesOf(name: string, { lines, characters }: Layout): string[] {
  const room = lines * characters;
  const half = Math.floor((room - 1) / 2);
  const shown = name.length > room ? `${name.slice(0, half)}…${name.slice(-half)}` : name;
  return Array.from({ length: Math.ceil(shown.length / characters) }, (_, at) =>
    shown.slice(at * characters, (at + 1) * characters),
  );
}

/** What goes from the places of a column to those of the next one. `shownAs`: the place that stands for a name in a column. */
function linksOf(
  conversations: readonly Conversation[],
  at: number,
  shownAs: (at: number, name: string) => string,
): Link[] {
  const [from, to] = [COLUMNS[at].column, COLUMNS[at + 1].column];
  const links = new Map<string, Map<string, Link>>();
  for (const each of conversations) {
    const ends = { from: shownAs(at, each.ends[from]), to: shownAs(at + 1, each.ends[to]) };
    const ofFrom = links.get(ends.from) ?? new Map<string, Link>();
    links.set(ends.from, ofFrom);
    const link = ofFrom.get(ends.to) ?? { at, ...ends, ...noLoad() };
    ofFrom.set(ends.to, link);
    add(link, each);
  }
  return [...links.values()].flatMap((ofFrom) => Array.from(ofFrom.values()));
}

/** The places of a column, the busiest, those with trouble first; and the others. */
function busiest(conversations: readonly Conversation[], column: keyof Whose): Map<string, Load> {
  const all = new Map<string, Load>();
  for (const each of conversations) {
    const name = each.ends[column];
    let load = all.get(name);
    if (load === undefined) all.set(name, (load = noLoad()));
    add(load, each);
  }
  const sorted = [...all].sort(
    ([, a], [, b]) => b.lost - a.lost || b.problems - a.problems || b.warned - a.warned || b.bytes - a.bytes,
  );
  const shown = new Map(sorted.slice(0, MOST_PLACES));
  const rest = sorted.slice(MOST_PLACES);
  if (rest.length === 0) return shown;
  const others = noLoad();
  for (const [, load] of rest)
    for (const key of ["bytes", "pairs", "problems", "lost", "warned"] as const) others[key] += load[key];
  return shown.set(OTHERS, others);
}

function noLoad(): Load {
  return { bytes: 0, pairs: 0, problems: 0, lost: 0, warned: 0 };
}

function add(load: Load, { flow, problems, lost, warnings }: Conversation): void {
  load.bytes += flow.bytes;
  load.pairs += flow.pairs;
  load.problems += problems;
  load.lost += lost;
  if (warnings.length > 0) load.warned++;
}

function troubleOf({ problems, lost, warned }: Load): string {
  return lost > 0 ? "bad" : problems + warned > 0 ? "doubtful" : "";
}

function loadText({ bytes, pairs, problems, warned }: Load): string {
  const trouble = problems === 0 ? "" : `, ${countText(problems)} dropped or refused`;
  const warnings = warned === 0 ? "" : `, findings warn of ${countText(warned)} flow${warned === 1 ? "" : "s"}`;
  return `${countText(pairs)} pairs, ${bytesText(bytes)}${trouble}${warnings}`;
}
