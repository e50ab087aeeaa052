import { StringDecoder } from "node:string_decoder";

/** What natcorr prints with -q --format ndjson, as far as it is looked at. */
interface Line {
  readonly type: string;
  readonly flow: number;
  readonly pairs: number;
  readonly flowCount: number;
  readonly totals: { readonly inside: Account; readonly outside: Account };
}

interface Account {
  readonly frames: number;
  readonly paired: number;
  readonly unmatched: number;
  readonly ambiguous: number;
  readonly notIp: number;
  readonly undecodable: number;
  readonly captureDropped: number;
}

/** natcorr's flow lines added up as they come, and what its summary says of the same. */
export class FlowTally {
  readonly #decoder = new StringDecoder();
  #rest = "";
  #flows = 0;
  /** Those that were let go before the end was asked for. */
  #early = 0;
  #highestId = 0;
  #pairs = 0;
  #summary: Line | undefined;

  /** Takes more of what natcorr prints. Throws SyntaxError where that is no JSON. */
  read(text: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(text)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#add(JSON.parse(line));
  }

  /** The end is asked for now: flows reported from here on were alive until then. */
  noteEnd(): void {
    this.#early = this.#flows;
  }

  /** What does not add up, one text each. `passed`: frames that the kernel has counted on both interfaces meanwhile. */
  faults(passed: number): string[] {
    if (this.#summary === undefined) return ["there is no summary"];
    const {
      totals: { inside, outside },
      flowCount: flows,
    } = this.#summary;
    const faults: string[] = [];
    for (const [side, account] of Object.entries({ inside, outside })) {
      const { frames, paired, unmatched, ambiguous, notIp, undecodable, captureDropped } = account;
      const sum = paired + unmatched + ambiguous + notIp + undecodable;
      if (frames !== sum) faults.push(`${side}: ${frames} frames, of which ${sum} are accounted for`);
      if (captureDropped > 0) faults.push(`${side}: ${captureDropped} frames were dropped by the kernel`);
    }
    // one that is sent before the first count or after the last (ARP) may be captured as well
    if (inside.frames + outside.frames < passed)
      faults.push(`${inside.frames + outside.frames} frames captured of ${passed} that passed`);
    if (flows !== this.#flows || flows !== this.#highestId)
      faults.push(`${flows} flows in the summary, ${this.#flows} reported, the last has number ${this.#highestId}`);
    if (inside.paired !== this.#pairs || outside.paired !== this.#pairs)
      faults.push(`${inside.paired} and ${outside.paired} frames are paired, and all flows have ${this.#pairs} pairs`);
    return faults;
  }

  text(): string {
    const sides = [this.#summary?.totals.inside, this.#summary?.totals.outside].map((side) => JSON.stringify(side));
    return `${this.#flows} flows, ${this.#early} let go on the way; ${this.#pairs} pairs\ninside ${sides[0]}\noutside ${sides[1]}`;
  }

  #add(line: Line): void {
    if (line.type === "summary") this.#summary = line;
    if (line.type !== "flow") return;
    this.#flows++;
    this.#pairs += line.pairs;
    this.#highestId = Math.max(this.#highestId, line.flow);
  }
}
