import type { Dropped } from "../../packets/results/drops.js";
import { OUTSIDE } from "../../packets/sides.js";
import type { Between } from "./between.js";
import { countedGrounds, type Ground } from "./ground.js";

const TAKEN = "another entry of conntrack's may have had their ports";
const THROWN_OUT = "conntrack threw entries out to make room, and theirs may be among them";

/** What conntrack did with packets that began conversations, by its own counters: `conntrack -S`. */
export class ConntrackGrounds {
  readonly #between: Between;

  constructor(between: Between) {
    this.#between = between;
  }

  /**
   * `dropped`: those that nothing else certainly dropped. conntrack drops what needs an entry and gets none: for lack of room (net/netfilter/nf_conntrack_core.c,
   * __nf_conntrack_alloc), or as another entry has its tuple by the time it leaves (__nf_conntrack_confirm). An answer whose entry it threw out to make room
   * (early_drop) is not translated any more, and goes to the host itself.
   */
  grounds(dropped: readonly Dropped[]): Ground[] {
    const beginning = dropped.filter(({ mayOpen }) => mayOpen);
    const answers = dropped.filter(({ mayOpen, side }) => !mayOpen && side === OUTSIDE);
    const full = this.#fullText();
    const noRoom = full === undefined ? "drop-conntrack" : "drop-conntrack-full";
    return [
      ...this.#counted(noRoom, beginning, full ?? "conntrack could not make an entry for them", "drop"),
      ...this.#counted("drop-conntrack", beginning, TAKEN, "insert_failed"),
      ...this.#counted("drop-conntrack", answers, THROWN_OUT, "early_drop"),
    ];
  }

  #fullText(): string | undefined {
    const [count, most] = ["count", "max"].map((name) =>
      this.#between.sysctlAfter(`net.netfilter.nf_conntrack_${name}`),
    );
    if (count === undefined || most === undefined || Number(count) < Number(most)) return undefined;
    return `conntrack's table is full: nf_conntrack_max is ${most}`;
  }

  /** What is said only by a counter needs one that moved. */
  #counted(code: Ground["code"], kinds: readonly Dropped[], text: string, counter: string): Ground[] {
    if (kinds.length === 0 || (this.#between.moved(counter) ?? 0) === 0) return [];
    return countedGrounds(code, new Map([[text, kinds]]), counter, this.#between, false);
  }
}
