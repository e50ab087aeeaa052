import { fields, flag } from "../memory/layout.js";

/**
 * What a flow's translation is, seen in its initiator's direction. `none`: forwarded with nothing rewritten. `unknown`: one end is
 * rewritten, and nothing tells whether it is the initiator. `nat64`: another IP version on each side, whichever the initiator's is.
 */
export const NATS = ["snat", "dnat", "snat+dnat", "none", "nat64", "proxy", "unknown"] as const;
export type Nat = (typeof NATS)[number];

/** Bits of a packet's rewrite: which fields its twin has other values in. */
fields();
export const REWRITE_SRC = flag();
export const REWRITE_SRC_PORT = flag();
export const REWRITE_DST = flag();
export const REWRITE_DST_PORT = flag();

/** Whether both ends are rewritten, by REWRITE_… bits. */
export function haveBothEnds(changes: number): boolean {
  return (changes & (REWRITE_SRC | REWRITE_SRC_PORT)) !== 0 && (changes & (REWRITE_DST | REWRITE_DST_PORT)) !== 0;
}

/** A conversation that both captures saw, and what the NAT made of it. `FlowAccounts` has all of them, and how much of each there was. */
export class Flow {
  /** 1-based, in the order the translations were learnt. */
  readonly id: number;
  /** Where it is in `FlowAccounts`; another flow's once this one was let go. */
  readonly slot: number;
  /** Its rows in the tuple tables of the two sides. */
  readonly insideTuple: number;
  readonly outsideTuple: number;
  /** Whether the inside tuple's A → B is the outside tuple's B → A (the captures met its directions in another order). */
  readonly isFlipped: boolean;
  /** Whether packets that are `forward` on the inside travel outbound. */
  readonly isForwardOutbound: boolean;
  /** REWRITE_… bits of packets that are `forward` on the inside, and of the others. */
  readonly rewriteForward: number;
  readonly rewriteBackward: number;

  constructor(
    id: number,
    slot: number,
    insideTuple: number,
    outsideTuple: number,
    isFlipped: boolean,
    isForwardOutbound: boolean,
    rewriteForward: number,
    rewriteBackward: number,
  ) {
    this.id = id;
    this.slot = slot;
    this.insideTuple = insideTuple;
    this.outsideTuple = outsideTuple;
    this.isFlipped = isFlipped;
    this.isForwardOutbound = isForwardOutbound;
    this.rewriteForward = rewriteForward;
    this.rewriteBackward = rewriteBackward;
  }

  /** Whether a packet of the inside tuple, `forward` or not, travels from inside to outside. */
  isOutbound(forward: number): boolean {
    return (forward === 1) === this.isForwardOutbound;
  }

  rewrite(forward: number): number {
    return forward === 1 ? this.rewriteForward : this.rewriteBackward;
  }
}
