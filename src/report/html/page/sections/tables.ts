import { flowLink, withLinks } from "./links.js";
import { type Child, h, refill } from "../dom.js";
import type { LadderEvent } from "../model/events.js";
import { countText } from "../format.js";
import type { Model } from "../model/model.js";
import type { Narrowing } from "../model/narrowing.js";
import { type Finding, SIDES, type Totals } from "../model/records.js";
import type { Shown } from "../model/shown.js";

/** Sections of what is known beside packets: published ports, rules, findings, and the account of all frames. */
export function tableSections(shown: Shown, narrowing: Narrowing, goTo: (event: LadderEvent) => void): HTMLElement {
  const sections = h("div");
  const fill = (): void =>
    refill(
      sections,
      sectionsOf(shown, (finding) => findingElement(finding, shown.model, narrowing, goTo)),
    );
  shown.onRefresh(fill);
  narrowing.onChange((now, before) => {
    if (now.finding !== before.finding) fill();
  });
  fill();
  return sections;
}

function sectionsOf(
  { facts: { text }, model, goesOn }: Shown,
  elementOf: (finding: Finding) => HTMLElement,
): HTMLElement[] {
  const [portsTitle = "", ...ports] = text.published.trimEnd().split("\n");
  const rules = rulesOf(model);
  return [
    ...(ports.length === 0
      ? []
      : [
          section(
            "ports",
            portsTitle,
            goesOn ? h("p", { class: "hint" }, PORTS_TO_COME) : undefined,
            h("pre", { class: "totals", tabindex: 0 }, ports.join("\n")),
          ),
        ]),
    ...(rules.length === 0 ? [] : [section("rules", "Rules", tableOf(["rule", "flows", "pairs"], rules))]),
    ...(model.findings.length === 0
      ? []
      : [section("findings", goesOn ? "Findings so far" : "Findings", ...model.findings.map(elementOf))]),
    section(
      "account",
      "Account of all frames",
      tableOf(["", ...SIDES], accountRows(SIDES.map((side) => model.summary.totals[side]))),
    ),
  ];
}

/** What is not known of published ports before a run ends: the host is asked once more then. */
const PORTS_TO_COME =
  "When the run ends, the host's counters and conntrack's last list add which rules may have closed a port, and calls of which nothing has told yet whether they went through one, as those of the host itself or of containers.";

const ACCOUNT = [
  ["frames", "frames"],
  ["paired", "paired"],
  ["unmatched", "unmatched"],
  ["ambiguous", "ambiguous"],
  ["not IP", "notIp"],
  ["undecodable", "undecodable"],
] as const;

type Cell = string | number | Node;

function section(id: string, title: string, ...children: readonly Child[]): HTMLElement {
  return h("section", { "aria-labelledby": id }, h("h2", { id }, title), ...children);
}

function tableOf(heads: readonly string[], rows: readonly (readonly Cell[])[]): HTMLElement {
  const cellOf = (cell: Cell) =>
    h(
      "td",
      { class: typeof cell === "number" ? "number" : undefined },
      typeof cell === "number" ? countText(cell) : cell,
    );
  return h(
    "div",
    { class: "scrolling", tabindex: 0, role: "region", "aria-label": heads.join(", ") },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...heads.map((head) => (head === "" ? h("td") : h("th", { scope: "col" }, head))))),
      h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map(cellOf)))),
    ),
  );
}

/** The firewall's rules behind flows, the most used first. */
function rulesOf({ conversations }: Model): Cell[][] {
  const rules = new Map<string, { flows: number; pairs: number }>();
  for (const { flow } of conversations) {
    if (flow.rule === undefined) continue;
    const known = rules.get(flow.rule) ?? { flows: 0, pairs: 0 };
    rules.set(flow.rule, known);
    known.flows++;
    known.pairs += flow.pairs;
  }
  return [...rules]
    .sort(([, a], [, b]) => b.flows - a.flows)
    .map(([rule, { flows, pairs }]) => [h("code", {}, rule), flows, pairs]);
}

function findingElement(
  { severity, code, count, text, hint, flows, more }: Finding,
  model: Model,
  narrowing: Narrowing,
  goTo: (event: LadderEvent) => void,
): HTMLElement {
  const isChosen = narrowing.now.finding === code;
  const isMarked = model.conversations.some((each) => each.isOf(code));
  const links = flows.flatMap((flow, at) => [
    at === 0 ? "flows " : ", ",
    flowLink(flow, String(flow), model, narrowing),
  ]);
  return h(
    "div",
    { class: `finding ${severity === "warning" ? "bad" : ""}` },
    h(
      "p",
      {},
      isMarked
        ? h(
            "button",
            {
              type: "button",
              class: "code",
              "data-event": code,
              "aria-pressed": String(isChosen),
              title: "Its flows alone",
              onclick: () => narrowing.change({ finding: isChosen ? undefined : code }),
            },
            code,
          )
        : h("b", {}, code),
      count > 1 ? ` (${countText(count)} times)` : "",
      ": ",
      ...withLinks(text, model, narrowing, goTo),
    ),
    links.length === 0
      ? undefined
      : h("p", { class: "more" }, ...links, more > 0 ? ` and ${countText(more)} more` : ""),
    h("p", { class: "more" }, `next: ${hint}`),
  );
}

/** What became of the frames of each side. */
function accountRows([inside, outside]: readonly Totals[]): Cell[][] {
  return [
    ...ACCOUNT.map(([title, field]) => [title, inside[field], outside[field]]),
    ["lost by the capture", lostText(inside), lostText(outside)],
  ];
}

function lostText({ counters, captureDropped }: Totals): Cell {
  return counters ? captureDropped : "not counted";
}
