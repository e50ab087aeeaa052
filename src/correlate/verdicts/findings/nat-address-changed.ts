import { type Finding, Named, ofNamed } from "../../../packets/results/findings.js";
import { REWRITE_SRC } from "../../../packets/flows/flows.js";
import { IS_ERROR } from "../../../packets/packets.js";
import { INSIDE, OUTSIDE } from "../../../packets/sides.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { SYN } from "../../../protocols/tcp.js";
import { FORGOTTEN_NS } from "../../kernel/relations.js";
import type { EndedFlow } from "./ended-flow.js";
import { type Context, type Finder } from "./finder.js";

/** `nat-address-changed`: a conversation that began inside went on from another address of the NAT than before, by which its other end does not know it. */
export class NatAddressChanged implements Finder {
  readonly #context: Context;
  readonly #concerned = new Named();

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
    this.#concerned.add(INSIDE, t.frame(row), now.id, t.isIpv6(row));
    this.#concerned.named.add(`${now.text} from ${from}, then from ${to}`);
  }

  close(): Finding[] {
    return ofNamed("nat-address-changed", this.#concerned, "went on from another address of the NAT");
  }
}
