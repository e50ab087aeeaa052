import { answerSection } from "./answer.js";
import { h } from "./dom.js";
import { clockText, countText } from "./format.js";
import { flowsSection } from "./flows.js";
import { Ladder } from "./ladder.js";
import { mapSection } from "./map.js";
import { type Model, modelOf } from "./model.js";
import { Narrowing } from "./narrowing.js";
import { readFacts, readRecords, SIDES } from "./records.js";
import { stripSection } from "./strip.js";
import { tableSections } from "./tables.js";

/** What the page's address says is looked at. */
const ADDRESSED = /^#flow=(\d+)$/;

async function open(page: HTMLElement): Promise<void> {
  const facts = readFacts(document);
  const model = modelOf(await readRecords(document));
  const narrowing = new Narrowing();
  const ladder = new Ladder(model, narrowing);
  page.replaceChildren(
    headOf(model),
    answerSection(facts, model, narrowing),
    stripSection(facts.strip, narrowing),
    mapSection(model, narrowing),
    flowsSection(model, narrowing),
    ladder.element,
    ...tableSections(model, narrowing),
    h(
      "footer",
      {},
      `Made by natcorr ${model.header.program}. This page asks nobody for anything: all that it shows is in it.`,
    ),
  );
  const goTo = (): void => {
    const flow = ADDRESSED.exec(location.hash)?.[1];
    if (flow !== undefined) narrowing.change({ flow: Number(flow) });
  };
  narrowing.onChange(({ flow }, before) => {
    if (flow !== undefined && flow !== before.flow) history.replaceState(null, "", `#flow=${flow}`);
  });
  addEventListener("hashchange", goTo);
  addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement;
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n") ladder.step(1);
    else if (event.key === "p") ladder.step(-1);
    else if (event.key === "+") ladder.zoom(1);
    else if (event.key === "-") ladder.zoom(-1);
    else if (event.key === "Escape") narrowing.reset();
  });
  goTo();
}

function headOf(model: Model): HTMLElement {
  const { captures } = model.header;
  const names = SIDES.map((side) => `${side} ${captures[side].map(({ name }) => name).join(" + ")}`);
  document.title = `natcorr: ${names.join(", ")}`;
  const times = model.conversations.flatMap(({ flow }) => [flow.first, flow.last]).sort();
  const { paired } = model.summary.totals.inside;
  const when =
    times.length === 0
      ? ""
      : `${new Date(Number(times[0]) * 1000).toDateString()}, ${clockText(times[0])} to ${clockText(times[times.length - 1])}`;
  return h(
    "header",
    {},
    h("h1", {}, names.join(", ")),
    h("p", {}, `${when}; ${countText(paired)} packets paired, ${countText(model.pairs)} pairs in this page`),
  );
}

const page = document.querySelector<HTMLElement>("#page");
if (page !== null)
  open(page).catch((error: unknown) =>
    page.replaceChildren(h("p", { role: "alert" }, `This page cannot be shown: ${String(error)}`)),
  );
