import type { Finding } from "../../packets/results/findings.js";
import type { FlowSummary, Judgement, Missing, Moved, Update } from "../../packets/results/results.js";
import type { Verdict } from "../../packets/results/verdicts.js";
import { isAgain } from "../../packets/packets.js";
import { TCP } from "../../protocols/ip-protocols.js";
import { INSIDE, type Side } from "../../packets/sides.js";
import type { Steps } from "../../packets/memory/steps.js";
import type { TupleTable } from "../../packets/tuple-table.js";
import type { Crossed } from "../kernel/crossed.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Shown } from "../shown.js";
import type * as remarkable from "./assembly/remarkable.js";
import code from "./assembly/remarkable.wasm";
import { EndedFlow } from "./findings/seen/ended-flow.js";
import type { Context, End, Finder } from "./findings/finder.js";
import { Hidden } from "./findings/seen/hidden.js";
import { FINDERS } from "./findings/registry.js";
import { LocalCalls } from "./findings/seen/local-calls.js";
import { Requests } from "./findings/seen/requests.js";
import { SEEN } from "./remarkable-words.js";

/** So many flows are sorted out at once. */
const SORTED_AT_ONCE = 1024;

const module = new WebAssembly.Module(code);

/** What findings are about. */
export interface About extends Omit<Context, "hidden" | "requests" | "localCalls"> {
  readonly tuples: TupleTable;
  readonly kernel: Pick<Kernel, "crossed">;
  /** Of a run that ends after so many pairs, those that it has shown. */
  readonly shown: Shown | undefined;
}

/** What an operator should know beyond the pairs: tells all finders what there is, and at the end, what they found. */
export class Findings {
  readonly #about: About;
  readonly #remarkable: Steps<typeof remarkable>["remarkable"];
  readonly #seen: Int32Array;
  readonly #hidden = new Hidden();
  readonly #requests: Requests;
  readonly #localCalls: LocalCalls;
  readonly #flow: EndedFlow;
  /** The flows of a conversation whose translation was replaced. */
  readonly #before: EndedFlow;
  readonly #now: EndedFlow;
  readonly #finders: readonly Finder[];
  readonly #ofFlows: readonly Finder[];
  readonly #ofLinked: readonly Finder[];
  readonly #ofUpdates: readonly Finder[];
  readonly #ofAgain: readonly Finder[];
  /** How many of the crossings that the kernel keeps were looked at. */
  #looked = 0;
  readonly #byVerdict = new Map<Verdict, Finder[]>();

