import { StringDecoder } from "node:string_decoder";

/** What natcorr prints with -q --format ndjson, as far as it is looked at. */
interface Line {
  readonly type: string;
  readonly code: string;
  readonly count: number;
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
  readonly verdicts: Readonly<Record<string, number>>;
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
  /** How much each finding is about, by its code. */
  readonly findings = new Map<string, number>();

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

  /** How many packets are said to have been dropped. */
  get dropped(): number {
    const { inside, outside } = this.#summary?.totals ?? {};
    return (inside?.verdicts["dropped"] ?? 0) + (outside?.verdicts["dropped"] ?? 0);
  }

  /** What does not add up, one text each. `passed`: frames that the kernel has counted on both interfaces meanwhile, all of which must have been captured. */
  faults(passed: number): string[] {
    const { inside, outside } = this.#summary?.totals ?? {};
    const faults = this.unaccounted();
    for (const [side, { captureDropped = 0 } = {}] of Object.entries({ inside, outside }))
      if (captureDropped > 0) faults.push(`${side}: ${captureDropped} frames were dropped by the kernel`);
    // one that is sent before the first count or after the last (ARP) may be captured as well
    const captured = (inside?.frames ?? 0) + (outside?.frames ?? 0);
    if (captured < passed) faults.push(`${captured} frames captured of ${passed} that passed`);
    return faults;
  }

  /** What does not add up of that which was captured, one text each. */
  unaccounted(): string[] {
    if (this.#summary === undefined) return ["there is no summary"];
    const {
      totals: { inside, outside },
      flowCount: flows,
    } = this.#summary;
    const faults: string[] = [];
    for (const [side, account] of Object.entries({ inside, outside })) {
      const { frames, paired, unmatched, ambiguous, notIp, undecodable } = account;
      const sum = paired + unmatched + ambiguous + notIp + undecodable;
      if (frames !== sum) faults.push(`${side}: ${frames} frames, of which ${sum} are accounted for`);
    }
    if (flows !== this.#flows || flows !== this.#highestId)
      faults.push(`${flows} flows in the summary, ${this.#flows} reported, the last has number ${this.#highestId}`);
    if (inside.paired !== this.#pairs || outside.paired !== this.#pairs)
      faults.push(`${inside.paired} and ${outside.paired} frames are paired, and all flows have ${this.#pairs} pairs`);
    return faults;
  }

  text(): string {
    const sides = [this.#summary?.totals.inside, this.#summary?.totals.outside].map((side) => JSON.stringify(side));
    const findings = [...this.findings].map(([code, count]) => `${code} ${count}`).join(", ");
    return `${this.#flows} flows, ${this.#early} let go on the way; ${this.#pairs} pairs\ninside ${sides[0]}\noutside ${sides[1]}\n${findings}`;
  }

  #add(line: Line): void {
    if (line.type === "summary") this.#summary = line;
    if (line.type === "finding") this.findings.set(line.code, (this.findings.get(line.code) ?? 0) + line.count);
    if (line.type !== "flow") return;
    this.#flows++;
    this.#pairs += line.pairs;
    this.#highestId = Math.max(this.#highestId, line.flow);
  }
}
