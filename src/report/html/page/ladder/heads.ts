import { h } from "../dom.js";
import { countText, endsText } from "../format.js";
import { type Conversation, titleOf } from "../model/conversation.js";
import { isCalledFromOutside } from "../model/events.js";
import { SIDES } from "../model/records.js";

/** What stands above the lanes where both forms were seen on one side: of a packet that was turned round there, and of a proxy. */
const TURNED_ROUND = ["before it was turned round", "behind"];
const OF_PROXY = ["the proxy's connection", "the caller's"];

/** What problems came to, as far as that is known. */
function cameTo({ problems, lost, madeUpFor }: Conversation): string {
  if (madeUpFor === problems) return "all made up for";
  return [
    ...(lost > 0 ? [`${countText(lost)} of them for good`] : []),
    ...(madeUpFor > 0 ? [`${countText(madeUpFor)} made up for`] : []),
    ...(lost + madeUpFor < problems ? [`of ${countText(problems - lost - madeUpFor)} nothing tells`] : []),
  ].join(", ");
}

/** Above the ladder: which flow it is, and what became of its packets. */
export function headOf(conversation: Conversation): HTMLElement {
  const { flow, ends, problems } = conversation;
  const trouble = problems === 0 ? "" : `, ${countText(problems)} dropped or refused: ${cameTo(conversation)}`;
  return h(
    "div",
    { class: "head" },
    h(
      "p",
      {},
      h("b", {}, titleOf(flow)),
      ` ${flow.proto} ${flow.nat}: ${ends.local} ${flow.side === undefined && isCalledFromOutside(flow) ? "←" : "→"} ${ends.remote}`,
    ),
    h("p", { class: "more" }, `${countText(flow.pairs)} pairs${trouble}`),
    flow.rule === undefined ? undefined : h("p", { class: "more" }, "by ", h("code", {}, flow.rule)),
  );
}

/** Above the lanes: each form, where its packets were seen. */
export function lanesHead({ flow }: Conversation): HTMLElement {
  const titles = flow.side === undefined ? SIDES : flow.nat === "proxy" ? OF_PROXY : TURNED_ROUND;
  const heads = SIDES.map((side, at) => {
    const form = flow.seenOn !== undefined && flow.seenOn !== side ? "not seen" : endsText(flow[side]);
    return h("span", {}, h("b", {}, titles[at]), ` ${form}`);
  });
  return h("div", { class: "lanes-head" }, ...heads);
}

/** Below it: what is not shown of the flow. `shown`: how many packets are within the time that is looked at. */
export function leftOutText({ flow, events }: Conversation, shown: number): string {
  const pairs = events.filter(({ kind }) => kind === "pair").length;
  const out = flow.pairs - pairs;
  const narrowed = events.length - shown;
  return [
    ...(out > 0
      ? [
          `${countText(out)} of this flow's ${countText(flow.pairs)} pairs are not in this page: --flow ${flow.flow} shows them`,
        ]
      : []),
    ...(narrowed > 0 ? [`${countText(narrowed)} packets are outside the time that is looked at`] : []),
  ].join("; ");
}
