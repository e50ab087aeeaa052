import { Charts, colors } from "./charts.js";
import { TOLD_BY_PACKETS } from "../model/conversation.js";
import { h, refill } from "../dom.js";
import { latencyText } from "../../../text/latency.js";
import { nsOf } from "../format.js";
import type { Model } from "../model/model.js";
import type { Narrowing } from "../model/narrowing.js";
import { SIDES, type StripData } from "../model/records.js";
import type { Shown } from "../model/shown.js";

/** What happened in time: pairs and trouble, latencies, and where a capture has nothing. What is brushed narrows the rest of the page. */
export function stripSection(shown: Shown, narrowing: Narrowing): HTMLElement {
  const parent = h("div", { class: "charts" });
  const covered = h("div");
  const status = h("p", { class: "brushed", role: "status" });
  const onBrush = (fromNs: number, toNs: number): void => narrowing.change({ time: [fromNs, toNs] });
  const charts = new Charts({ parent, onBrush });
  const brush = (): void => {
    const { time } = narrowing.now;
    const { strip } = shown.facts;
    const text = time === undefined ? "" : `Only ${rangeText(strip, time)} of the captures' time is looked at.`;
    refill(status, text === "" ? [] : [document.createTextNode(text)]);
    charts.select(time);
  };
  const draw = (isOther: boolean): void => {
    const { strip } = shown.facts;
    if (strip.frames.inside.length > 1) charts.show(strip, isOther);
    covered.replaceChildren(coverage(shown));
    brush();
  };
  narrowing.onChange(brush);
  shown.onRefresh(() => draw(false));
  new ResizeObserver(() => draw(true)).observe(parent);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(true));
  return h(
    "section",
    { "aria-labelledby": "strip" },
    h("h2", { id: "strip" }, "Time"),
    h("p", { class: "hint" }, "Drag across a chart to look at a part of the time, or type which part:"),
    rangeInputs(shown, narrowing),
    parent,
    h("p", { class: "hint" }, "Where each capture has frames, and findings theirs:"),
    covered,
    status,
  );
}

/** By side, where its capture has frames and where it has none; and by code, where findings have theirs that warn. */
function coverage({ facts: { strip }, model }: Shown): HTMLElement {
  const captured = SIDES.map((side) => {
    const counts = strip.frames[side];
    return binsElement(side, counts, "--covered", `Frames of ${side}, by time: ${gapsText(counts)}`);
  });
  const warned = [...binsOfFindings(model, strip)].map(([code, counts]) => {
    const times = counts.filter((count) => count > 0).length;
    return binsElement(code, counts, "--bad", `${code}: in ${times} of ${counts.length} parts of the time`);
  });
  return h("div", {}, ...captured, ...warned);
}

/** Where the frames are that findings warn of: the first 100 of each, as far as they are in. */
function binsOfFindings(model: Model, { from, binNs, frames }: StripData): Map<string, number[]> {
  const all = new Map<string, number[]>();
  const beginNs = nsOf(from);
  for (const { severity, code, frames: named, framesIn } of model.findings) {
    // the charts have these, all of them
    if (severity !== "warning" || TOLD_BY_PACKETS.has(code)) continue;
    const counts = all.get(code) ?? frames.inside.map(() => 0);
    for (const side of SIDES)
      for (const [at, frame] of named[side].entries()) {
        const event = model.eventOf(side, frame, framesIn?.[side][at]);
        if (event === undefined) continue;
        const bin = Math.min(counts.length - 1, Math.max(0, Math.floor((event.timeNs - beginNs) / binNs)));
        counts[bin]++;
        all.set(code, counts);
      }
  }
  return all;
}

/** A row that is the darker, the more is there at a time. */
function binsElement(title: string, counts: readonly number[], colorName: string, label: string): HTMLElement {
  const most = Math.max(...counts, 1);
  const canvas = h("canvas", { width: counts.length, height: 1, role: "img", "aria-label": label });
  const context = canvas.getContext("2d");
  const color = colors()(colorName);
  for (const [bin, count] of counts.entries()) {
    if (context === null || count === 0) continue;
    context.globalAlpha = 0.25 + (0.75 * Math.log1p(count)) / Math.log1p(most);
    context.fillStyle = color;
    context.fillRect(bin, 0, 1, 1);
  }
  return h("div", { class: "coverage" }, h("span", {}, title), canvas);
}

function gapsText(counts: readonly number[]): string {
  const empty = counts.filter((count) => count === 0).length;
  return empty === 0 ? "some all the time" : `none in ${empty} of ${counts.length} parts`;
}

/** Which part is looked at, in seconds from the beginning: what the mouse brushes, for the keyboard. */
function rangeInputs(shown: Shown, narrowing: Narrowing): HTMLElement {
  const beginNs = (): number => nsOf(shown.facts.strip.from);
  const endS = (): number => (shown.facts.strip.frames.inside.length * shown.facts.strip.binNs) / 1e9;
  const [first, last] = ["From", "To"].map((which) =>
    h("input", { type: "number", min: 0, step: "any", "aria-label": `${which}, seconds after the beginning` }),
  );
  const limit = (): void => {
    for (const each of [first, last]) each.max = String(Math.ceil(endS() * 1000) / 1000);
  };
  const form = h(
    "form",
    {
      class: "range",
      onsubmit: (event) => {
        event.preventDefault();
        const [fromS, toS] = [Number(first.value || 0), Number(last.value || endS())];
        narrowing.change({ time: [beginNs() + Math.min(fromS, toS) * 1e9, beginNs() + Math.max(fromS, toS) * 1e9] });
      },
    },
    first,
    h("span", {}, "to"),
    last,
    h("span", {}, "s"),
    h("button", {}, "Look"),
    h("button", { type: "button", onclick: () => narrowing.change({ time: undefined }) }, "All"),
  );
  narrowing.onChange(({ time }, before) => {
    if (time === before.time) return;
    [first.value, last.value] = time === undefined ? ["", ""] : time.map((ns) => ((ns - beginNs()) / 1e9).toFixed(6));
  });
  shown.onRefresh(limit);
  limit();
  return form;
}

function rangeText({ from }: StripData, [fromNs, toNs]: readonly [number, number]): string {
  const beginNs = nsOf(from);
  return `${latencyText(Math.max(0, fromNs - beginNs))} to ${latencyText(toNs - beginNs)}`;
}
