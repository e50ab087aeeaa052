import { printable } from "../../../packets/printable.js";
import { answerSection, problemsIn } from "./sections/answer.js";
import { h, refill } from "./dom.js";
import { clockText, countText } from "./format.js";
import { flowsSection } from "./sections/flows.js";
import { Ladder } from "./ladder/ladder.js";
import { mapSection } from "./sections/map.js";
import { Gathered } from "./model/model.js";
import { Narrowing } from "./model/narrowing.js";
import { readFacts, readRecords, SIDES, type StripData } from "./model/records.js";
import { RunLine } from "./sections/run-line.js";
import { Served } from "./model/served.js";
import { Shown } from "./model/shown.js";
import { stripSection } from "./sections/strip.js";
import { tableSections } from "./sections/tables.js";

/** What the page's address says is looked at. */
const ADDRESSED = /^#flow=(-?\d+)$/;

const SECOND_NS = 1_000_000_000n;

const FROM_A_FILE = "This page asks nobody for anything: all that it shows is in it.";
const SERVED = "This page asks natcorr for what is new, which serves it, and nobody else for anything.";

/** Shows what the page has in itself. */
async function openFile(page: HTMLElement): Promise<void> {
  const facts = readFacts(document);
  const gathered = new Gathered();
  for await (const records of readRecords(document)) gathered.add(records);
  showSections(page, [], new Shown(gathered.model(), facts, false), new Narrowing(), FROM_A_FILE);
}

/** Shows a run that goes on, by what its server says. */
async function openServed(page: HTMLElement): Promise<void> {
  const gathered = new Gathered();
  const narrowing = new Narrowing();
  let shown: Shown | undefined;
  const line = new RunLine((isPaused) => {
    served.isPaused = isPaused;
  });
  const served = new Served(gathered, {
    show: (facts, goesOn) => {
      const model = gathered.model();
      if (shown === undefined) {
        shown = new Shown(model, facts, goesOn);
        showSections(page, [line.element], shown, narrowing, SERVED);
      } else shown.refresh(model, facts, goesOn);
      line.shows(facts.text.answer, problemsIn(facts), goesOn);
    },
    reach: (isReached) => line.reach(isReached),
    get chosen() {
      return narrowing.now.flow;
    },
  });
  page.replaceChildren(line.element);
  await served.follow();
}

/** Shows all sections of the page below `first`. They go by what is narrowed, by the page's address, and by keys. `whom`: what is said of whom the page asks. */
function showSections(
  page: HTMLElement,
  first: readonly HTMLElement[],
  shown: Shown,
  narrowing: Narrowing,
  whom: string,
): void {
  const ladder = new Ladder(shown, narrowing);
  const head = h("header");
  const fillHead = (): void => refill(head, headElements(shown));
  shown.onRefresh(fillHead);
  fillHead();
  page.replaceChildren(
    ...first,
    head,
    answerSection(shown, narrowing, (event) => ladder.goTo(event)),
    stripSection(shown, narrowing),
    mapSection(shown, narrowing),
    flowsSection(shown, narrowing),
    ladder.element,
    tableSections(shown, narrowing, (event) => ladder.goTo(event)),
    h("footer", {}, `Made by natcorr ${shown.model.header.program}. ${whom}`),
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

function headElements({ model, facts: { strip } }: Shown): HTMLElement[] {
  const { captures } = model.header;
  const names = SIDES.map((side) => `${side} ${captures[side].map(({ name }) => name).join(" + ")}`).join(", ");
  document.title = printable(`natcorr: ${names}`);
  const pairs = Object.values(strip.pairs)
    .flat()
    .reduce((sum, count) => sum + count, 0);
  const kept = model.pairs === pairs ? "all of them" : countText(model.pairs);
  const counted = pairs === 0 ? "no pairs" : `${countText(pairs)} pairs, ${kept} in this page`;
  return [h("h1", {}, names), h("p", {}, `${whenText(strip)}; ${counted}`)];
}

/** When the captures began and ended, as exactly as bins tell, where whoever reads it is, and how that is from UTC. */
function whenText({ from, binNs, frames }: StripData): string {
  const [seconds, decimals = ""] = from.split(".");
  const day = new Date(Number(seconds) * 1000);
  const endNs = BigInt(seconds + decimals.padEnd(9, "0")) + BigInt(frames.inside.length * binNs);
  const digits = Math.max(0, Math.ceil(9 - Math.log10(binNs)));
  const ends = clockText(`${endNs / SECOND_NS}.${String(endNs % SECOND_NS).padStart(9, "0")}`, digits);
  const ahead = -day.getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  return `${day.toDateString()}, ${clockText(from)} to ${ends} (UTC${ahead < 0 ? "−" : "+"}${hours}:${minutes})`;
}

const page = document.querySelector<HTMLElement>("#page");
if (page !== null)
  (document.querySelector("#served") === null ? openFile(page) : openServed(page)).catch((error: unknown) =>
    page.replaceChildren(h("p", { role: "alert" }, `This page cannot be shown: ${String(error)}`)),
  );
