import { h, refill } from "../dom.js";
import type { LadderEvent } from "../model/events.js";
import { withLinks } from "./links.js";
import type { Narrowing } from "../model/narrowing.js";
import type { Facts } from "../model/records.js";
import type { Shown } from "../model/shown.js";

/** What is not known before a run ends. */
const STILL_TO_COME =
  "The run goes on. Findings are those so far that do not wait for its end. When it ends, this page says the others, what may have dropped packets, and rules.";

/** The lines of the totals that are a table. */
const IN_COLUMNS = /^(?: +frames |(?:in|out)side +\d)/;

/** How a line of the terminal's begins, and what that says of it. */
const KINDS = [
  { begins: "! ", kind: "bad" },
  { begins: "? ", kind: "doubtful" },
  { begins: "  next: ", kind: "next" },
  { begins: "  ", kind: "more" },
] as const;

/** What the terminal says first: what never arrived, why, and what to do; each flow that it names leads to its ladder. */
export function answerSection(shown: Shown, narrowing: Narrowing, goTo: (event: LadderEvent) => void): HTMLElement {
  const section = h("section", { "aria-labelledby": "answer" });
  const fill = (): void => refill(section, answerElements(shown, narrowing, goTo));
  shown.onRefresh(fill);
  fill();
  return section;
}

function answerElements(
  { facts: { text, said }, model, goesOn }: Shown,
  narrowing: Narrowing,
  goTo: (event: LadderEvent) => void,
): (HTMLElement | undefined)[] {
  const [heading = "", ...lines] = linesOf(text.answer);
  return [
    h("h2", { id: "answer" }, goesOn ? `So far: ${heading}` : heading),
    h(
      "div",
      {},
      ...lines.map((line) => lineElement(line, (part) => withLinks(part, model, narrowing, goTo))),
      ...linesOf(text.names).map((line) => h("p", { class: "line more" }, line.trim())),
    ),
    goesOn ? h("p", { class: "hint" }, STILL_TO_COME) : undefined,
    totalsElement(text.totals),
    said.length === 0 ? undefined : h("h3", {}, "What was said of the captures"),
    ...said.map((line) => h("p", { class: "line more" }, line)),
  ];
}

/** The totals. Where their columns have no room, a link stands for these: a section has the same numbers, one below the other. */
function totalsElement(totals: string): HTMLElement {
  const lines = totals.trimEnd().split("\n");
  return h(
    "pre",
    { class: "totals", tabindex: 0, "aria-label": "Totals" },
    ...lines.map((line) => h("span", { class: IN_COLUMNS.test(line) ? "columns" : undefined }, `${line}\n`)),
    h("a", { class: "account", href: "#account" }, "Account of all frames"),
  );
}

/** The problems of the answer, without the numbers in them: what is worth being read out when it changes. */
export function problemsIn({ text }: Facts): string {
  const [heading = "", ...lines] = linesOf(text.answer);
  const problems = lines.filter((line) => line.startsWith(KINDS[0].begins));
  return [heading, ...problems].join("\n").replaceAll(/\d[\d.,]*/g, "0");
}

function lineElement(line: string, linked: (text: string) => (Node | string)[]): HTMLElement {
  const { kind } = KINDS.find(({ begins }) => line.startsWith(begins)) ?? { kind: "more" };
  return h("p", { class: `line ${kind}` }, ...linked(line.trim()));
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}
