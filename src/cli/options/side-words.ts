import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SideNames } from "../../packets/sides.js";
import type { CaptureFiles } from "../../pipeline/captures.js";

/** libpcap's name for all interfaces together. */
const ANY = "any";
const NOT_ANY =
  "any shows both sides of each packet, so that it would be paired with itself: name the uplink, which `ip route get 1.1.1.1` tells; " +
  "or capture with `tcpdump -i any -w any.pcap` and read that: natcorr file any.pcap --inside <ifindex or prefix>";

/** What a word of the command line names that stands for a side: one thing, or several with commas between, in the order of their names. */
export function namesIn(word: string): string[] {
  return [...new Set(word.split(",").filter((name) => name !== ""))].sort();
}

/** What is wrong with the interfaces of both sides, if anything. */
export function sidesProblem(names: SideNames): string | undefined {
  const both = names[0].find((name) => names[1].includes(name));
  if (both !== undefined) return `inside and outside must be two interfaces: ${both} is given as both`;
  return names.flat().includes(ANY) ? NOT_ANY : undefined;
}

/**
 * The captures that a word names: files with commas between, of which `*`, `?` and `[…]` in a file's name stand for the files of one capture. A file that
 * is called like the word is that file, and a pattern that no file fits is a file that is not there.
 */
export function capturesIn(word: string): CaptureFiles[] {
  if (word === "-" || existsSync(word)) return [[word]];
  return namesIn(word).map((name) => (/[*?[]/.test(name) && !existsSync(name) ? filesLike(name) : [name]));
}

/** The files that a pattern fits, in no order that means anything. */
function filesLike(pattern: string): CaptureFiles {
  const folder = dirname(pattern);
  const name = pattern.slice(pattern.lastIndexOf("/") + 1);
  const fits = expressionOf(name);
  let found: string[] = [];
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    const files = entries.filter((each) => each.isFile() || each.isSymbolicLink());
    found = files.map((each) => each.name).filter((each) => fits.test(each) && !each.startsWith("."));
  } catch {
    // a folder that cannot be read has no such files, either
  }
  if (found.length === 0) return [pattern];
  return found.sort().map((each) => (pattern.includes("/") ? join(folder, each) : each));
}

/** A pattern of the shell for a file's name, glob(7), as a regular expression. */
function expressionOf(name: string): RegExp {
  const source = name.replaceAll(/\[!?[^\]]+\]|[*?]|[.+^${}()|[\]\\]/g, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    return part.length > 1 ? part.replace("[!", "[^").replaceAll("\\", "\\\\") : `\\${part}`;
  });
  return new RegExp(`^${source}$`, "s");
}
