import { h } from "./dom.js";
import type { Model } from "./model.js";
import type { Narrowing } from "./narrowing.js";
import type { Facts } from "./records.js";

/** `flow 7`, `flows 25, 32, 35`, as the terminal names flows. */
const FLOWS = /\bflows? (\d+(?:, \d+)*)/g;

/** How a line of the terminal's begins, and what that says of it. */
const KINDS = [
  { begins: "! ", kind: "bad" },
  { begins: "? ", kind: "doubtful" },
  { begins: "  next: ", kind: "next" },
  { begins: "  ", kind: "more" },
] as const;

/** What the terminal says first: what never arrived, why, and what to do; each flow that it names leads to its ladder. */
export function answerSection({ text, said }: Facts, model: Model, narrowing: Narrowing): HTMLElement {
  const [heading = "", ...lines] = linesOf(text.answer);
  return h(
    "section",
    { "aria-labelledby": "answer" },
    h("h2", { id: "answer" }, heading),
    ...lines.map((line) => lineElement(line, model, narrowing)),
    ...linesOf(text.names).map((line) => h("p", { class: "line more" }, line.trim())),
    h("pre", { class: "totals", tabindex: 0, "aria-label": "Totals" }, text.totals.trimEnd()),
    said.length === 0 ? undefined : h("h3", {}, "What was said of the captures"),
    ...said.map((line) => h("p", { class: "line more" }, line)),
  );
}

function lineElement(line: string, model: Model, narrowing: Narrowing): HTMLElement {
  const { kind } = KINDS.find(({ begins }) => line.startsWith(begins)) ?? { kind: "more" };
  return h("p", { class: `line ${kind}` }, ...withLinks(line.trim(), model, narrowing));
}

/** Text with the flows that it names as links. */
export function withLinks(text: string, model: Model, narrowing: Narrowing): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let from = 0;
  for (const { 0: all, 1: numbers, index } of text.matchAll(FLOWS)) {
    const begins = index + all.length - numbers.length;
    parts.push(text.slice(from, begins));
    for (const [at, number] of numbers.split(", ").entries())
      parts.push(...(at === 0 ? [] : [", "]), flowLink(Number(number), number, model, narrowing));
    from = index + all.length;
  }
  return [...parts, text.slice(from)];
}

/** A flow's number that leads to its ladder, where the page has that flow. */
export function flowLink(flow: number, text: string, { byFlow }: Model, narrowing: Narrowing): Node | string {
  if (!byFlow.has(flow)) return text;
  return h(
    "a",
    {
      href: `#flow=${flow}`,
      onclick: (event) => {
        event.preventDefault();
        narrowing.change({ flow });
      },
    },
    text,
  );
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}
