import type { Dropped } from "../../packets/results/drops.js";
import { OUTSIDE } from "../../packets/sides.js";
import type { Between } from "./between.js";
import { countedGrounds, type Ground, packetsIn } from "./ground.js";

const NO_ENTRY = "conntrack could not make an entry for them";
const NO_ENTRY_OR_TAKEN = `${NO_ENTRY}, or another entry may have had their ports`;
const TAKEN = "another entry of conntrack's may have had their ports";
const ROOM =
  "conntrack -S shows whether drop counts on: the table was full for a moment (sysctl net.netfilter.nf_conntrack_max)";
const PORTS =
  "conntrack -S shows whether insert_failed counts on: two conversations want one port, and MASQUERADE --random-fully draws other ones; or a rule has too few (--to-ports, SNAT --to-source with ports; nft: masquerade to :…)";
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
    return [
      ...(this.#between.lackedRoom > 0 ? this.#withoutRoom(beginning) : []),
      ...this.#counted("drop-conntrack", beginning, TAKEN, "insert_failed", PORTS),
      ...this.#counted("drop-conntrack", answers, THROWN_OUT, "early_drop"),
    ];
  }

  #withoutRoom(beginning: readonly Dropped[]): Ground[] {
    if (this.#between.lackedRoom < packetsIn(beginning))
      return this.#counted("drop-conntrack", beginning, NO_ENTRY_OR_TAKEN, "drop", `${ROOM}; ${PORTS}`);
    const full = this.#fullText();
    if (full !== undefined) return this.#counted("drop-conntrack-full", beginning, full, "drop");
    return this.#counted("drop-conntrack", beginning, NO_ENTRY, "drop", ROOM);
  }

  #fullText(): string | undefined {
    const [count, most] = ["count", "max"].map((name) =>
      this.#between.sysctlAfter(`net.netfilter.nf_conntrack_${name}`),
    );
    if (count === undefined || most === undefined || Number(count) < Number(most)) return undefined;
    return `conntrack's table is full: nf_conntrack_max is ${most}`;
  }

  /** What is said only by a counter needs one that moved. */
  #counted(code: Ground["code"], kinds: readonly Dropped[], text: string, counter: string, hint?: string): Ground[] {
    if (kinds.length === 0 || (this.#between.moved(counter) ?? 0) === 0) return [];
    const [ground] = countedGrounds(code, new Map([[text, kinds]]), counter, this.#between, false);
    return ground === undefined ? [] : [hint === undefined ? ground : { ...ground, hint }];
  }
}
