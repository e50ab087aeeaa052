import { Few } from "../../../packets/few.js";
import { type Finding, findingOf, Gathered } from "../../../packets/findings.js";
import type { Judgement } from "../../../packets/results.js";
import { SIDE_NAMES } from "../../../packets/sides.js";
import type { Context, Finder } from "./finder.js";

/** `mtu`: the host refused packets as too long for the next link, and says how long they may be. */
export class Mtu implements Finder {
  readonly verdicts = ["refused"] as const;
  readonly #context: Context;
  readonly #concerned = new Gathered();
  /** Frames and their lengths, by the MTU. */
  readonly #named = new Map<number, Few<string>>();

  constructor(context: Context) {
    this.#context = context;
  }

  alone(row: number, _: Judgement, flow: number | undefined): void {
    const { timeline, refusals } = this.#context;
    const mtu = refusals.refusalOf(row)?.mtu ?? 0;
    if (mtu === 0) return;
    const side = timeline.sideOf(row);
    this.#concerned.add(side, timeline.frame(row), flow);
    const named = this.#named.get(mtu) ?? new Few<string>();
    this.#named.set(mtu, named);
    named.add(`${SIDE_NAMES[side]} #${timeline.frame(row)} of ${timeline.length(row)} bytes`);
  }

  close(): Finding[] {
    if (this.#concerned.count === 0) return [];
    const named = [...this.#named].map(([mtu, { text }]) => `MTU ${mtu}: ${text}`);
    const text = `too long for the next link, and refused: ${named.join("; ")}`;
    return [findingOf("mtu", this.#concerned.count, text, this.#concerned)];
  }
}
