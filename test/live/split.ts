import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Line } from "./lab.js";

const SIDES = ["inside", "outside"] as const;

/** What tshark tells of a pcapng: for each frame the name of its interface. */
export function interfacesOf(path: string): string[] {
  const fields = ["-T", "fields", "-e", "frame.interface_name"];
  // it warns on standard error that it runs as root
  const names = execFileSync("tshark", ["-r", path, ...fields], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return names.trim().split("\n");
}

/** Writes a pcapng of two interfaces as two captures, as `lab record` would have: inside.pcap and outside.pcap. */
export function split(path: string, dir: string): void {
  for (const [id, side] of SIDES.entries()) {
    const filter = ["-Y", `frame.interface_id == ${id}`, "-F", "nsecpcap"];
    execFileSync("tshark", ["-r", path, ...filter, "-w", join(dir, `${side}.pcap`)], { stdio: "ignore" });
  }
}

/** natcorr's lines about such a pcapng, with frames numbered as in the captures that `split` makes of it. */
export function renumbered(lines: readonly Line[], path: string): string {
  const counts = new Map<string, number>();
  const numbers = interfacesOf(path).map((name) => {
    const number = (counts.get(name) ?? 0) + 1;
    counts.set(name, number);
    return number;
  });
  const own = (frame: number): number => numbers[frame - 1];
  return lines
    .map((line) =>
      JSON.stringify(line, (key, value: unknown) => {
        if (key === "frame" && typeof value === "number") return own(value);
        if (key === "frames" && Array.isArray(value)) return value.map((frame: number) => own(frame));
        return value;
      }),
    )
    .join("\n");
}
