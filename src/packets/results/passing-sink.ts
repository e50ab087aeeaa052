import type { Finding } from "./findings.js";
import type { Flow } from "../flows/flows.js";
import type { PairTimes } from "./pair-times.js";
import {
  type FlowSummary,
  type Judgement,
  type Moved,
  type Sink,
  type Summary,
  type Tables,
  type Update,
  wantsUpdate,
} from "./results.js";
import type { Verdict } from "./verdicts.js";

/**
 * Passes all results on to another sink: what another class has to say of some of them, it says in place of this one. Of packets without a twin, the other sink is
 * told what it wants, whatever this one wants beside that.
 */
export class PassingSink implements Sink {
  protected readonly next: Sink;
  /** What rows belong to, once results begin. */
  protected tables!: Tables;

  constructor(next: Sink) {
    this.next = next;
  }

  get wantsPairs(): boolean {
    return this.next.wantsPairs;
  }

  get pairTimes(): PairTimes | undefined {
    return this.next.pairTimes;
  }

  get mostFlows(): number {
    return this.next.mostFlows;
  }

  wantsVerdict(verdict: Verdict): boolean {
    return this.next.wantsVerdict(verdict);
  }

  begin(tables: Tables): void {
    this.tables = tables;
    this.next.begin(tables);
  }

  pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    this.next.pair(inside, outside, flow, isOutbound, latencyNs);
  }

  ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    this.next.ambiguous(inside, outside, why);
  }

  unmatched(row: number, judgement: Judgement): void {
    if (this.next.wantsVerdict(judgement.verdict)) this.next.unmatched(row, judgement);
  }

  update(update: Update): void {
    if (wantsUpdate(this.next, update)) this.next.update(update);
  }

  moved(moved: Moved): void {
    this.next.moved?.(moved);
  }

  flow(flow: FlowSummary): void {
    this.next.flow(flow);
  }

  finding(finding: Finding): void {
    this.next.finding(finding);
  }

  end(summary: Summary): void {
    this.next.end(summary);
  }
}
