import type { Translation } from "../packets/results/results.js";
import type { ConntrackEntry } from "./conntrack-table.js";
import { endsIn, isIncoming } from "./tuples.js";

/** So many addresses are remembered of each kind: of what others have, nothing is said. */
const MOST_ADDRESSES = 65_536;

/**
 * Who speaks to whom by the two interfaces. A host has entries of other bridges, of other uplinks and of its own, too: one is of a conversation that
 * crosses where others between the same hosts do, by the same address of the NAT's.
 */
export class Crossing {
  readonly #behind = new Set<string>();
  readonly #nat = new Set<string>();
  readonly #beyond = new Set<string>();

  /** Takes a flow that crosses. */
  learn(flow: Translation): void {
    const { inside, outside, sides } = flow;
    // what is turned round does not
    if (sides[0] === sides[1]) return;
    const [near, far] = isIncoming(flow) ? (["dst", "src"] as const) : (["src", "dst"] as const);
    note(this.#behind, inside[near]);
    note(this.#nat, outside[near]);
    note(this.#beyond, outside[far]);
  }

  /** Whether an entry's conversation crosses. */
  has({ originalText, replyText }: ConntrackEntry): boolean {
    const [original, reply] = [endsIn(originalText), endsIn(replyText)];
    const isBetween = (behind: string, nat: string, beyond: string): boolean =>
      this.#behind.has(behind) && this.#nat.has(nat) && this.#beyond.has(beyond);
    return isBetween(original.src, reply.dst, reply.src) || isBetween(reply.src, original.dst, original.src);
  }
}

function note(addresses: Set<string>, address: string): void {
  if (addresses.size < MOST_ADDRESSES) addresses.add(address);
}
