import { h, onKeys, refill, s } from "./dom.js";
import { bytesText, countText } from "./format.js";
import type { Conversation, Whose } from "./conversation.js";
import { isIn, isOther, type Narrowing } from "./narrowing.js";
import type { Shown } from "./shown.js";

/** So many places are drawn in a column; what is left is put together in one. */
const MOST_PLACES = 14;
const OTHERS = "others";

const COLUMNS: readonly { readonly column: keyof Whose; readonly title: string }[] = [
  { column: "local", title: "containers" },
  { column: "nat", title: "as the NAT shows them" },
  { column: "remote", title: "the world" },
];

const WIDTH = 900;
const PLACE_WIDTH = 190;
const PLACE_HEIGHT = 26;
const PLACE_GAP = 10;
const TOP = 28;
const MOST_LINK_WIDTH = 18;
const LONGEST_NAME = 26;

interface Load {
  bytes: number;
  pairs: number;
  problems: number;
  lost: number;
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
  const draw = (): void => {
    // what is chosen on the map stays among the others
    const now = { ...narrowing.now, place: undefined };
    const { activeElement } = document;
    const focused = drawn.contains(activeElement) ? activeElement?.getAttribute("data-place") : undefined;
    refill(drawn, [
      mapOf(
        shown.model.conversations.filter((each) => isIn(now, each)),
        narrowing,
      ),
    ]);
    // who chose a place by keys goes on from there
    for (const place of drawn.querySelectorAll<SVGElement>("[data-place]"))
      if (place.getAttribute("data-place") === focused) place.focus({ preventScroll: true });
  };
  narrowing.onChange((now, before) => {
    if (isOther(now, before)) draw();
  });
  shown.onRefresh(draw);
  draw();
  return h("section", { "aria-labelledby": "map" }, h("h2", { id: "map" }, "Map"), drawn);
}

function mapOf(conversations: readonly Conversation[], narrowing: Narrowing): Node {
  if (conversations.length === 0) return h("p", {}, "Nothing to draw: no flow is looked at.");
  const columns = COLUMNS.map(({ column }) => busiest(conversations, column));
  const rows = Math.max(...columns.map((places) => places.size));
  const height = TOP + rows * (PLACE_HEIGHT + PLACE_GAP);
  const shownAs = (at: number, name: string): string => (columns[at].has(name) ? name : OTHERS);
  const links = [0, 1].flatMap((at) => linksOf(conversations, at, shownAs));
  const most = Math.max(...links.map(({ bytes }) => bytes), 1);
  const placeAt = columns.map(
    (places) => new Map([...places.keys()].map((name, row) => [name, TOP + row * (PLACE_HEIGHT + PLACE_GAP)])),
  );
  const leftOf = (at: number): number => (at * (WIDTH - PLACE_WIDTH)) / 2;
  const lines = links.map((link) => {
    const [y1, y2] = [placeAt[link.at].get(link.from), placeAt[link.at + 1].get(link.to)].map(
      (y) => (y ?? 0) + PLACE_HEIGHT / 2,
    );
    const [x1, x2] = [leftOf(link.at) + PLACE_WIDTH, leftOf(link.at + 1)];
    const middle = (x1 + x2) / 2;
    const width = 1 + (MOST_LINK_WIDTH - 1) * Math.sqrt(link.bytes / most);
    return s(
      "path",
      {
        class: `link ${troubleOf(link)}`,
        d: `M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`,
        "stroke-width": width.toFixed(1),
      },
      s("title", {}, `${link.from} – ${link.to}: ${loadText(link)}`),
    );
  });
  const places = columns.flatMap((column, at) =>
    [...column].map(([name, load]) =>
      placeElement(COLUMNS[at].column, name, load, leftOf(at), placeAt[at].get(name) ?? 0, narrowing),
    ),
  );
  const titles = COLUMNS.map(({ title }, at) => s("text", { class: "column", x: leftOf(at), y: 14 }, title));
  return s(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${height}`, role: "group", "aria-label": "Who talks to whom" },
    ...titles,
    ...lines,
    ...places,
  );
}

function placeElement(
  column: keyof Whose,
  name: string,
  load: Load,
  x: number,
  y: number,
  narrowing: Narrowing,
): SVGElement {
  const { place } = narrowing.now;
  const isChosen = place?.column === column && place.name === name;
  const choose = (): void => narrowing.change({ place: isChosen ? undefined : { column, name } });
  const isOne = name !== OTHERS;
  const shown = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
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
    s("rect", { width: PLACE_WIDTH, height: PLACE_HEIGHT, rx: 4 }),
    s("text", { x: 8, y: 17 }, shown),
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
  const sorted = [...all].sort(([, a], [, b]) => b.lost - a.lost || b.problems - a.problems || b.bytes - a.bytes);
  const shown = new Map(sorted.slice(0, MOST_PLACES));
  const rest = sorted.slice(MOST_PLACES);
  if (rest.length === 0) return shown;
  const others = noLoad();
  for (const [, load] of rest)
    for (const key of ["bytes", "pairs", "problems", "lost"] as const) others[key] += load[key];
  return shown.set(OTHERS, others);
}

function noLoad(): Load {
  return { bytes: 0, pairs: 0, problems: 0, lost: 0 };
}

function add(load: Load, { flow, problems, lost }: Conversation): void {
  load.bytes += flow.bytes;
  load.pairs += flow.pairs;
  load.problems += problems;
  load.lost += lost;
}

function troubleOf({ problems, lost }: Load): string {
  return lost > 0 ? "bad" : problems > 0 ? "doubtful" : "";
}

function loadText({ bytes, pairs, problems }: Load): string {
  const trouble = problems === 0 ? "" : `, ${countText(problems)} dropped or refused`;
  return `${countText(pairs)} pairs, ${bytesText(bytes)}${trouble}`;
}
