import { goesOutbound, POSSIBLE } from "../../kernel/relations.js";
import { HAS_IP_ID, HAS_TCP_NUMBERS } from "../../../packets/packets.js";
import type { About } from "../contract.js";
import type { Turns } from "./turns.js";

/** Says whether two packets of one side may be the two forms of one: by conversations that are known to be turned round there, or by one that is not known yet. */
export class BothForms {
  readonly #about: About;
  readonly #turns: Turns;

  constructor(about: About, turns: Turns) {
    this.#about = about;
    this.#turns = turns;
  }

  /** Whether a packet is of a conversation that is turned round, in the form it has before the rewrite … */
  isBefore(row: number): boolean {
    return this.#turns.has(this.#about.timeline.way(row), this.captureOf(row));
  }

  /** … or after it. */
  isAfter(row: number): boolean {
    return this.#turns.has(this.#about.timeline.way(row) ^ 1, this.captureOf(row));
  }

  /** The capture that has a packet, of those of its side. */
  captureOf(row: number): number {
    const t = this.#about.timeline;
    return t.frames[t.sideOf(row)].sourceOf(t.frame(row));
  }

  /** Whether a packet may have become another one by what is known of its conversation. */
  isTurnedInto(before: number, after: number): boolean {
    const t = this.#about.timeline;
    const turn = this.#turns.between(t.way(before), t.way(after));
    if (turn === undefined || !t.isBefore(before, after)) return false;
    return (
      t.way(before) !== t.way(after) || (this.#arePassedOn(before, after) && turn.enteredBy === this.captureOf(before))
    );
  }

  /** Whether two packets with one key may be two forms of one, by a translation not known by now. */
  mayBe(before: number, after: number): boolean {
    if (!this.isForwarded(before, after)) return false;
    // what is translated one way may go the other way as it is: br_netfilter has a bridge undo a translation before it shows the packet
    if (this.#arePassedOn(before, after)) return this.#about.tuples.isUntranslated(this.#about.timeline.tuple(before));
    return !this.isAfter(before) && !this.isBefore(after) && this.#mayBeRewritten(before, after);
  }

  /** The same on a router that may keep TTLs: then what no other packet has must show that they are one. */
  mayBeKept(before: number, after: number): boolean {
    const t = this.#about.timeline;
    const { kernel } = this.#about;
    if (kernel.tally.isTtlLowered(true) || kernel.tally.isTtlLowered(false)) return false;
    const isTold = (t.flags(before) & t.flags(after) & (HAS_IP_ID | HAS_TCP_NUMBERS)) !== 0;
    return isTold && t.ttl(before) === t.ttl(after) && this.#mayBeRewritten(before, after);
  }

  /** Whether nothing that is known of their ends and their times speaks against two that may be. */
  isPossible(before: number, after: number): boolean {
    if (this.#about.translations.relation(before, after) !== POSSIBLE) return false;
    return goesOutbound(this.#about.kernel.relate(before, after));
  }

  /** Whether the host may have made one of the other as it turned it round: the TTL is lowered by one, and all options are the same. */
  isForwarded(before: number, after: number): boolean {
    const t = this.#about.timeline;
    return t.ttl(before) - t.ttl(after) === 1 && !t.hasOtherOptions(before, after);
  }

  /** Whether two packets of one side go the same way, and one capture has the one and another one the other. */
  #arePassedOn(before: number, after: number): boolean {
    const t = this.#about.timeline;
    return t.way(before) === t.way(after) && this.captureOf(before) !== this.captureOf(after);
  }

  #mayBeRewritten(before: number, after: number): boolean {
    const t = this.#about.timeline;
    const { tuples } = this.#about;
    if (t.tuple(after) === t.tuple(before)) return false;
    return tuples.isUntranslated(t.tuple(before)) && tuples.isUntranslated(t.tuple(after));
  }
}
