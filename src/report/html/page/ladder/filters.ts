import { framesOf, type LadderEvent } from "../model/events.js";
import type { Ends, Flow, SideName } from "../model/records.js";

/** Protocols whose ports Wireshark knows by their name. */
const WITH_PORTS = new Set(["tcp", "udp", "sctp", "dccp", "udplite"]);

/** A Wireshark display filter for a flow's packets, as they are on a side (wireshark-filter(4)). */
export function conversationFilter({ proto, ...flow }: Flow, side: SideName): string {
  const { src, dst, srcPort, dstPort, icmpId }: Ends = flow[side];
  const ip = src.includes(":") ? "ipv6" : "ip";
  const parts = [`${ip}.addr == ${src}`, `${ip}.addr == ${dst}`];
  if (WITH_PORTS.has(proto) && srcPort !== undefined && dstPort !== undefined)
    parts.push(`${proto}.port == ${srcPort}`, `${proto}.port == ${dstPort}`);
  if (icmpId !== undefined)
    parts.push(proto === "icmpv6" ? `icmpv6.echo.identifier == ${icmpId}` : `icmp.ident == ${icmpId}`);
  return [...new Set(parts)].join(" && ");
}

/** A display filter for a side's frames of what is on the screen, as they are numbered in a capture; empty where there are none. */
export function framesFilter(events: readonly LadderEvent[], side: SideName, capture: number): string {
  const frames = events.flatMap((event) => framesOf(event, side, capture));
  return frames.length === 0 ? "" : `frame.number in {${rangesOf(frames).join(", ")}}`;
}

/** What shows those of a capture in a terminal, for a shell. */
export function tsharkCommand(capture: string, filter: string): string {
  return `tshark -r ${quoted(capture)} -Y ${quoted(filter)}`;
}

/** `1..3, 7`, as Wireshark writes them in a set. */
function rangesOf(frames: readonly number[]): string[] {
  const ranges: [number, number][] = [];
  for (const frame of [...new Set(frames)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === frame - 1) last[1] = frame;
    else ranges.push([frame, frame]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}..${to}`));
}

/** A word for a POSIX shell, whatever is in it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
