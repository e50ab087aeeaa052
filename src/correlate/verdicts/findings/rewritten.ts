import { type Finding, findingOf, Gathered } from "../../../packets/results/findings.js";
import { alteredWords } from "../../../packets/results/evidence.js";
import type { EndedFlow } from "./ended-flow.js";
import type { End, Finder } from "./finder.js";

/** `rewritten`: what this router rewrites beyond addresses, ports and ICMP ids. */
export class Rewritten implements Finder {
  readonly #flows = new Gathered();

  flow(flow: EndedFlow): void {
    if (flow.wasAltered) this.#flows.addFlow(flow);
  }

  close({ alteredPairs, altered, pairs }: End): Finding[] {
    if (alteredPairs === 0) return [];
    const fields = altered.flatMap((count, bit) =>
      count === 0 ? [] : [`${alteredWords(1 << bit)[0]} (${thousands(count)} of ${thousands(pairs)} pairs)`],
    );
    const text = `the router rewrites more than addresses and ports: ${fields.join(", ")}`;
    return [findingOf("rewritten", alteredPairs, text, this.#flows)];
  }
}

/** `1,998`. */
function thousands(count: number): string {
  return count.toLocaleString("en-US");
}
