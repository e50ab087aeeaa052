import { h, refill, s } from "../dom.js";
import { latencyText } from "../../../text/latency.js";
import { bytesText, clockText, countText, endsText } from "../format.js";
import { type Conversation, titleOf } from "../model/conversation.js";
import type { Model } from "../model/model.js";
import { isIn, isOther, type Narrowing } from "../model/narrowing.js";
import type { Latency, SideName } from "../model/records.js";
import type { Shown } from "../model/shown.js";

/** How high rows are, points: the style says it, as they are higher where the page is narrow. */
const ROW_HEIGHT = "--flow-height";
/** So many rows are seen at once at the most. */
const MOST_SEEN = 9;
/** Rows drawn beyond what is seen, so that scrolling shows no gap. */
const BEYOND = 8;
/** Rows on paper, where nothing scrolls. */
const PRINTED_ROWS = 60;

/** By what flows are ordered: a column's name, what it says first, and how two compare. */
const ORDERS = {
  problems: (a, b) =>
    b.lost - a.lost || b.problems - a.problems || b.warnings.length - a.warnings.length || b.flow.pairs - a.flow.pairs,
  flow: (a, b) => a.flow.flow - b.flow.flow,
  pairs: (a, b) => b.flow.pairs - a.flow.pairs,
  bytes: (a, b) => b.flow.bytes - a.flow.bytes,
  first: (a, b) => a.firstNs - b.firstNs,
  p99: (a, b) => slowest(b) - slowest(a),
} satisfies Record<string, (a: Conversation, b: Conversation) => number>;
type Order = keyof typeof ORDERS;

const COLUMNS: readonly { readonly title: string; readonly order?: Order }[] = [
  { title: "flow", order: "flow" },
  { title: "problems", order: "problems" },
  { title: "inside, and below it outside" },
  { title: "pairs", order: "pairs" },
  { title: "bytes", order: "bytes" },
  { title: "latency", order: "p99" },
  { title: "first", order: "first" },
];

/** The flows that are looked at; of however many, those in view are drawn. */
export function flowsSection(all: Shown, narrowing: Narrowing): HTMLElement {
  let order: Order = "problems";
  let shown: readonly Conversation[] = [];
  const body = h("div", { class: "rows", role: "rowgroup" });
  const scroller = h("div", { class: "scroller" }, body);
  const count = h("p", { class: "count", role: "status" });
  const heads = headsOf((by) => {
    order = by;
    scroller.scrollTop = 0;
    update();
  });
  const table = h(
    "div",
    { class: "flows", role: "table", "aria-label": "Flows" },
    h("div", { role: "rowgroup" }, h("div", { class: "row heads", role: "row" }, ...heads.map(({ head }) => head))),
    scroller,
  );
  const draw = (isPrinting = false): void => {
    const height = rowHeight(table);
    scroller.style.height = `${Math.min(MOST_SEEN, Math.max(1, shown.length)) * height}px`;
    const from = isPrinting ? 0 : Math.max(0, Math.floor(scroller.scrollTop / height) - BEYOND);
    const to = isPrinting ? PRINTED_ROWS : from + Math.ceil(scroller.clientHeight / height) + 2 * BEYOND;
    // a row that has the focus keeps it
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["flow"] : undefined;
    const rows = shown.slice(from, to).map((each, at) => {
      const row = rowOf(each, from + at, narrowing);
      row.style.transform = `translateY(${(from + at) * height}px)`;
      return row;
    });
    body.style.height = `${(isPrinting ? rows.length : shown.length) * height}px`;
    refill(body, rows);
    if (focused !== undefined)
      body.querySelector<HTMLElement>(`[data-flow="${focused}"]`)?.focus({ preventScroll: true });
  };
  const update = (): void => {
    const { now } = narrowing;
    shown = all.model.conversations.filter((each) => isIn(now, each)).sort(ORDERS[order]);
    table.classList.toggle("long", shown.some(isLong));
    table.setAttribute("aria-rowcount", String(shown.length + 1));
    markOrder(heads, order);
    refill(count, [document.createTextNode(countOf(shown, all.model))]);
    draw();
  };
  const refresh = (): void => {
    // what nobody asked for is not read out
    count.setAttribute("aria-live", "off");
    update();
  };
  scroller.addEventListener("scroll", () => draw(), { passive: true });
  table.addEventListener("keydown", (event) => moveFocus(event, shown, scroller, draw));
  addEventListener("resize", () => draw());
  addEventListener("beforeprint", () => draw(true));
  addEventListener("afterprint", () => draw());
  narrowing.onChange((now, before) => {
    if (isOther(now, before)) {
      count.setAttribute("aria-live", "polite");
      update();
    } else draw();
  });
  all.onRefresh(refresh);
  // its height is known once it is in the page
  new ResizeObserver(() => draw()).observe(scroller);
  update();
  return h(
    "section",
    { "aria-labelledby": "flows" },
    h("h2", { id: "flows" }, "Flows"),
    searchOf(narrowing),
    count,
    table,
  );
}

