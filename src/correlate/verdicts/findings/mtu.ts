import { Few } from "../../../packets/results/few.js";
import { type Finding, findingOf, Gathered } from "../../../packets/results/findings.js";
import type { Judgement } from "../../../packets/results/results.js";
import { INSIDE, SIDE_NAMES, SIDES } from "../../../packets/sides.js";
import { isTooBig } from "../../../protocols/icmp.js";
import { ICMPV6, TCP } from "../../../protocols/ip-protocols.js";
import type { EndedFlow } from "./ended-flow.js";
import type { Context, Finder } from "./finder.js";
import { Holes } from "./holes.js";

/** So many MTUs are told of, each with who says so: anybody can send such errors. */
const MOST_SAID = 100;

/**
 * `mtu`: the host, or a router beyond it, refused packets as too long for the next link, and says how long they may be; or a long segment never got through some link
 * beyond, while shorter ones did (`Holes`), which is what becomes of segments that are too long where nobody says so.
 */
export class Mtu implements Finder {
  readonly verdicts = ["refused"] as const;
  readonly #context: Context;
  readonly #concerned = new Gathered();
  /** Frames and their lengths, by the MTU. */
  readonly #named = new Map<number, Few<string>>();
  /** Errors that crossed, and their frames by what they say and who does. */
  readonly #crossed = new Gathered();
  readonly #beyond = new Map<string, Few<string>>();

  readonly #holes: Holes;
  readonly #lost = new Gathered();
  readonly #lostNamed = new Few<string>();

  constructor(context: Context) {
    this.#context = context;
    this.#holes = new Holes(context.accounts);
  }

  again(slot: number, isOutbound: boolean, records: Int32Array, at: number): void {
    this.#holes.again(slot, isOutbound, records, at);
  }

  flow(flow: EndedFlow): void {
    if (flow.proto !== TCP) return;
    for (const side of SIDES) {
      const hole = this.#holes.hanging(flow.slot, side === INSIDE);
      if (hole === undefined) continue;
      const { length, frames } = hole;
      for (const frame of frames.listed) this.#lost.add(side, frame, flow.id);
      this.#lostNamed.add(`${flow.text} ${length} bytes, ${frames.count} times again`);
    }
  }

  alone(row: number, { mtu }: Judgement, flow: number | undefined): void {
    const { timeline } = this.#context;
    if (mtu === undefined) return;
    const side = timeline.sideOf(row);
    this.#concerned.add(side, timeline.frame(row), flow);
    const named = this.#named.get(mtu) ?? new Few<string>();
    this.#named.set(mtu, named);
    named.add(`${SIDE_NAMES[side]} #${timeline.frame(row)} of ${timeline.length(row)} bytes`);
  }

  error(row: number, src: string, flow: number): void {
    const { timeline } = this.#context;
    const message = timeline.seq(row);
    if (!isTooBig(message >>> 24, (message >>> 16) & 0xff, timeline.proto(row) === ICMPV6)) return;
    const side = timeline.sideOf(row);
    this.#crossed.add(side, timeline.frame(row), flow);
    const said = `MTU ${message & 0xffff}, says ${src}`;
    const frames = this.#beyond.get(said) ?? new Few<string>();
    if (this.#beyond.size < MOST_SAID) this.#beyond.set(said, frames);
    frames.add(`${SIDE_NAMES[side]} #${timeline.frame(row)}`);
  }

  close(): Finding[] {
    return [...this.#refused(), ...this.#refusedBeyond(), ...this.#silent()];
  }

  #refusedBeyond(): Finding[] {
    const { count } = this.#crossed;
    if (count === 0) return [];
    const named = [...this.#beyond].map(([said, { text }]) => `${said} (${text})`);
    return [findingOf("mtu", count, `crossed, and too long for a link beyond: ${named.join("; ")}`, this.#crossed)];
  }

  #silent(): Finding[] {
    const { count, text } = this.#lostNamed;
    if (count === 0) return [];
    const said = `segments crossed again and again and were never acknowledged, while all shorter ones were: ${text}`;
    return [findingOf("mtu", count, said, this.#lost)];
  }

  #refused(): Finding[] {
    if (this.#concerned.count === 0) return [];
    const named = [...this.#named].map(([mtu, { text }]) => `MTU ${mtu}: ${text}`);
    const text = `too long for the next link, and refused: ${named.join("; ")}`;
    return [findingOf("mtu", this.#concerned.count, text, this.#concerned)];
  }
}
