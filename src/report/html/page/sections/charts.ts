import UPlot, { type AlignedData, type Axis, type Options, type Scales, type Series } from "uplot";
import { h } from "../dom.js";
import { latencyText } from "../../../text/latency.js";
import { clockText, nsOf } from "../format.js";
import type { Direction, StripData } from "../model/records.js";

/** Cursors of all charts stand at one time. */
const SYNCED = "time";
const CHART_HEIGHT = 130;
/** What axes take, points: that of time below, the other at the left; as much is left free at the right. */
const TIME_AXIS = 30;
const SIDE_AXIS = 60;
/** 100,000 is 100K: longer numbers have no room. */
const RATES: Axis = {
  label: "pairs a second",
  values: (_, all) => all.map((rate) => rate.toLocaleString("en", { notation: "compact" })),
};
/** A bin of trouble is seen, however short it is. */
const BAR_WIDTH = 3;
/** Latencies are drawn by their logarithm, so that each ten times longer one is as far up. */
const DECADES = [1, 2, 3];
const WAYS: readonly (readonly [Direction, string])[] = [
  ["outbound", "→"],
  ["inbound", "←"],
];
const TIME: Series = { label: "time", value: (_, at) => (at === null ? "" : clockText(at.toFixed(3)).slice(0, -3)) };
const LOOK = { width: 1.5, spanGaps: true };

/** Where a chart is, and who is told what was brushed, epoch nanoseconds. */
interface Place {
  readonly parent: HTMLElement;
  readonly onBrush: (fromNs: number, toNs: number) => void;
}

/** The charts of what happened in time, in the page's colours, as wide as their place. */
export class Charts {
  readonly #place: Place;
  #plots: readonly UPlot[] = [];
  /** Which series they have. */
  #shape = "";

  constructor(place: Place) {
    this.#place = place;
  }

