import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { parse } from "pcap-parser";

/** Fields a NAT leaves alone, one a tshark column; a join needs all of them to agree. */
const FIELDS = [
  "ip.id",
  "ip.proto",
  "ip.len",
  "tcp.seq_raw",
  "tcp.ack_raw",
  "tcp.flags",
  "icmp.type",
  "icmp.seq",
  "udp.length",
];

/**
 * What one would write without natcorr: tshark prints both captures' fields, a Map joins the lines that agree.
 * Both tsharks run at once.
 *
 * @param frames frames to read of each capture; 0 for all.
 * @returns pairs found.
 */
export async function joinTsharks(inside: string, outside: string, frames: number): Promise<number> {
  const waiting = { inside: new Map<string, string[]>(), outside: new Map<string, string[]>() };
  let pairs = 0;
  const read = async (path: string, own: Map<string, string[]>, other: Map<string, string[]>) => {
    const columns = ["frame.number", "frame.time_epoch", ...FIELDS].flatMap((field) => ["-e", field]);
    const limit = frames === 0 ? [] : ["-c", String(frames)];
    const args = ["-n", "-r", path, ...limit, "-T", "fields", ...columns];
    const tshark = spawn("tshark", args, { stdio: ["ignore", "pipe", "ignore"] });
    for await (const line of createInterface({ input: tshark.stdout })) {
      const key = line.slice(line.indexOf("\t", line.indexOf("\t") + 1));
      const twins = other.get(key);
      if (twins?.pop() !== undefined) pairs++;
      else if (own.has(key)) own.get(key)?.push(line);
      else own.set(key, [line]);
    }
  };
  await Promise.all([read(inside, waiting.inside, waiting.outside), read(outside, waiting.outside, waiting.inside)]);
  return pairs;
}

/** Reads captures with pcap-parser, one after the other, doing nothing with the packets. @returns packets read. */
export async function readWithPcapParser(paths: readonly string[]): Promise<number> {
  let packets = 0;
  for (const path of paths) {
    await new Promise<void>((resolve, reject) => {
      const parser = parse(path);
      parser.on("packet", () => {
        packets++;
      });
      parser.on("end", resolve);
      parser.on("error", reject);
    });
  }
  return packets;
}
