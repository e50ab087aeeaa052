import { h, refill, s } from "../dom.js";
import { copiesOf } from "./copies.js";
import { latencyText } from "../../../text/latency.js";
import { clockText, countText } from "../format.js";
import { headOf, lanesHead, leftOutText } from "./heads.js";
import { lanesOf } from "./lanes.js";
import type { Conversation } from "../model/conversation.js";
import { isProblem, type LadderEvent } from "../model/events.js";
import type { Model } from "../model/model.js";
import { isIn, isWithin, type Narrowing } from "../model/narrowing.js";
import type { Shown } from "../model/shown.js";
import { firstSeqs, framesText, timeOf, wordsOf } from "./packet-words.js";
import { tiesOf } from "./ties.js";

/** Heights of a row, the zoom's steps. */
const ZOOMS = [20, 30, 48];
const USUAL_ZOOM = 1;
/** So many packets are shown at a time. */
const MOST_ROWS = 400;
/** What ties a packet to an earlier one is drawn so wide. */
const TIE_WIDTH = 28;
/** A pause as long as that, nanoseconds, is told. */
const PAUSE_NS = 200e6;

/** The packets of a flow between the two capture points, one a row: where each was seen, and what became of it. */
export class Ladder {
  readonly element: HTMLElement;
  readonly #shown: Shown;
  readonly #narrowing: Narrowing;
  readonly #body = h("div", { class: "ladder-body" });
  #zoom = USUAL_ZOOM;
  /** The first event of those that are shown. */
  #from = 0;
  #current: LadderEvent | undefined;
  /** What ties rows, by their places among those that are shown. */
  #ties: readonly RowTie[] = [];

