import { h } from "../dom.js";
import type { LadderEvent } from "../model/events.js";
import { captureNames } from "../format.js";
import type { Model } from "../model/model.js";
import type { Narrowing } from "../model/narrowing.js";
import type { SideName } from "../model/records.js";

/** What stands before numbers of flows, and of a side's frames, as the terminal names them: `flows 25, 32`, `inside #12 #15`, `inside #12@docker0`. */
const NAMES = /\b(flows?|inside|outside) (?=#?\d)/g;
/** One of some flows. */
const FLOW_ID = /(?:, )?(?<number>\d+)/y;

/** Who shows a packet in its ladder. */
type GoTo = (event: LadderEvent) => void;

/** Text with the flows that it names as links, and the frames that are in the page. */
export function withLinks(text: string, model: Model, narrowing: Narrowing, goTo: GoTo): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let from = 0;
  for (const { 0: all, 1: what, index } of text.matchAll(NAMES)) {
    const side = what === "inside" || what === "outside" ? what : undefined;
    const one = side === undefined ? FLOW_ID : frameOf(captureNames(model.header, side));
    one.lastIndex = index + all.length;
    for (let found = one.exec(text); found !== null; found = one.exec(text)) {
      const { number = "", capture = "" } = found.groups ?? {};
      const begins = found.index + found[0].indexOf(number);
      parts.push(
        text.slice(from, begins),
        side === undefined
          ? flowLink(Number(number), number, model, narrowing)
          : frameLink(side, number, capture, model, goTo),
      );
      from = begins + number.length;
      if (what === "flow") parts.push(whoseText(Number(number), text, model));
    }
  }
  return [...parts, text.slice(from)];
}

/** Whose a flow is, where its line does not say: of a packet that came from outside, that names what the NAT shows. */
function whoseText(flow: number, line: string, { byFlow }: Model): string {
  const local = byFlow.get(flow)?.ends.local;
  return local === undefined || line.includes(local) ? "" : ` (${local})`;
}

/** One of some frames: of several captures, text says which one has it. */
function frameOf(captures: readonly string[]): RegExp {
  if (captures.length === 1) return / ?#(?<number>\d+)/y;
  const names = captures
    .toSorted((a, b) => b.length - a.length)
    .map((name) => name.replaceAll(/[^\w]/g, String.raw`\$&`));
  return new RegExp(` ?#(?<number>\\d+)@(?<capture>${names.join("|")})(?![\\w.-])`, "y");
}

/** A frame's number that leads to its row in a ladder, where the page has that, and text says which capture has the frame. */
function frameLink(side: SideName, number: string, capture: string, model: Model, goTo: GoTo): Node | string {
  const captures = captureNames(model.header, side);
  const which = capture === "" ? [0] : captures.flatMap((name, at) => (name === capture ? [at] : []));
  if (which.length !== 1) return number;
  const event = model.eventOf(side, Number(number), which[0]);
  if (event === undefined || !model.byFlow.has(model.flowOf(event) ?? 0)) return number;
  return link("#ladder", number, () => goTo(event), `frame ${number} of ${capture === "" ? `the ${side}` : capture}`);
}

/** A flow's number that leads to its ladder, where the page has that flow. */
export function flowLink(flow: number, text: string, { byFlow }: Model, narrowing: Narrowing): Node | string {
  return byFlow.has(flow) ? link(`#flow=${flow}`, text, () => narrowing.change({ flow })) : text;
}

function link(href: string, text: string, act: () => void, title?: string): HTMLElement {
  const onclick = (event: Event): void => {
    event.preventDefault();
    act();
  };
  return h("a", { href, onclick, title }, text);
}
