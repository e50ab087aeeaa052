import { icmpNumberIn, icmpCodeIn, icmpTypeIn } from "../../../packets/records.js";
import { Few } from "../../../packets/results/few.js";
import { type Finding, findingOf, ofNamed } from "../../../packets/results/findings.js";
import { Gathered, Named } from "../../../packets/results/gathered.js";
import type { Judgement, Update } from "../../../packets/results/results.js";
import { said, saidFew } from "../../../packets/results/sentence.js";
import { INSIDE, SIDES } from "../../../packets/sides.js";
import { isTooBig } from "../../../protocols/icmp.js";
import { ICMPV6, TCP } from "../../../protocols/ip-protocols.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import { type Context, type Finder, frameText } from "./finder.js";
import type { Crossed } from "../../kernel/crossed.js";
import { Holes, segmentOf } from "./seen/holes.js";

/** So often a segment crosses again at the least: that it is lost each time by chance is rare, even where one of ten is. */
const LEAST_AGAIN = 2;
/** So often one is dropped that is lost each time. */
const LEAST_DROPPED = 3;

/** So many such segments have to differ: a rule that looks at what they carry drops those that carry the same, or one thing and another. */
const LEAST_KINDS = 4;
const HINT_HERE =
  "ip link and ip route get <address> show MTUs; iptables -vnL FORWARD: does a rule drop what is long, or the ICMP errors that would say so? TCPMSS --clamp-mss-to-pmtu";

/** So many MTUs are told of, each with who says so: anybody can send such errors. */
const MOST_SAID = 100;

/**
 * `mtu`: the host, or a router beyond it, refused packets as too long for the next link, and says how long they may be; or a long segment never got through some link
 * beyond, while shorter ones did (`Holes`), which is what becomes of segments that are too long where nobody says so. Of what was dropped here it takes more, as rules may look
 * at what segments carry, and a rule for all of a conversation drops short ones as well: LEAST_KINDS flows that carry different things, nothing shorter of which was dropped
 * on its way there, and behind the attempts, something shorter of one of them that crossed.
 */
export class Mtu implements Finder {
  readonly verdicts = ["refused", "dropped"] as const;
  readonly #context: Context;
  readonly #concerned = new Gathered();
  /** Frames and their lengths, by the MTU. */
  readonly #named = new Map<number, Few<string>>();
  /** Errors that crossed, and their frames by what they say and who does. */
  readonly #crossed = new Gathered();
  readonly #beyond = new Map<string, Few<string>>();

  readonly #holes: Holes;
  readonly #lost = new Named();

  /** The same of what was dropped here. */
  readonly #droppedHoles: Holes;
  readonly #swallowed = new Named();
  /** How those segments differ: their lengths, and how they begin. */
  readonly #kinds = new Set<string>();
  #hasGoneOn = false;

  constructor(context: Context) {
    this.#context = context;
    this.#holes = new Holes(context, LEAST_AGAIN, true);
    this.#droppedHoles = new Holes(context, LEAST_DROPPED, true);
  }

  again(crossed: Crossed, crossing: number): void {
    const flow = this.#context.accounts.id(crossed.slot(crossing));
    this.#holes.add(flow, crossed.isOutbound(crossing), segmentOf(crossed, crossing));
  }

  flow(flow: EndedFlow): void {
    if (flow.proto !== TCP) return;
    for (const side of SIDES) {
      const isInitiators = (side === INSIDE) === flow.isFromInside;
      const crossed = this.#holes.hanging(flow.slot, side === INSIDE);
      if (crossed?.hasGoneOn === true) {
        const { length, frames } = crossed;
        for (const frame of frames.listed) this.#lost.add(side, frame, flow.id);
        this.#lost.named.addMade(
          () => said`${flow.saidFrom(isInitiators)} ${length} bytes, ${frames.count} times again`,
        );
      }
      const dropped = this.#droppedHoles.hanging(flow.slot, side === INSIDE);
      if (dropped?.isShortest !== true) continue;
      const { length, frames, head } = dropped;
      for (const frame of frames.listed) this.#swallowed.add(side, frame, flow.id);
      this.#swallowed.named.addMade(() => said`${flow.saidFrom(isInitiators)} ${length} bytes ${frames.count} times`);
      if (this.#kinds.size < LEAST_KINDS) this.#kinds.add(`${length} ${head}`);
      this.#hasGoneOn ||= dropped.hasGoneOn;
    }
  }

  alone(row: number, { verdict, mtu }: Judgement, flow: number | undefined): void {
    const { timeline } = this.#context;
    const side = timeline.sideOf(row);
    if (verdict === "dropped" && flow !== undefined && timeline.proto(row) === TCP)
      this.#droppedHoles.add(flow, side === INSIDE, segmentOf(timeline, row, timeline.head(row)));
    if (mtu === undefined) return;
    this.#concerned.add(side, timeline.frame(row), flow);
    const named = this.#named.get(mtu) ?? new Few<string>();
    this.#named.set(mtu, named);
    named.add(`${frameText(timeline, side, timeline.frame(row))} of ${timeline.length(row)} bytes`);
  }

  update({ side, frame, flow, verdict, before }: Update): void {
    if (flow === undefined || before.verdict !== "dropped" || verdict === "dropped") return;
    this.#droppedHoles.remove(flow, side === INSIDE, frame);
  }

  error(row: number, src: string, flow: number): void {
    const { timeline } = this.#context;
    const message = timeline.seq(row);
    if (!isTooBig(icmpTypeIn(message), icmpCodeIn(message), timeline.proto(row) === ICMPV6)) return;
    const side = timeline.sideOf(row);
    this.#crossed.add(side, timeline.frame(row), flow);
    const words = `MTU ${icmpNumberIn(message)}, says ${src}`;
    const frames = this.#beyond.get(words) ?? new Few<string>();
    if (this.#beyond.size < MOST_SAID) this.#beyond.set(words, frames);
    frames.add(frameText(timeline, side, timeline.frame(row)));
  }

  close(): Finding[] {
    const silent = "segments crossed again and again and were never acknowledged, while all shorter ones were";
    return [...this.#refused(), ...this.#refusedBeyond(), ...ofNamed("mtu", this.#lost, silent), ...this.#silentHere()];
  }

  #refusedBeyond(): Finding[] {
    const { count } = this.#crossed;
    if (count === 0) return [];
    const named = [...this.#beyond].map(([words, frames]) => `${words} (${saidFew(frames).text})`);
    return [findingOf("mtu", count, `crossed, and too long for a link beyond: ${named.join("; ")}`, this.#crossed)];
  }

  #silentHere(): Finding[] {
    if (this.#kinds.size < LEAST_KINDS || !this.#hasGoneOn) return [];
    const text =
      "segments never left, however often they were sent, while all shorter ones of their flow and direction did";
    return ofNamed("mtu", this.#swallowed, text, HINT_HERE);
  }

  #refused(): Finding[] {
    if (this.#concerned.count === 0) return [];
    const named = [...this.#named].map(([mtu, frames]) => `MTU ${mtu}: ${saidFew(frames).text}`);
    const text = `too long for the next link, and refused: ${named.join("; ")}`;
    return [findingOf("mtu", this.#concerned.count, text, this.#concerned)];
  }
}
