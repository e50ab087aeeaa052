import type UPlot from "uplot";
import { colors, drawCharts } from "./charts.js";
import { h } from "./dom.js";
import { latencyText } from "../../text/latency.js";
import { nsOf } from "./format.js";
import type { Narrowing } from "./narrowing.js";
import { SIDES, type StripData } from "./records.js";

/** What happened in time: pairs and trouble, latencies, and where a capture has nothing. What is brushed narrows the rest of the page. */
export function stripSection(strip: StripData, narrowing: Narrowing): HTMLElement {
  const parent = h("div", { class: "charts" });
  const status = h("p", { class: "brushed", role: "status" });
  let plots: UPlot[] = [];
  const onBrush = (fromNs: number, toNs: number): void => narrowing.change({ time: [fromNs, toNs] });
  const show = (): void => {
    const { time } = narrowing.now;
    status.textContent = time === undefined ? "" : `Only ${rangeText(strip, time)} of the captures' time is looked at.`;
    for (const plot of plots) {
      const [left, right] = time?.map((ns) => plot.valToPos(ns / 1e9, "x")) ?? [0, 0];
      const height = time === undefined ? 0 : plot.over.clientHeight;
      plot.setSelect({ left, top: 0, width: right - left, height }, false);
    }
  };
  const draw = (): void => {
    for (const plot of plots) plot.destroy();
    plots = drawCharts(strip, { parent, onBrush });
    show();
  };
  narrowing.onChange(show);
  if (strip.frames.inside.length > 1) {
    new ResizeObserver(draw).observe(parent);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  }
  return h(
    "section",
    { "aria-labelledby": "strip" },
    h("h2", { id: "strip" }, "Time"),
    h("p", { class: "hint" }, "Drag across a chart to look at a part of the time, or type which part:"),
    rangeInputs(strip, narrowing),
    parent,
    h("p", { class: "hint" }, "Where each capture has frames:"),
    coverage(strip),
    status,
  );
}

/** By side, where its capture has frames and where it has none. */
function coverage({ frames }: StripData): HTMLElement {
  const rows = SIDES.map((side) => {
    const counts = frames[side];
    const most = Math.max(...counts, 1);
    const canvas = h("canvas", {
      width: counts.length,
      height: 1,
      role: "img",
      "aria-label": `Frames of ${side}, by time: ${gapsText(counts)}`,
    });
    const context = canvas.getContext("2d");
    const color = colors()("--covered");
    for (const [bin, count] of counts.entries()) {
      if (context === null || count === 0) continue;
      context.globalAlpha = 0.25 + (0.75 * Math.log1p(count)) / Math.log1p(most);
      context.fillStyle = color;
      context.fillRect(bin, 0, 1, 1);
    }
    return h("div", { class: "coverage" }, h("span", {}, side), canvas);
  });
  return h("div", {}, ...rows);
}

function gapsText(counts: readonly number[]): string {
  const empty = counts.filter((count) => count === 0).length;
  return empty === 0 ? "some all the time" : `none in ${empty} of ${counts.length} parts`;
}

/** Which part is looked at, in seconds from the beginning: what the mouse brushes, for the keyboard. */
function rangeInputs({ from, binNs, frames }: StripData, narrowing: Narrowing): HTMLElement {
  const beginNs = nsOf(from);
  const endS = (frames.inside.length * binNs) / 1e9;
  const input = (label: string) =>
    h("input", { type: "number", min: 0, max: Math.ceil(endS * 1000) / 1000, step: "any", "aria-label": label });
  const [first, last] = [input("From, seconds after the beginning"), input("To, seconds after the beginning")];
  const form = h(
    "form",
    {
      class: "range",
      onsubmit: (event) => {
        event.preventDefault();
        const [fromS, toS] = [Number(first.value || 0), Number(last.value || endS)];
        narrowing.change({ time: [beginNs + Math.min(fromS, toS) * 1e9, beginNs + Math.max(fromS, toS) * 1e9] });
      },
    },
    first,
    h("span", {}, "to"),
    last,
    h("span", {}, "s"),
    h("button", {}, "Look"),
    h("button", { type: "button", onclick: () => narrowing.change({ time: undefined }) }, "All"),
  );
  narrowing.onChange(({ time }) => {
    [first.value, last.value] = time === undefined ? ["", ""] : time.map((ns) => ((ns - beginNs) / 1e9).toFixed(6));
  });
  return form;
}

function rangeText({ from }: StripData, [fromNs, toNs]: readonly [number, number]): string {
  const beginNs = nsOf(from);
  return `${latencyText(Math.max(0, fromNs - beginNs))} to ${latencyText(toNs - beginNs)}`;
}
