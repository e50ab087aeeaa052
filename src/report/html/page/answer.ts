import { h } from "./dom.js";
import type { LadderEvent, Model } from "./model.js";
import type { Narrowing } from "./narrowing.js";
import type { Facts, SideName } from "./records.js";

/** `flow 7`, `flows 25, 32, 35`, `inside #12 #15`, as the terminal names flows and frames. */
const NAMED = /\b(flows?|inside|outside) ((?:#?\d+(?:, | (?=#)|(?!\d)))+)/g;

/** How a line of the terminal's begins, and what that says of it. */
const KINDS = [
  { begins: "! ", kind: "bad" },
  { begins: "? ", kind: "doubtful" },
  { begins: "  next: ", kind: "next" },
  { begins: "  ", kind: "more" },
] as const;

/** What the terminal says first: what never arrived, why, and what to do; each flow that it names leads to its ladder. */
export function answerSection(
  { text, said }: Facts,
  model: Model,
  narrowing: Narrowing,
  goTo: (event: LadderEvent) => void,
): HTMLElement {
  const [heading = "", ...lines] = linesOf(text.answer);
  return h(
    "section",
    { "aria-labelledby": "answer" },
    h("h2", { id: "answer" }, heading),
    ...lines.map((line) => lineElement(line, (part) => withLinks(part, model, narrowing, goTo))),
    ...linesOf(text.names).map((line) => h("p", { class: "line more" }, line.trim())),
    h("pre", { class: "totals", tabindex: 0, "aria-label": "Totals" }, text.totals.trimEnd()),
    said.length === 0 ? undefined : h("h3", {}, "What was said of the captures"),
    ...said.map((line) => h("p", { class: "line more" }, line)),
  );
}

function lineElement(line: string, linked: (text: string) => (Node | string)[]): HTMLElement {
  const { kind } = KINDS.find(({ begins }) => line.startsWith(begins)) ?? { kind: "more" };
  return h("p", { class: `line ${kind}` }, ...linked(line.trim()));
}

/** Text with the flows that it names as links, and the frames that are in the page. */
export function withLinks(
  text: string,
  model: Model,
  narrowing: Narrowing,
  goTo?: (event: LadderEvent) => void,
): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let from = 0;
  for (const { 0: all, 1: what, 2: numbers, index } of text.matchAll(NAMED)) {
    const begins = index + all.length - numbers.length;
    parts.push(text.slice(from, begins));
    for (const part of numbers.split(/(\d+)/)) {
      if (!/^\d/.test(part)) parts.push(part);
      else if (what.startsWith("flow")) parts.push(flowLink(Number(part), part, model, narrowing));
      else parts.push(frameLink(what === "inside" ? "inside" : "outside", part, model, goTo));
    }
    from = index + all.length;
  }
  return [...parts, text.slice(from)];
}

/** A frame's number that leads to its row in a ladder, where the page has that. */
function frameLink(
  side: SideName,
  text: string,
  model: Model,
  goTo: ((event: LadderEvent) => void) | undefined,
): Node | string {
  const event = model.eventOf(side, Number(text));
  if (goTo === undefined || event === undefined || !model.byFlow.has(model.flowOf(event) ?? 0)) return text;
  return link("#ladder", text, () => goTo(event));
}

/** A flow's number that leads to its ladder, where the page has that flow. */
export function flowLink(flow: number, text: string, { byFlow }: Model, narrowing: Narrowing): Node | string {
  return byFlow.has(flow) ? link(`#flow=${flow}`, text, () => narrowing.change({ flow })) : text;
}

function link(href: string, text: string, act: () => void): HTMLElement {
  const onclick = (event: Event): void => {
    event.preventDefault();
    act();
  };
  return h("a", { href, onclick }, text);
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}
