import { addressText } from "../../packets/address.js";
import { Few } from "../../packets/few.js";
import type { FlowAccounts } from "../../packets/flow-accounts.js";
import { REWRITE_DST, REWRITE_DST_PORT, REWRITE_SRC, REWRITE_SRC_PORT } from "../../packets/flows.js";
import type { Heap } from "../../packets/heap.js";
import { type Finding, type FindingCode, findingOf, oneFlow } from "../../packets/findings.js";
import { IMPACTS, type Missing, type Moved, type Summary } from "../../packets/results.js";
import { INSIDE, OUTSIDE, otherSide, type Side, SIDE_NAMES } from "../../packets/sides.js";
import type { TupleTable } from "../../packets/tuples.js";
import { ICMP, ICMPV6, UDP } from "../../protocols/ip-protocols.js";
import code from "./assembly/remarkable.wasm";
import { isForwardFirst } from "./flow-summary.js";
import { isPrivate, linkOf } from "../matchers/scope.js";

/** Untranslated flows remembered until the end, when it is known which addresses the NAT hides. */
const MOST_UNTRANSLATED = 10_000;
/** Pairs a flow needs before it is odd that they all go one way. */
export const LEAST_ONE_WAY_PAIRS = 4;

/** Hidden addresses that are known to have been noted: a power of two. */
export const SEEN = 1024;

const module = new WebAssembly.Module(code);

/** A flow that an inside address opened and that the NAT left alone. */
interface Untranslated {
  readonly id: number;
  readonly src: string;
  /** As `linkOf` has it. */
  readonly link: string | null;
  readonly isPrivate: boolean;
  readonly pairs: number;
}

/** What was dropped on its way from one side. */
class Dropped {
  readonly frames = new Few<number>();
  readonly flows = new Few<number>();

  add(frame: number, flow: number | undefined): void {
    this.frames.add(frame);
    if (flow !== undefined && !this.flows.listed.includes(flow)) this.flows.add(flow);
  }
}

/** Segments that lost pieces on their way from one side. */
class Missed extends Dropped {
  bytes = 0;
  /** How many stretches of them were lost, and what those came to that anything is known of. */
  stretches = 0;
  resent = 0;
  covered = 0;
}

/** What an operator should know beyond the pairs, gathered while the run goes on and told at its end. */
export class Findings {
  readonly #heap: Heap;
  readonly #remarkable: (slots: number, count: number, flows: number, tuples: number, seen: number) => number;
  readonly #seen: Int32Array;
  readonly #accounts: FlowAccounts;
  readonly #tuples: TupleTable;
  /** Inside addresses that the NAT stands for, and their links. */
  readonly #hidden = new Set<string>();
  readonly #hiddenLinks = new Set<string>();
  readonly #untranslated: Untranslated[] = [];
  readonly #clashes = new Few<number>();
  readonly #rewrittenPorts = new Few<number>();
  readonly #oneWay = new Few<number>();
  readonly #retransmitting = new Few<number>();
  /** Flows that were opened outside and have their source rewritten: what a NAT does to those it hides. */
  readonly #backward = new Few<number>();
  #retransmissions = 0;
  /** By side where they entered: frames that were dropped, and their flows. */
  readonly #dropped = [new Dropped(), new Dropped()] as const;
  readonly #missed = [new Missed(), new Missed()] as const;
  /** By side: frames that the other capture may have lost, and their flows; how many of these were moved too late to be told of one by one. */
  readonly #lost = [new Dropped(), new Dropped()] as const;
  readonly #moved: [number, number] = [0, 0];
  /** Whether anything on one side was found again, or might have been, on the other. */
  #isRelated = false;

  constructor(heap: Heap, accounts: FlowAccounts, tuples: TupleTable) {
    this.#heap = heap;
    this.#remarkable = new WebAssembly.Instance(module, { env: { memory: heap.memory } }).exports["remarkable"];
    this.#seen = heap.take(Int32Array, SEEN);
    this.#accounts = accounts;
    this.#tuples = tuples;
  }