  /** Shows what there is. `isOther`: the page looks otherwise, so that all is drawn anew. */
  show(strip: StripData, isOther: boolean): void {
    const [pairs, latencies] = [pairsData(strip), latencyData(strip)];
    const data = hasLatencies(strip) ? [pairs, latencies] : [pairs];
    const shape = [hasLatencies(strip), ...troublesOf(strip).map(([kind]) => kind)].join(" ");
    if (!isOther && shape === this.#shape) {
      for (const [at, plot] of this.#plots.entries()) plot.setData(data[at]);
      return;
    }
    this.#shape = shape;
    for (const plot of this.#plots) plot.destroy();
    const charts = [pairsChart, latencyChart];
    this.#plots = data.map((each, at) => charts[at](strip, each, this.#place));
  }

  /** Marks what is looked at, epoch nanoseconds. */
  select(time: readonly [fromNs: number, toNs: number] | undefined): void {
    // uPlot has the scales of new data in its next microtask
    queueMicrotask(() => {
      for (const plot of this.#plots) {
        const [left, right] = time?.map((ns) => plot.valToPos(ns / 1e9, "x")) ?? [0, 0];
        const height = time === undefined ? 0 : plot.over.clientHeight;
        plot.setSelect({ left, top: 0, width: right - left, height }, false);
      }
    });
  }
}

function hasLatencies({ latency }: StripData): boolean {
  return Object.values(latency).some(({ p50Ns }) => p50Ns.some((ns) => ns !== null));
}

/** When each bin begins, epoch seconds. */
function timesOf({ from, binNs, frames }: StripData): number[] {
  return frames.inside.map((_, bin) => (nsOf(from) + bin * binNs) / 1e9);
}

/** The kinds of trouble that there is. */
function troublesOf({ troubles }: StripData): [kind: string, counts: readonly number[]][] {
  return Object.entries(troubles).filter(([, counts]) => counts.some((count) => count > 0));
}

function pairsData(strip: StripData): AlignedData {
  const binS = strip.binNs / 1e9;
  return [
    timesOf(strip),
    ...WAYS.map(([way]) => strip.pairs[way].map((count) => count / binS)),
    ...troublesOf(strip).map(([, counts]) => counts.map((count) => (count === 0 ? null : count))),
  ];
}

function pairsChart(strip: StripData, data: AlignedData, place: Place): UPlot {
  const color = colors();
  const bars = UPlot.paths.bars?.({ size: [1, Number.POSITIVE_INFINITY, BAR_WIDTH] });
  const rates = WAYS.map(([way, arrow]): Series => {
    return { label: `pairs/s ${arrow}`, stroke: color(`--${way}`), value: rateText, width: LOOK.width };
  });
  const counts = troublesOf(strip).map(([kind]): Series => {
    const stroke = color(kind === "dropped" ? "--bad" : kind === "refused" ? "--refused" : "--doubtful");
    const series: Series = {
      label: `${kind} (packets)`,
      scale: "troubles",
      stroke,
      fill: stroke,
      points: { show: false },
    };
    series.value = (_, count) => (count === null ? "" : String(count));
    if (bars !== undefined) series.paths = bars;
    return series;
  });
  // trouble takes half of the height at the most: pairs are seen behind it
  const scales: Scales = { troubles: { range: (_, __, most) => [0, Math.max(2, 2 * most)] } };
  const what = "Pairs a second and trouble, by time";
  return chart({ series: [TIME, ...rates, ...counts], data, scales, axis: RATES, what }, place);
}

function rateText(_: UPlot, rate: number | null): string {
  return rate === null ? "" : rate.toFixed(rate < 10 ? 1 : 0);
}

function latencyData(strip: StripData): AlignedData {
  return [
    timesOf(strip),
    ...WAYS.flatMap(([way]) => [logarithms(strip.latency[way].p50Ns), logarithms(strip.latency[way].p99Ns)]),
  ];
}

function latencyChart(_: StripData, data: AlignedData, place: Place): UPlot {
  const color = colors();
  const series = WAYS.flatMap(([way, arrow]): Series[] => {
    const look = { ...LOOK, stroke: color(`--${way}`), value: longText };
    return [
      { ...look, label: `p50 ${arrow}` },
      { ...look, label: `p99 ${arrow}`, width: 1, dash: [4, 3] },
    ];
  });
  const axis: Axis = { label: "latency", incrs: DECADES, values: (_, all) => all.map((each) => longText(_, each)) };
  return chart({ series: [TIME, ...series], data, axis, what: "Latency, half and 99 of 100 pairs, by time" }, place);
}

function logarithms(all: readonly (number | null)[]): (number | null)[] {
  return all.map((ns) => (ns === null ? null : Math.log10(ns)));
}

function longText(_: UPlot, logarithm: number | null): string {
  return logarithm === null ? "" : latencyText(Math.round(10 ** logarithm));
}

interface Chart {
  readonly series: Series[];
  readonly data: AlignedData;
  readonly axis: Axis;
  readonly scales?: Scales;
  readonly what: string;
}

function chart({ series, data, axis, scales = {}, what }: Chart, { parent, onBrush }: Place): UPlot {
  const color = colors();
  const line = { stroke: color("--line"), width: 1 };
  const look: Axis = { stroke: color("--text"), grid: line, ticks: line };
  const figure = h("figure", { role: "img", "aria-label": what });
  parent.append(figure);
  const options: Options = {
    series,
    scales,
    width: Math.max(280, parent.clientWidth),
    height: CHART_HEIGHT,
    axes: [
      { ...look, size: TIME_AXIS },
      { ...look, size: SIDE_AXIS, labelSize: 16, ...axis },
    ],
    padding: [null, SIDE_AXIS, null, null],
    cursor: { drag: { x: true, y: false, setScale: false }, sync: { key: SYNCED } },
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 2) return;
          const [fromNs, toNs] = [left, left + width].map((at) => plot.posToVal(at, "x") * 1e9);
          onBrush(fromNs, toNs);
        },
      ],
      destroy: [() => figure.remove()],
    },
  };
  return new UPlot(options, data, figure);
}

/** The page's colours, as they are now. */
export function colors(): (name: string) => string {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(name).trim();
}