  constructor(about: About) {
    const { heap, accounts, tuples } = about;
    this.#about = about;
    this.#remarkable = heap.load<typeof remarkable>(module).remarkable;
    this.#seen = heap.take(Int32Array, 2 * SEEN);
    this.#flow = new EndedFlow(accounts, tuples);
    this.#before = new EndedFlow(accounts, tuples);
    this.#now = new EndedFlow(accounts, tuples);
    this.#requests = new Requests(heap, accounts, tuples);
    this.#localCalls = new LocalCalls(about.timeline, tuples);
    const context = { ...about, hidden: this.#hidden, requests: this.#requests, localCalls: this.#localCalls };
    this.#finders = FINDERS.map((Each) => new Each(context));
    this.#ofFlows = this.#finders.filter((finder) => finder.flow !== undefined);
    this.#ofLinked = this.#finders.filter((finder) => finder.linked !== undefined);
    this.#ofUpdates = this.#finders.filter((finder) => finder.update !== undefined);
    this.#ofAgain = this.#finders.filter((finder) => finder.again !== undefined);
    for (const finder of this.#finders)
      for (const verdict of finder.verdicts ?? [])
        this.#byVerdict.set(verdict, [...(this.#byVerdict.get(verdict) ?? []), finder]);
  }

  /** Takes the flows in some slots, which have ended. There is nothing to tell of most, and those are sorted out in WebAssembly. */
  flows(slots: Int32Array): void {
    const { heap, accounts, tuples } = this.#about;
    this.crossed();
    heap.lend(Int32Array, SORTED_AT_ONCE, (list) => {
      for (let from = 0; from < slots.length; from += SORTED_AT_ONCE) {
        const some = slots.subarray(from, from + SORTED_AT_ONCE);
        list.set(some);
        const flows = accounts.records.byteOffset;
        const seen = this.#seen.byteOffset;
        const requests = this.#requests.words;
        const count = this.#remarkable(list.byteOffset, some.length, flows, tuples.records.byteOffset, seen, requests);
        for (let at = 0; at < count; at++) this.flow(list[at]);
        for (const slot of some) this.#requests.forget(slot);
      }
    });
  }

  /** Takes what crossed since the last call, as far as the kernel keeps it (`Crossed`). */
  crossed(): void {
    const { crossed } = this.#about.kernel;
    const { count } = crossed;
    this.#requests.reserve();
    for (; this.#looked !== count; this.#looked = (this.#looked + 1) >>> 0)
      if (crossed.proto(this.#looked) === TCP) this.#segment(crossed, this.#looked);
  }

  #segment(crossed: Crossed, crossing: number): void {
    if (!isAgain(crossed.flags(crossing))) this.#requests.take(crossed, crossing);
    else for (const finder of this.#ofAgain) finder.again!(crossed, crossing);
  }

  /** Takes one flow. */
  flow(slot: number): void {
    const { shown } = this.#about;
    const flow = this.#flow.of(slot);
    this.#hidden.flow(flow);
    if (shown !== undefined && !shown.has(flow.id)) return;
    for (const finder of this.#ofFlows) finder.flow!(flow);
  }

  /** Takes a flow of two conversations that is over. */
  linked(flow: FlowSummary): void {
    for (const finder of this.#ofLinked) finder.linked!(flow);
  }

  /** Takes a packet without a twin that was judged; `flowOf` tells its flow. */
  alone(row: number, judgement: Judgement, flowOf: (row: number) => number | undefined): void {
    const { timeline, shown } = this.#about;
    if (shown === undefined && timeline.sideOf(row) === INSIDE)
      this.#localCalls.take(row, judgement.verdict === "local");
    const finders = this.#byVerdict.get(judgement.verdict);
    if (finders === undefined) return;
    const flow = flowOf(row);
    for (const finder of finders) finder.alone!(row, judgement, flow);
  }

  /** Takes what became known of a packet after it was judged. */
  update(update: Update): void {
    for (const finder of this.#ofUpdates) finder.update!(update);
  }

  /** Takes an ICMP error that crossed: its row on the side where it entered, who says so, and the flow of what it is about. */
  error(row: number, src: string, flow: number): void {
    for (const finder of this.#finders) finder.error?.(row, src, flow);
  }

  /** Takes it that the conversation of a flow, in a slot, has another translation from this inside row on. */
  replaced(slot: number, row: number): void {
    const { timeline: t, tuples } = this.#about;
    const [before, now] = [this.#before.of(slot), this.#now.of(tuples.flow(t.way(row)))];
    for (const finder of this.#finders) finder.replaced?.(before, now, row);
  }

  /** Takes a segment that lost pieces on its way: the row where it entered. */
  missing(row: number, flow: number, missing: readonly Missing[]): void {
    for (const finder of this.#finders) finder.missing?.(row, flow, missing);
  }

  /** Takes it that the capture of a side turned out to have lost frames between two times. */
  lost(side: Side, fromNs: number, toNs: number): void {
    for (const finder of this.#finders) finder.lost?.(side, fromNs, toNs);
  }

  /** Takes packets of which something else was said too long ago to tell of each. */
  moved(moved: Moved): void {
    for (const finder of this.#finders) finder.moved?.(moved);
  }

  /** What there is to tell while the run goes on. */
  soFar(end: End): Finding[] {
    return told(
      this.#finders.filter(({ tellsSoFar }) => tellsSoFar === true),
      end,
    );
  }

  /** What there is to tell: what somebody has to do something about comes first. */
  close(end: End): Finding[] {
    return told(this.#finders, end);
  }
}

function told(finders: readonly Finder[], end: End): Finding[] {
  const found = finders.flatMap((finder) => [...finder.close(end)]);
  return found.sort((a, b) => rankOf(a) - rankOf(b));
}

function rankOf({ severity }: Finding): number {
  return severity === "warning" ? 0 : 1;
}
