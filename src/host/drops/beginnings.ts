import type { Dropped } from "../../packets/results/drops.js";
import { protocolName } from "../../protocols/ip-protocols.js";
import { ConntrackTable } from "../conntrack-table.js";
import type { HostFacts } from "../snapshot/host-facts.js";
import { reversedText, tupleText } from "../tuples.js";

type Listed = Pick<HostFacts, "conntrack" | "conntrackMore">;

/**
 * Tells which conversations conntrack had no entry of by the first snapshot, nor has by the last: what nobody answers in between is NEW to it, and was not let
 * through, which makes an entry (net/netfilter/nf_conntrack_core.c, __nf_conntrack_confirm).
 */
export class Beginnings {
  readonly #snapshots: readonly Listed[];
  readonly #seen: readonly Dropped[];
  #tables: readonly ConntrackTable[] | undefined;
  #opened: ReadonlySet<string> | undefined;

  /** `seen`: packets that did not cross, as what crosses is no beginning. */
  constructor(snapshots: readonly Listed[], seen: readonly Dropped[]) {
    this.#snapshots = snapshots;
    this.#seen = seen;
  }

  /** Whether some packets that open no conversation are of none for certain: nor was anything seen that may have made an entry for them to be of in between. */
  isOfNone(stray: Dropped): boolean {
    this.#opened ??= new Set(
      this.#seen
        .filter(({ isStray }) => !isStray)
        .map(({ proto, ends }) => tupleText(protocolName(proto), ends))
        .flatMap((tuple) => [tuple, reversedText(tuple)]),
    );
    return stray.isStray && this.has(stray) && !this.#opened.has(tupleText(protocolName(stray.proto), stray.ends));
  }

  /** Whether the conversation of some packets is one of these for certain. */
  has({ proto, ends }: Pick<Dropped, "proto" | "ends">): boolean {
    if (this.#snapshots.some(({ conntrack, conntrackMore }) => conntrack === undefined || conntrackMore > 0))
      return false;
    this.#tables ??= this.#snapshots.map(({ conntrack = "" }) => {
      const table = new ConntrackTable();
      table.read(conntrack);
      return table;
    });
    const tuple = tupleText(protocolName(proto), ends);
    return this.#tables.every((table) => table.having(tuple).length === 0);
  }
}