/** The head of a column, and what it sorts by. */
interface Head {
  readonly head: HTMLElement;
  readonly by: Order | undefined;
}

function headsOf(sortBy: (order: Order) => void): Head[] {
  return COLUMNS.map(({ title, order: by }) => {
    const head = h("span", { role: "columnheader" });
    head.append(by === undefined ? title : h("button", { type: "button", onclick: () => sortBy(by) }, title));
    return { head, by };
  });
}

function markOrder(heads: readonly Head[], order: Order): void {
  for (const { head, by } of heads) {
    if (by === undefined) continue;
    const sorted = by === "flow" || by === "first" ? "ascending" : "descending";
    head.setAttribute("aria-sort", by === order ? sorted : "none");
  }
}

function searchOf(narrowing: Narrowing): HTMLElement {
  const search = h("input", {
    type: "search",
    placeholder: "address, port, container, tcp, snat, flow 7 …",
    "aria-label": "Flows that have these words",
    oninput: () => narrowing.change({ words: wordsIn(search.value) }),
  });
  const problems = h("input", {
    type: "checkbox",
    onchange: () => narrowing.change({ hasProblems: problems.checked }),
  });
  const reset = h("button", { type: "button", onclick: () => narrowing.reset() }, "Show all");
  const place = h("span", { class: "chosen-place" });
  narrowing.onChange((now) => {
    if (now.words.length === 0) search.value = "";
    problems.checked = now.hasProblems;
    place.textContent = [
      ...(now.place === undefined ? [] : [`on the map: ${now.place.name}`]),
      ...(now.finding === undefined ? [] : [`with ${now.finding}`]),
    ].join(", ");
    reset.disabled = !narrowing.isNarrow;
  });
  reset.disabled = true;
  return h("div", { class: "search" }, search, h("label", {}, problems, " with problems only"), place, reset);
}

/** How many flows are looked at, of how many, and what is no flow. */
function countOf(shown: readonly Conversation[], { conversations, summary }: Model): string {
  const [here, all] = [shown, conversations].map((some) => some.filter(({ flow }) => flow.flow > 0).length);
  const [strangers, left] = [shown.length - here, summary.flowCount - all];
  return [
    `${here === all ? "" : `${countText(here)} of `}${countText(all)} flows`,
    ...(strangers > 0 ? [`${countText(strangers)} conversation${strangers === 1 ? "" : "s"} without a flow`] : []),
    ...(left > 0 ? [`${countText(left)} more flows, which had fewer packets, are not in this page`] : []),
  ].join("; ");
}

/** What is searched for: words that a flow has, in small letters; a flow's number is one with the word before it. */
function wordsIn(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll(/\bflow +(\d+)\b/g, (_, number: string) => `flow\u00a0${number}`)
    .split(/[ \t]+/)
    .filter((word) => word !== "")
    .map((word) => (word.startsWith("flow\u00a0") ? `${word.replace("\u00a0", " ")} ` : word));
}

function rowOf(each: Conversation, at: number, narrowing: Narrowing): HTMLElement {
  const { flow } = each;
  const open = (): void => narrowing.change({ flow: flow.flow });
  const isOpen = narrowing.now.flow === flow.flow;
  const row = h(
    "div",
    {
      class: `row${isOpen ? " open" : ""}`,
      role: "row",
      tabindex: 0,
      "aria-rowindex": at + 2,
      "data-flow": flow.flow,
      onclick: open,
      onkeydown: (event) => {
        if (event instanceof KeyboardEvent && event.key === "Enter") open();
      },
    },
    cell(
      "number flow",
      h(
        "a",
        { href: `#flow=${flow.flow}`, tabindex: -1, "aria-label": titleOf(flow) },
        flow.flow > 0 ? String(flow.flow) : "none",
      ),
      h("small", {}, `${flow.proto} ${flow.nat}`),
    ),
    problemsCell(each),
    cell("ends", formOf(each, "inside"), formOf(each, "outside")),
    cell("number pairs", countText(flow.pairs)),
    cell("number bytes", bytesText(flow.bytes)),
    cell("latency", latencyPlot(flow.latency.outbound, "outbound"), latencyPlot(flow.latency.inbound, "inbound")),
    cell("first", clockText(flow.first)),
  );
  return row;
}

