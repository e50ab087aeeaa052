import { printable } from "../../../packets/printable.js";
import { answerSection } from "./answer.js";
import { h } from "./dom.js";
import { clockText, countText, secondsText } from "./format.js";
import { flowsSection } from "./flows.js";
import { Ladder } from "./ladder.js";
import { mapSection } from "./map.js";
import { type Model, modelOf } from "./model.js";
import { Narrowing } from "./narrowing.js";
import { type Facts, readFacts, readRecords, SIDES, type StripData } from "./records.js";
import { stripSection } from "./strip.js";
import { tableSections } from "./tables.js";

/** What the page's address says is looked at. */
const ADDRESSED = /^#flow=(-?\d+)$/;

async function open(page: HTMLElement): Promise<void> {
  const facts = readFacts(document);
  const model = modelOf(await readRecords(document));
  const narrowing = new Narrowing();
  const ladder = new Ladder(model, narrowing);
  page.replaceChildren(
    headOf(model, facts),
    answerSection(facts, model, narrowing, (event) => ladder.goTo(event)),
    stripSection(facts.strip, narrowing),
    mapSection(model, narrowing),
    flowsSection(model, narrowing),
    ladder.element,
    ...tableSections(facts, model, narrowing),
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

function headOf(model: Model, { strip }: Facts): HTMLElement {
  const { captures } = model.header;
  const names = SIDES.map((side) => `${side} ${captures[side].map(({ name }) => name).join(" + ")}`).join(", ");
  document.title = printable(`natcorr: ${names}`);
  const pairs = Object.values(strip.pairs)
    .flat()
    .reduce((sum, count) => sum + count, 0);
  const kept = model.pairs === pairs ? "all of them" : countText(model.pairs);
  return h(
    "header",
    {},
    h("h1", {}, names),
    h("p", {}, `${whenText(strip)}; ${countText(pairs)} pairs, ${kept} in this page`),
  );
}

/** When the captures began and ended, where whoever reads it is, and how that is from UTC. */
function whenText({ from, binNs, frames }: StripData): string {
  const seconds = Number(from.split(".")[0]);
  const day = new Date(seconds * 1000);
  const ends = secondsText(seconds + (frames.inside.length * binNs) / 1e9);
  const ahead = -day.getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  return `${day.toDateString()}, ${clockText(from)} to ${ends} (UTC${ahead < 0 ? "−" : "+"}${hours}:${minutes})`;
}

const page = document.querySelector<HTMLElement>("#page");
if (page !== null)
  open(page).catch((error: unknown) =>
    page.replaceChildren(h("p", { role: "alert" }, `This page cannot be shown: ${String(error)}`)),
  );
