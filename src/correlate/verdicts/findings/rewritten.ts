import { type Finding, findingOf } from "../../../packets/results/findings.js";
import { alteredWords } from "../../../packets/results/evidence.js";
import { INSIDE } from "../../../packets/sides.js";
import type { End, Finder } from "./finder.js";

/** `rewritten`: what this router rewrites beyond addresses, ports and ICMP ids. */
export class Rewritten implements Finder {
  close({ rewritten, altered, pairs }: End): Finding[] {
    const { count } = rewritten.frames[INSIDE];
    if (count === 0) return [];
    const fields = altered.flatMap((many, bit) =>
      many === 0 ? [] : [`${alteredWords(1 << bit)[0]} (${thousands(many)} of ${thousands(pairs)} pairs)`],
    );
    const text = `the router rewrites more than addresses and ports: ${fields.join(", ")}`;
    return [findingOf("rewritten", count, text, rewritten)];
  }
}

/** `1,998`. */
function thousands(count: number): string {
  return count.toLocaleString("en-US");
}