  /** Takes the flows in some slots, which have ended. There is nothing to tell of most, and those are sorted out in WebAssembly. */
  flows(slots: Int32Array): void {
    this.#isRelated ||= slots.length > 0;
    const flows = this.#accounts.records.byteOffset;
    const tuples = this.#tuples.records.byteOffset;
    this.#heap.lend(Int32Array, slots.length, (list) => {
      list.set(slots);
      const count = this.#remarkable(list.byteOffset, slots.length, flows, tuples, this.#seen.byteOffset);
      for (let at = 0; at < count; at++) this.flow(list[at]);
    });
  }

  /** Takes one flow. */
  flow(slot: number): void {
    const accounts = this.#accounts;
    const tuples = this.#tuples;
    const inside = accounts.insideTuple(slot);
    const isKnown = tuples.isOpenerKnown(inside);
    const isForward = isForwardFirst(accounts, tuples, slot);
    const forward = isForward ? 1 : 0;
    // the initiator's direction
    const rewrite = accounts.rewrite(slot, forward);
    const isFromInside = accounts.isOutbound(slot, forward);
    this.#isRelated = true;
    if (rewrite === 0) {
      // what goes into a tunnel need not be hidden
      const isTunneled = tuples.isTunneled(accounts.outsideTuple(slot));
      if (isKnown && isFromInside && !isTunneled && this.#untranslated.length < MOST_UNTRANSLATED)
        this.#untranslated.push({
          id: accounts.id(slot),
          src: this.#address(inside, isForward),
          link: this.#linkOf(inside, isForward),
          isPrivate: isPrivate(tuples.isIpv6(inside), tuples.words, tuples.address(inside, isForward)),
          pairs: accounts.pairs(slot),
        });
    } else {
      // an address that becomes one of the other IP version is not hidden: within its own version it may be used as it is
      if ((rewrite & (isFromInside ? REWRITE_SRC : REWRITE_DST)) !== 0 && !this.#isAcross(slot)) {
        this.#hidden.add(this.#address(inside, isFromInside === isForward));
        const link = this.#linkOf(inside, isFromInside === isForward);
        if (link !== null) this.#hiddenLinks.add(link);
      }
      if (isKnown && !isFromInside && (rewrite & (REWRITE_SRC | REWRITE_DST)) === REWRITE_SRC)
        this.#backward.add(accounts.id(slot));
      if (isKnown && isFromInside && (rewrite & portsOf(tuples.proto(inside))) !== 0) {
        this.#rewrittenPorts.add(accounts.id(slot));
        if (tuples.hasClashed(inside)) this.#clashes.add(accounts.id(slot));
      }
    }
    const outbound = accounts.pairsThatWent(slot, true);
    const inbound = accounts.pairsThatWent(slot, false);
    const isOneWay = (outbound === 0 || inbound === 0) && outbound + inbound >= LEAST_ONE_WAY_PAIRS;
    if (isOneWay && tuples.proto(inside) !== UDP) this.#oneWay.add(accounts.id(slot));
    const retransmissions = accounts.retransmissions(slot);
    if (retransmissions > 0) {
      this.#retransmitting.add(accounts.id(slot));
      this.#retransmissions += retransmissions;
    }
  }

  #address(tuple: number, isA: boolean): string {
    const tuples = this.#tuples;
    return addressText(tuples.isIpv6(tuple), tuples.words, tuples.address(tuple, isA));
  }

  #linkOf(tuple: number, isA: boolean): string | null {
    const tuples = this.#tuples;
    return linkOf(tuples.isIpv6(tuple), tuples.words, tuples.address(tuple, isA));
  }

  /** Whether a flow is of one IP version inside and of the other outside. */
  #isAcross(slot: number): boolean {
    const tuples = this.#tuples;
    return tuples.isIpv6(this.#accounts.insideTuple(slot)) !== tuples.isIpv6(this.#accounts.outsideTuple(slot));
  }

  /** Takes frames that may be each other's twins. */
  ambiguous(): void {
    this.#isRelated = true;
  }

  /** Takes a packet that was dropped: its frame, and the id of its flow where that is known. */
  dropped(side: Side, frame: number, flow: number | undefined): void {
    this.#dropped[side].add(frame, flow);
  }

  /** Takes a segment, of the side where it entered, that lost pieces on its way. */
  missing(side: Side, frame: number, flow: number, missing: readonly Missing[]): void {
    const missed = this.#missed[side];
    missed.add(frame, flow);
    for (const { length, impact } of missing) {
      missed.bytes += length;
      missed.stretches++;
      if (impact === "resent" || impact === "covered") missed[impact]++;
    }
  }

  /** Takes it that a frame was not dropped after all. */
  refused(side: Side, frame: number): void {
    this.#dropped[side].frames.remove(frame);
  }

  /** Takes packets that the other capture may have lost, and of which something else was said too long ago. */
  moved({ side, before, count }: Moved): void {
    if (before.verdict === "dropped") this.#dropped[side].frames.forget(count);
    this.#lost[side].frames.count += count;
    this.#moved[side] += count;
  }

  /** Takes a packet that the other capture may have lost. */
  lost(side: Side, frame: number, flow: number | undefined): void {
    const lost = this.#lost[side];
    lost.frames.add(frame);
    if (flow !== undefined && !lost.flows.listed.includes(flow)) lost.flows.add(flow);
  }

  /** What there is to tell. `unfollowed`: how many drops nobody could look after. */
  close(summary: Summary, unfollowed = 0): Finding[] {
    const found: Finding[] = [];
    const asTheyCame = new Few<number>();
    let pairsAsTheyCame = 0;
    for (const { id, src, link, isPrivate, pairs } of this.#untranslated) {
      const hides = this.#hidden.has(src) ? "it in other flows" : "others of its network";
      if (this.#hidden.has(src) || (link !== null && this.#hiddenLinks.has(link))) {
        const text = `${src} appears on outside untranslated, though the NAT hides ${hides}: has its conntrack entry gone?`;
        found.push(findingOf("leak", pairs, text, { flows: oneFlow(id) }));
      } else if (isPrivate) {
        asTheyCame.add(id);
        pairsAsTheyCame += pairs;
      }
    }
    if (asTheyCame.count > 0) {
      const text = `private addresses appear on outside untranslated, and nothing shows that the NAT hides them: ${flowsNamed(asTheyCame)}`;
      found.push(findingOf("untranslated", pairsAsTheyCame, text, { flows: asTheyCame }));
    }
    const flows = (code: FindingCode, of: Few<number>, text: string, count = of.count) => {
      if (of.count > 0) found.push(findingOf(code, count, `${text}: ${flowsNamed(of)}`, { flows: of }));
    };
    flows(
      "nat-clash-drop",
      this.#clashes,
      "the first packet was dropped and another port or id given, as another flow held the wanted one",
    );
    if (this.#hidden.size === 0)
      flows(
        "swapped-sides",
        this.#backward,
        "inside and outside seem to be swapped: the NAT hides who comes from outside, and nobody who comes from inside",
      );
    flows("port-rewritten", this.#rewrittenPorts, "the port or ICMP id was not kept");
    flows("asymmetric", this.#oneWay, "only one direction was seen on both sides");
    flows(
      "retransmissions",
      this.#retransmitting,
      "TCP segments that crossed the NAT more than once",
      this.#retransmissions,
    );
    for (const [side, verdicts] of summary.verdicts.entries()) {
      const copies = verdicts.get("copy") ?? 0;
      if (copies === 0) continue;
      const text = `${SIDE_NAMES[side]} shows packets twice, as a mirror port does; the copies were set aside`;
      found.push(findingOf("duplicates", copies, text));
    }
    for (const side of [INSIDE, OUTSIDE] as const) {
      const count = summary.verdicts[side].get("dropped") ?? 0;
      if (count === 0) continue;
      const impacts = IMPACTS.flatMap((impact) => {
        const of = summary.impacts[side].get(impact);
        return of === undefined ? [] : [impact === "unknown" ? `nothing tells of ${of}` : `${of} ${impact}`];
      });
      const many = unfollowed === 0 ? "" : ` (${unfollowed} in all were too many to follow at once)`;
      const text = `entered on ${SIDE_NAMES[side]}, never left on ${SIDE_NAMES[otherSide(side)]}: ${impacts.join(", ")}${many}`;
      const { flows, frames } = this.#dropped[side];
      found.push(findingOf("dropped", count, text, { flows, frames: { side, of: frames } }));
    }
    for (const side of [INSIDE, OUTSIDE] as const) {
      const { frames, flows, bytes, stretches, resent, covered } = this.#missed[side];
      if (frames.count === 0) continue;
      const open = stretches - resent - covered;
      const told = [`${resent} resent`, `${covered} covered`, `nothing tells of ${open}`].filter(
        (_, at) => [resent, covered, open][at] > 0,
      );
      const text = `segments entered on ${SIDE_NAMES[side]}, and pieces of them never left on ${SIDE_NAMES[otherSide(side)]}, ${bytes} bytes: ${told.join(", ")}`;
      found.push(findingOf("missing-pieces", frames.count, text, { flows, frames: { side, of: frames } }));
    }
    for (const side of [INSIDE, OUTSIDE] as const) {
      const { flows, frames } = this.#lost[side];
      if (frames.count === 0) continue;
      const other = otherSide(side);
      const { captureDropped } = other === INSIDE ? summary.inside : summary.outside;
      const moved = this.#moved[side];
      const late = moved === 0 ? "" : `; of ${moved} of them something else was said before, and no update tells it`;
      const text = `${SIDE_NAMES[other]} lost ${counted(captureDropped, "frame")} by its own count, and may have lost the twins of ${counted(frames.count, "frame")}${late}`;
      found.push(findingOf("capture-loss", frames.count, text, { flows, frames: { side, of: frames } }));
    }
    // odd only where there was something to pair
    const areRelated = this.#isRelated || summary.verdicts.some((verdicts) => verdicts.has("proxied"));
    if (!areRelated && summary.inside.frames > 0 && summary.outside.frames > 0) {
      const text = "natcorr found no packet of one capture in the other: are they of the same host and the same time?";
      found.push(findingOf("nothing-paired", 1, text));
    }
    return found;
  }
}

/** Which REWRITE_… bits tell that the initiator's own port, or the id that both ends of an ICMP flow have, was not kept. */
function portsOf(proto: number): number {
  return proto === ICMP || proto === ICMPV6 ? REWRITE_SRC_PORT | REWRITE_DST_PORT : REWRITE_SRC_PORT;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function flowsNamed({ count, text }: Few<number>): string {
  return `flow${count === 1 ? "" : "s"} ${text}`;
}
