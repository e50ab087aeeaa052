import { type Finding, ofNamed } from "../../../packets/results/findings.js";
import { Named } from "../../../packets/results/gathered.js";
import { REWRITE_SRC } from "../../../packets/flows/flows.js";
import { IS_ERROR } from "../../../packets/packets.js";
import { said, type Sentence } from "../../../packets/results/sentence.js";
import { INSIDE, OUTSIDE } from "../../../packets/sides.js";
import { HAS_AMBIGUOUS } from "../../../packets/tuples.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { SYN } from "../../../protocols/tcp.js";
import { FORGOTTEN_NS } from "../../kernel/relations.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import { type Context, type Finder } from "./finder.js";

/** So many conversations are remembered at the most that seem to have changed. */
const MOST_CHANGED = 10_000;

/** A conversation that had several addresses of the NAT. */
interface Changed {
  /** What shows each change: the inside frame, and the flow from then on. */
  readonly changes: {
    readonly frame: number;
    readonly flow: number;
    readonly isIpv6: boolean;
    readonly text: Sentence;
  }[];
  /** When each address was left last, nanoseconds on the timeline. */
  readonly leftNs: Map<string, number>;
  /** Whether an address was, or may have been, in use after it was left: several conversations have the same ends, as those of two VLANs may. */
  areSeveral: boolean;
}

/**
 * `nat-address-changed`: a conversation that began inside went on from another address of the NAT than before, by which its other end does not know it, and
 * nothing crossed by the address before from then on.
 */
export class NatAddressChanged implements Finder {
  readonly #context: Context;
  /** By the conversation, in words: its tuples are given back. */
  readonly #changed = new Map<string, Changed>();

  constructor(context: Context) {
    this.#context = context;
  }

  replaced(before: EndedFlow, now: EndedFlow, row: number): void {
    const { timeline: t, accounts } = this.#context;
    // a SYN opens another connection
    if ((t.flags(row) & IS_ERROR) !== 0 || (t.proto(row) === TCP && (t.tcpFlags(row) & SYN) !== 0)) return;
    // what goes on within so long is the same conversation
    if (t.timeNs(row) - accounts.lastNs(before.slot) > FORGOTTEN_NS) return;
    const isHidden = [before, now].every((flow) => flow.isFromInside && (flow.rewrite & REWRITE_SRC) !== 0);
    const [from, to] = [before.address(OUTSIDE, true), now.address(OUTSIDE, true)];
    if (!isHidden || from === to) return;
    const changed: Changed = this.#changed.get(before.said.text) ?? {
      changes: [],
      leftNs: new Map(),
      areSeveral: false,
    };
    if (this.#changed.size < MOST_CHANGED) this.#changed.set(before.said.text, changed);
    if (changed.leftNs.has(to) || changed.leftNs.has(from)) changed.areSeveral = true;
    changed.leftNs.set(from, t.timeNs(row));
    const text = said`${before.said} from ${from}, then from ${to}`;
    if (!changed.areSeveral) changed.changes.push({ frame: t.frame(row), flow: now.id, isIpv6: t.isIpv6(row), text });
  }

  flow(flow: EndedFlow): void {
    if (this.#changed.size === 0 || !flow.isOneOfSeveral) return;
    const changed = this.#changed.get(flow.said.text);
    const leftNs = changed?.leftNs.get(flow.address(OUTSIDE, true));
    if (changed === undefined || leftNs === undefined) return;
    const mayHaveCrossed = this.#context.tuples.has(flow.outsideTuple, HAS_AMBIGUOUS);
    if (flow.lastNs >= leftNs || mayHaveCrossed) changed.areSeveral = true;
  }

  close(): Finding[] {
    const concerned = new Named();
    for (const { changes, areSeveral } of this.#changed.values()) {
      for (const { frame, flow, isIpv6, text } of areSeveral ? [] : changes) {
        concerned.add(INSIDE, frame, flow, isIpv6);
        concerned.named.add(text);
      }
    }
    return ofNamed("nat-address-changed", concerned, "went on from another address of the NAT");
  }
}