function rowHeight(table: HTMLElement): number {
  return Number(getComputedStyle(table).getPropertyValue(ROW_HEIGHT));
}

/** Whether a flow's addresses take more room than most. */
function isLong({ flow: { inside, outside } }: Conversation): boolean {
  return inside.src.includes(":") || outside.src.includes(":");
}

function cell(className: string, ...children: readonly (Node | string | undefined)[]): HTMLElement {
  return h("span", { role: "cell", class: className }, ...children);
}

/** How many of a flow's packets were dropped or refused, what findings say of it beside that, and how many were seen on one side alone. */
function problemsCell({
  flow: { insideOnly, outsideOnly },
  lost,
  problems,
  warnings,
  notes,
}: Conversation): HTMLElement {
  const kind = lost > 0 ? "bad" : problems + warnings.length > 0 ? "doubtful" : "";
  const only = `only in ${countText(insideOnly)}, out ${countText(outsideOnly)}`;
  const more = [...notes, ...(insideOnly + outsideOnly === 0 ? [] : [only])].join("; ");
  return h(
    "span",
    { role: "cell", class: `problems ${kind}`, title: [...warnings, more].join("; ") },
    h("span", {}, [...(problems === 0 ? [] : [`! ${countText(problems)}`]), ...warnings].join(" ")),
    more === "" ? undefined : h("small", {}, more),
  );
}

function formOf({ flow, ends }: Conversation, side: SideName): HTMLElement {
  if (flow.seenOn !== undefined && flow.seenOn !== side)
    return h("span", { class: "form" }, h("small", {}, "not seen"));
  const name = side === "inside" ? ends.local : ends.remote;
  const isAddress = name === flow[side].src || name === flow[side].dst;
  return h("span", { class: "form" }, endsText(flow[side]), isAddress ? undefined : h("small", {}, ` ${name}`));
}

/** From 1 µs to 10 s, by decades: the least and the longest latency as a line, half and 99 of 100 as marks. */
function latencyPlot(latency: Latency | null, way: "outbound" | "inbound"): HTMLElement | undefined {
  if (latency === null) return undefined;
  const { minNs, p50Ns, p99Ns, maxNs } = latency;
  const plot = s(
    "svg",
    { class: way, viewBox: "0 0 100 8", "aria-hidden": "true", preserveAspectRatio: "none" },
    s("line", { x1: at(minNs), x2: at(maxNs), y1: 4, y2: 4 }),
    s("circle", { cx: at(p50Ns), cy: 4, r: 2.5 }),
    s("line", { x1: at(p99Ns), x2: at(p99Ns), y1: 1, y2: 7 }),
  );
  const text = `${way === "outbound" ? "→" : "←"} ${latencyText(p50Ns)} · ${latencyText(p99Ns)}`;
  return h(
    "span",
    {
      class: "plot",
      title: `${way}: half within ${latencyText(p50Ns)}, 99 of 100 within ${latencyText(p99Ns)}, the slowest ${latencyText(maxNs)}`,
    },
    text,
    plot,
  );
}

/** Where on that plot a latency is, of a hundred points. */
function at(ns: number): number {
  return 2 + 96 * Math.min(1, Math.max(0, (Math.log10(Math.max(1, ns)) - 3) / 7));
}

function slowest({ flow: { latency } }: Conversation): number {
  return Math.max(latency.outbound?.p99Ns ?? -1, latency.inbound?.p99Ns ?? -1);
}

/** Arrows, Home and End go from row to row. */
function moveFocus(
  event: KeyboardEvent,
  shown: readonly Conversation[],
  scroller: HTMLElement,
  draw: () => void,
): void {
  const row = event.target instanceof HTMLElement ? event.target.dataset["flow"] : undefined;
  if (row === undefined) return;
  const height = rowHeight(scroller);
  const now = shown.findIndex(({ flow }) => String(flow.flow) === row);
  const page = Math.max(1, Math.floor(scroller.clientHeight / height) - 1);
  const to = {
    ArrowDown: now + 1,
    ArrowUp: now - 1,
    PageDown: now + page,
    PageUp: now - page,
    Home: 0,
    End: shown.length - 1,
  }[event.key];
  if (to === undefined || shown.length === 0) return;
  event.preventDefault();
  const at = Math.min(Math.max(0, to), shown.length - 1);
  const top = at * height;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + height > scroller.scrollTop + scroller.clientHeight)
    scroller.scrollTop = top + height - scroller.clientHeight;
  draw();
  scroller.querySelector<HTMLElement>(`[data-flow="${shown[at].flow.flow}"]`)?.focus({ preventScroll: true });
}
