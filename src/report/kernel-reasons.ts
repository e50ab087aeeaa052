import { type Finding, findingOf } from "../packets/results/findings.js";
import { Gathered } from "../packets/results/gathered.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import type { Judgement, Moved, Sink, Summary, Update } from "../packets/results/results.js";
import type { Verdict } from "../packets/results/verdicts.js";
import { frameKey, type Side } from "../packets/sides.js";
import type { KernelDrop, KernelDropsTold } from "../packets/results/traces.js";
import { epochNsOf } from "../packets/results/epoch-ns.js";

/** So many dropped packets are given a reason: a megabyte. */
const MOST_GIVEN = 10_000;
/** So many other reasons are counted by name. */
const MOST_COUNTED = 10;

/** A dropped packet, and the only drop of the kernel's that it may be. */
interface Given {
  readonly side: Side;
  readonly frame: number;
  readonly flow: number | undefined;
  readonly isIpv6: boolean;
  readonly drop: KernelDrop;
}

/** Passes all results on, and tells at the end why the kernel dropped what was dropped. */
export class KernelReasons extends PassingSink {
  readonly #drops: KernelDropsTold;
  /** By `frameKey`. */
  readonly #given = new Map<number, Given>();
  #dropped = 0;

  constructor(next: Sink, drops: KernelDropsTold) {
    super(next);
    this.#drops = drops;
  }

  override wantsVerdict(verdict: Verdict): boolean {
    return verdict === "dropped" || super.wantsVerdict(verdict);
  }

  override unmatched(row: number, judgement: Judgement): void {
    if (judgement.verdict === "dropped") this.#note(row);
    super.unmatched(row, judgement);
  }

  override update(update: Update): void {
    const { side, frame, verdict, before } = update;
    if (before.verdict === "dropped" && verdict !== "dropped") this.#takeBack(side, frame);
    super.update(update);
  }

  /** Nobody says which: of those of that side, nothing is told any more. */
  override moved(moved: Moved): void {
    if (moved.before.verdict === "dropped")
      for (const { side, frame } of this.#given.values()) if (side === moved.side) this.#takeBack(side, frame);
    super.moved(moved);
  }

  override end(summary: Summary): void {
    for (const finding of this.#findings()) this.next.finding(finding);
    super.end(summary);
  }

  #note(row: number): void {
    this.#dropped++;
    const { timeline } = this.tables;
    const drop = this.#drops.fitting(epochNsOf(this.tables, row));
    if (drop === undefined || this.#given.size === MOST_GIVEN) return;
    drop.packets++;
    const [side, frame, flow] = [timeline.sideOf(row), timeline.frame(row), this.tables.flowOf(row)];
    this.#given.set(frameKey(side, frame), { side, frame, flow, isIpv6: timeline.isIpv6(row), drop });
  }

  #takeBack(side: Side, frame: number): void {
    this.#dropped--;
    const key = frameKey(side, frame);
    const given = this.#given.get(key);
    if (given === undefined) return;
    given.drop.packets--;
    this.#given.delete(key);
  }

  #findings(): Finding[] {
    if (this.#dropped === 0) return [];
    const { counts, lost, failure } = this.#drops;
    if (failure !== undefined)
      return [findingOf("trace-unread", 0, `the kernel does not tell why it drops packets: ${failure}`)];
    const byReason = new Map<string, Gathered>();
    for (const { side, frame, flow, isIpv6, drop } of this.#given.values()) {
      if (drop.packets > 1) continue;
      const gathered = byReason.get(drop.reason) ?? new Gathered();
      byReason.set(drop.reason, gathered);
      gathered.add(side, frame, flow, isIpv6);
    }
    const given: Finding[] = [];
    for (const [reason, gathered] of byReason) {
      const text = `one drop of the kernel's alone is near each in time: ${reason} (${counts.get(reason)} in all)`;
      const isAbout = (side: Side, frame: number): boolean => {
        const drop = this.#given.get(frameKey(side, frame))?.drop;
        return drop?.reason === reason && drop.packets === 1;
      };
      given.push({ ...findingOf("drop-reason", gathered.count, text, gathered), isAbout });
    }
    const others = [...counts]
      .filter(([reason]) => !byReason.has(reason))
      .toSorted(([, one], [, other]) => other - one);
    const named = others.slice(0, MOST_COUNTED).map(([reason, count]) => `${reason} ${count}`);
    const unknown = lost > 0 ? [`${lost} of which it could not tell`] : [];
    const told = [...named, ...unknown].join(", ");
    if (told === "") return given;
    const count = others.reduce((sum, [, each]) => sum + each, lost);
    const left = [...byReason.values()].reduce((sum, gathered) => sum - gathered.count, this.#dropped);
    const mayBeTheirs = lost > 0 || others.some(([reason]) => this.#drops.mayBeForwarded(reason));
    const text =
      left > 0 && mayBeTheirs
        ? `the kernel let go of packets meanwhile, and does not say whose, of this host or any other on it: ${told}; ${left} dropped here that have no drop-reason may be among them`
        : `the kernel let go of other packets meanwhile, of this host or any other on it: ${told}`;
    return [...given, findingOf("kernel-drops", count, text)];
  }
}
