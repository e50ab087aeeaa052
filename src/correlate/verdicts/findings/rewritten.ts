import { type Finding, findingOf } from "../../../packets/findings.js";
import { ALTERED } from "../../../packets/results.js";
import type { End, Finder } from "./finder.js";

/** What `ALTERED` calls them, in words. */
const WORDS: Readonly<Record<(typeof ALTERED)[number], string>> = {
  ipId: "the IP ID",
  options: "TCP options",
  window: "the TCP window",
  ecn: "TCP's ECN flags",
  payload: "the payload",
};

/** `rewritten`: what this router rewrites beyond addresses, ports and ICMP ids. */
export class Rewritten implements Finder {
  close({ altered, pairs }: End): Finding[] {
    let count = 0;
    for (const some of altered.values()) count += some;
    if (count === 0) return [];
    const fields: string[] = [];
    for (const [bit, name] of ALTERED.entries()) {
      let some = 0;
      for (const [bits, of] of altered) if ((bits & (1 << bit)) !== 0) some += of;
      if (some > 0) fields.push(`${WORDS[name]} (${thousands(some)} of ${thousands(pairs)} pairs)`);
    }
    const text = `the router rewrites more than addresses and ports: ${fields.join(", ")}`;
    return [findingOf("rewritten", count, text)];
  }
}

/** `1,998`. */
function thousands(count: number): string {
  return count.toLocaleString("en-US");
}
