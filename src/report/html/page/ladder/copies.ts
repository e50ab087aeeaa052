import { h } from "../dom.js";
import type { LadderEvent } from "../model/events.js";
import { type Flow, type Header, SIDES } from "../model/records.js";
import { conversationFilter, framesFilter, tsharkCommand } from "./filters.js";

/** What to type elsewhere to see the same: a flow, and those of its packets that are shown. */
export function copiesOf(flow: Flow, shown: readonly LadderEvent[], { captures }: Header): HTMLElement {
  const sides = flow.side === undefined ? SIDES : [flow.side];
  const lines = sides.flatMap((side) =>
    captures[side].flatMap(({ name }, capture) => {
      const frames = framesFilter(shown, side, capture);
      if (frames === "") return [];
      return [
        copyLine(`Wireshark, ${name}, this flow`, conversationFilter(flow, side)),
        copyLine(`Wireshark, ${name}, what is below`, frames),
        copyLine("tshark, the same", tsharkCommand(name, frames)),
      ];
    }),
  );
  return h(
    "details",
    { class: "copies", id: `copies-${flow.flow}` },
    h("summary", {}, "The same in Wireshark"),
    ...lines,
  );
}

function copyLine(label: string, text: string): HTMLElement {
  const code = h("code", {}, text);
  const button = h(
    "button",
    {
      type: "button",
      "aria-label": `Copy: ${label}`,
      onclick: () => {
        // there is none where the page comes by plain HTTP from another host
        if (!isSecureContext) {
          getSelection()?.selectAllChildren(code);
          return;
        }
        void navigator.clipboard.writeText(text).then(() => {
          button.textContent = "copied";
        });
      },
    },
    "copy",
  );
  return h("p", {}, `${label}: `, code, " ", button);
}
