import type { Ends } from "./records.js";

/** Nanoseconds of a record's time, epoch; as a double, exact to a quarter of a microsecond: for placing and ordering what is microseconds apart. */
export function nsOf(time: string): number {
  const [seconds, decimals = ""] = time.split(".");
  return Number(seconds) * 1e9 + Number(decimals.padEnd(9, "0"));
}

/** The time of day of a record, to the microsecond, where whoever reads it is. */
export function clockText(time: string): string {
  const [seconds, decimals = ""] = time.split(".");
  return `${secondsText(Number(seconds))}.${decimals.padEnd(6, "0").slice(0, 6)}`;
}

/** The time of day of some epoch nanoseconds, to the second. */
export function secondsText(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

interface Unit {
  readonly name: string;
  readonly size: number;
  /** Decimals; without, as many as make three digits. */
  readonly digits?: number;
}
const DURATIONS: readonly Unit[] = [
  { name: "s", size: 1e9 },
  { name: "ms", size: 1e6 },
  { name: "µs", size: 1e3 },
  { name: "ns", size: 1, digits: 0 },
];
const SIZES: readonly Unit[] = [
  { name: " GB", size: 1e9 },
  { name: " MB", size: 1e6 },
  { name: " kB", size: 1e3 },
  { name: " B", size: 1, digits: 0 },
];

/** Three digits and a unit: `29.0µs`. */
export function durationText(ns: number): string {
  return inUnits(ns, DURATIONS);
}

/** `1.20 MB` */
export function bytesText(bytes: number): string {
  return inUnits(bytes, SIZES);
}

function inUnits(value: number, units: readonly Unit[]): string {
  const { name, size, digits } = units.find((unit) => Math.abs(value) >= unit.size) ?? units[units.length - 1];
  const count = value / size;
  const usual = Math.abs(count) < 10 ? 2 : Math.abs(count) < 100 ? 1 : 0;
  return `${count.toFixed(digits ?? usual)}${name}`;
}

export function countText(count: number): string {
  return count.toLocaleString("en");
}

export type End = "src" | "dst";

/** An address and its port, as tcpdump writes them: `172.17.0.2.53`. */
function endText(ends: Partial<Ends>, end: End): string {
  const port = end === "src" ? ends.srcPort : ends.dstPort;
  return `${ends[end] ?? "several"}${port === undefined ? "" : `.${port}`}`;
}

/** Both of them: `172.17.0.2.5353 > 1.1.1.1.53`. */
export function endsText(ends: Partial<Ends>): string {
  const id = ends.icmpId === undefined ? "" : ` id ${ends.icmpId}`;
  return `${endText(ends, "src")} > ${endText(ends, "dst")}${id}`;
}