  constructor(shown: Shown, narrowing: Narrowing) {
    this.#shown = shown;
    this.#narrowing = narrowing;
    this.element = h(
      "section",
      { "aria-labelledby": "ladder" },
      h("h2", { id: "ladder" }, "Ladder"),
      h(
        "div",
        { class: "tools" },
        toolButton("‹ problem", "Previous problem (p)", () => this.step(-1)),
        toolButton("problem ›", "Next problem (n)", () => this.step(1)),
        toolButton("−", "Smaller rows (-)", () => this.zoom(-1)),
        toolButton("+", "Larger rows (+)", () => this.zoom(1)),
      ),
      this.#body,
    );
    narrowing.onChange((now, before) => {
      if (now.flow !== before.flow) this.#open();
      else if (now.time !== before.time) this.#draw();
    });
    shown.onRefresh(() => this.#draw());
    new ResizeObserver(() => this.#drawTies()).observe(this.#body);
    this.#draw();
  }

  get #model(): Model {
    return this.#shown.model;
  }

  /** Goes to the next problem among what is looked at, or to the one before. */
  step(by: 1 | -1): void {
    const { now } = this.#narrowing;
    const { byFlow, problems } = this.#model;
    const within = problems.filter((each) => {
      const of = byFlow.get(this.#model.flowOf(each) ?? 0);
      return of !== undefined && isIn(now, of) && isWithin(now.time, each);
    });
    if (within.length === 0) return;
    const at = within.findIndex((each) => each === this.#current);
    // from elsewhere, it goes to the first one, or to the last
    const from = at === -1 && by === -1 ? 0 : at;
    this.goTo(within[(from + by + within.length) % within.length]);
  }

  /** Shows a packet, in the ladder of what it is of. */
  goTo(event: LadderEvent): void {
    this.#current = event;
    const flow = this.#model.flowOf(event);
    if (flow === this.#narrowing.now.flow) this.#show(event);
    else this.#narrowing.change({ flow });
  }

  zoom(by: 1 | -1): void {
    this.#zoom = Math.min(ZOOMS.length - 1, Math.max(0, this.#zoom + by));
    this.#draw();
  }

  get #conversation(): Conversation | undefined {
    const { flow } = this.#narrowing.now;
    return flow === undefined ? undefined : this.#model.byFlow.get(flow);
  }

  /** Begins at the packet that was asked for, else at the flow's first problem, else at its first packet. */
  #open(): void {
    const events = this.#events;
    const first =
      this.#current !== undefined && events.includes(this.#current) ? this.#current : events.find(isProblem);
    this.#current = first;
    if (first === undefined) {
      this.#from = 0;
      this.#draw();
    } else this.#show(first);
    this.element.scrollIntoView({ block: "nearest" });
  }

  #show(event: LadderEvent): void {
    const at = this.#events.indexOf(event);
    if (at < this.#from || at >= this.#from + MOST_ROWS) this.#from = Math.max(0, at - MOST_ROWS / 2);
    this.#draw();
    const row = this.#body.querySelector<HTMLElement>("[aria-current]");
    row?.scrollIntoView({ block: "nearest" });
    row?.focus({ preventScroll: true });
  }

  get #events(): readonly LadderEvent[] {
    const { time } = this.#narrowing.now;
    return this.#conversation?.events.filter((event) => isWithin(time, event)) ?? [];
  }

  #draw(): void {
    const conversation = this.#conversation;
    if (conversation === undefined) {
      refill(this.#body, [h("p", { class: "hint" }, "Choose a flow above, or press n for the first problem.")]);
      return;
    }
    const events = this.#events;
    this.#from = Math.min(this.#from, Math.max(0, events.length - 1));
    const shown = events.slice(this.#from, this.#from + MOST_ROWS);
    const seqs = firstSeqs(conversation.events);
    const list = h(
      "ol",
      { class: "ladder", tabindex: 0, "aria-label": "Packets", start: this.#from + 1 },
      ...shown.map((event, at) => this.#row(event, shown[at - 1], conversation, seqs)),
    );
    list.style.setProperty("--row", `${ZOOMS[this.#zoom]}px`);
    refill(this.#body, [
      headOf(conversation),
      copiesOf(conversation.flow, shown, this.#model.header),
      lanesHead(conversation),
      this.#currentElement(events, seqs),
      this.#turn(events.length, -1),
      list,
      this.#turn(events.length, 1),
      h("p", { class: "hint" }, leftOutText(conversation, events.length)),
    ]);
    this.#ties = tiesOf(shown).map(({ from, to, what }) => ({
      from: shown.indexOf(from),
      to: shown.indexOf(to),
      what,
    }));
    this.#drawTies();
  }

  /** Draws what ties rows, where these are: a row is as high as its words are long where the page is narrow. */
  #drawTies(): void {
    const list = this.#body.querySelector(".ladder");
    if (list === null) return;
    list.querySelector(".ties-drawn")?.remove();
    list.append(tiesElement(list, this.#ties));
  }

  #row(
    event: LadderEvent,
    before: LadderEvent | undefined,
    { flow }: Conversation,
    seqs: ReadonlyMap<string, number>,
  ): HTMLElement {
    const isCurrent = event === this.#current;
    const pauseNs = before === undefined ? 0 : event.timeNs - before.timeNs;
    const details = JSON.stringify(event.record, undefined, 1).replaceAll(/[{}"[\]]/g, "");
    return h(
      "li",
      {
        class: `${event.kind}${isProblem(event) ? " problem" : ""}`,
        "data-event": `${framesText(event, "inside")} ${framesText(event, "outside")} ${timeOf(event)}`,
        tabindex: isCurrent ? 0 : -1,
        title: details,
        ...(isCurrent && { "aria-current": "true" }),
        onclick: () => {
          this.#current = event;
          this.#draw();
        },
      },
      h(
        "span",
        { class: "time" },
        clockText(timeOf(event)),
        pauseNs > PAUSE_NS ? h("small", {}, ` +${latencyText(pauseNs)}`) : undefined,
      ),
      h("span", { class: "frames" }, framesText(event, "inside")),
      lanesOf(event, flow),
      h("span", { class: "frames" }, framesText(event, "outside")),
      h("span", { class: "ties" }),
      h("span", { class: "said" }, ...wordsOf(event, seqs, this.#model.header)),
    );
  }

  /** All that is said of the packet that is looked at, of which its row may have no room for all. */
  #currentElement(events: readonly LadderEvent[], seqs: ReadonlyMap<string, number>): HTMLElement {
    const current = this.#current;
    const of = current !== undefined && events.includes(current) ? current : undefined;
    return h(
      "p",
      { class: "current", role: "status" },
      ...(of === undefined ? [] : wordsOf(of, seqs, this.#model.header)),
    );
  }

  /** Leads to the packets before those that are shown, or behind them; nothing where there are none. */
  #turn(count: number, by: 1 | -1): Node {
    const left = by === 1 ? count - this.#from - MOST_ROWS : this.#from;
    if (left <= 0) return h("span");
    const turn = (): void => {
      this.#from = Math.max(0, this.#from + by * MOST_ROWS);
      this.#draw();
    };
    return h(
      "button",
      { type: "button", class: "turn", onclick: turn },
      `${countText(left)} ${by === 1 ? "later" : "earlier"} packets`,
    );
  }
}

function toolButton(text: string, label: string, act: () => void): HTMLElement {
  return h("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
}

interface RowTie {
  readonly from: number;
  readonly to: number;
  readonly what: string;
}

/** Arcs from what was sent again, and from errors, to what they are of. */
function tiesElement(list: Element, ties: readonly RowTie[]): Node {
  const { left, top } = list.getBoundingClientRect();
  const rows = [...list.querySelectorAll(":scope > li")];
  const middles = rows.map((row) => {
    const lanes = row.querySelector(".lanes")?.getBoundingClientRect();
    return lanes === undefined ? 0 : lanes.top + lanes.height / 2 - top + list.scrollTop;
  });
  const arcs = ties.map(({ from, to, what }) => {
    const [y1, y2] = [middles[from], middles[to]];
    return s("path", { d: `M0,${y1} C${TIE_WIDTH},${y1} ${TIE_WIDTH},${y2} 0,${y2}` }, s("title", {}, what));
  });
  const drawn = s(
    "svg",
    { class: "ties-drawn", width: TIE_WIDTH, height: list.scrollHeight, "aria-hidden": "true" },
    ...arcs,
  );
  drawn.style.left = `${(rows[0]?.querySelector(".ties")?.getBoundingClientRect().left ?? left) - left}px`;
  return drawn;
}
