import { printable } from "../../../packets/printable.js";
import type { Ends, Header, SideName } from "./model/records.js";

/** Nanoseconds of a record's time, epoch; as a double, exact to a quarter of a microsecond: for placing and ordering what is microseconds apart. */
export function nsOf(time: string): number {
  const point = time.indexOf(".");
  if (point < 0) return Number(time) * 1e9;
  return Number(time.slice(0, point)) * 1e9 + Number(time.slice(point + 1).padEnd(9, "0"));
}

/** The time of day of a record, to the microsecond or to so many digits of a second, where whoever reads it is. */
export function clockText(time: string, digits = 6): string {
  const [seconds, decimals = ""] = time.split(".");
  const point = digits === 0 ? "" : ".";
  return `${secondsText(Number(seconds))}${point}${decimals.padEnd(digits, "0").slice(0, digits)}`;
}

/** The time of day of some epoch nanoseconds, to the second. */
export function secondsText(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

const SIZES = [
  { name: "GB", bytes: 1e9 },
  { name: "MB", bytes: 1e6 },
  { name: "kB", bytes: 1e3 },
];

/** `1.20 MB` */
export function bytesText(bytes: number): string {
  const size = SIZES.find((each) => bytes >= each.bytes);
  if (size === undefined) return `${bytes} B`;
  const count = bytes / size.bytes;
  return `${count.toFixed(count < 10 ? 2 : count < 100 ? 1 : 0)} ${size.name}`;
}

export function countText(count: number): string {
  return count.toLocaleString("en");
}

/** An address and its port, as tcpdump writes them: `172.17.0.2.53`. */
function endText(ends: Partial<Ends>, end: "src" | "dst"): string {
  const port = end === "src" ? ends.srcPort : ends.dstPort;
  return `${ends[end] ?? "several"}${port === undefined ? "" : `.${port}`}`;
}

/** Both of them: `172.17.0.2.5353 > 1.1.1.1.53`. */
export function endsText(ends: Partial<Ends>): string {
  const id = ends.icmpId === undefined ? "" : ` id ${ends.icmpId}`;
  return `${endText(ends, "src")} > ${endText(ends, "dst")}${id}`;
}

/** A side's captures, as text names them: without the folders that they are in. */
export function captureNames({ captures }: Header, side: SideName): string[] {
  return captures[side].map(({ name }) => printable(name.slice(name.lastIndexOf("/") + 1)));
}
