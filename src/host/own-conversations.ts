import type { HostCall } from "../packets/results/published.js";
import type { Ends } from "../packets/results/results.js";
import type { Protocol } from "../protocols/ip-protocols.js";
import { type ConntrackEntry, type ConntrackTable, isTranslated } from "./conntrack-table.js";
import { Listing } from "./listing.js";
import type { HostFacts } from "./snapshot/host-facts.js";
import { endsIn, reversed, tupleText } from "./tuples.js";

/** What is gone by of a host. */
interface Known {
  /** What it has said by now … */
  readonly facts: Pick<HostFacts, "addresses" | "conntrack" | "timeNs"> | undefined;
  /** … and said first. */
  readonly first?: Pick<HostFacts, "conntrack" | "conntrackMore" | "timeNs"> | undefined;
}

/** What conntrack, and the host's addresses, say of conversations that the host itself began. */
export class OwnConversations {
  readonly #known: Known;
  readonly #table: ConntrackTable | undefined;
  readonly #isByListing: boolean;
  #addresses: readonly string[] = [];
  #own: ReadonlySet<string> = new Set();
  readonly #listing = new Listing();
  /** Takes what the host called of its own as conntrack lets go of it: `called` tells no more of that. */
  onCalled: (call: HostCall) => void = () => {};

  /**
   * @param table what conntrack says, where it does.
   * @param isByListing whether the entries count that the last snapshot has, too: of conversations that lived then, or had ended shortly before.
   */
  constructor(known: Known, table: ConntrackTable | undefined, isByListing: boolean) {
    this.#known = known;
    this.#table = table;
    table?.onLetGo((entry) => {
      for (const call of this.#heardIn(entry)) this.onCalled(call);
    });
    // one that is a list is that of the snapshot
    this.#isByListing = isByListing && table?.listedNs === undefined;
  }

  /** Whether an address is on one of the host's interfaces, as far as it has said by now. */
  isOwn(address: string): boolean {
    const { addresses = [] } = this.#known.facts ?? {};
    if (addresses !== this.#addresses) [this.#addresses, this.#own] = [addresses, new Set(addresses)];
    return this.#own.has(address);
  }

  /**
   * What a packet that opens a conversation was before any translation, by how it leaves, or by how it is once its destination was rewritten and its source not
   * yet; undefined where no entry tells, or several tell otherwise. `hostPorts`: what it may have called of the host's then.
   */
  begunAs(proto: Protocol, seen: Ends, hostPorts: readonly number[] = []): Ends | undefined {
    const tables = [this.#table, this.#snapshotsTable()];
    const text = tupleText(proto, reversed(seen));
    const leaving = tables.flatMap((table) => entriesOf(table, text));
    const { addresses = [] } = this.#known.facts ?? {};
    const called = hostPorts.flatMap((dstPort) =>
      addresses.map((dst) => tupleText(proto, { src: seen.src, srcPort: seen.srcPort, dst, dstPort })),
    );
    const halfway = called.flatMap((text) => tables.flatMap((table) => entriesTo(seen, table, text)));
    const [original, ...others] = new Set([...leaving, ...halfway].map(({ originalText }) => originalText));
    return original === undefined || others.length > 0 ? undefined : endsIn(original);
  }

  /**
   * What the host called of its own between the first snapshot and the last: what was heard of meanwhile and not let go, and what the last one lists, which has not what
   * ended longer before. None is listed where either lacks entries.
   */
  called(): readonly HostCall[] {
    const { facts, first } = this.#known;
    if (facts === undefined || first === undefined || first.timeNs >= facts.timeNs) return [];
    const table = this.#table?.listedNs === undefined ? this.#table : undefined;
    const heard = Array.from(table?.entries() ?? [], (entry) => ({ entry, calls: this.#heardIn(entry) })).filter(
      ({ calls }) => calls.length > 0,
    );
    const texts = new Set(heard.map(({ entry }) => entry.originalText));
    const listed = Array.from(this.#listedSince(first)).filter(({ originalText }) => !texts.has(originalText));
    // a list tells that it was answered, and what was heard, when it began
    const begunNs = ({ originalText, replyText }: ConntrackEntry): bigint | undefined =>
      table?.having(originalText).find((each) => each.originalText === originalText && each.replyText === replyText)
        ?.bornNs;
    const calls = listed.flatMap((entry) => this.#callsIn(entry, begunNs(entry) ?? facts.timeNs));
    return [...heard.flatMap((each) => each.calls), ...calls];
  }

  /** The entries that the last snapshot has and the first has not. */
  #listedSince({ conntrack, conntrackMore }: Pick<HostFacts, "conntrack" | "conntrackMore">): ConntrackEntry[] {
    if (conntrack === undefined || conntrackMore > 0) return [];
    const before = new Listing().of(conntrack);
    const listing = this.#table?.listedNs === undefined ? this.#snapshotsTable() : this.#table;
    return Array.from(listing.entries()).filter(({ originalText }) => before.having(originalText).length === 0);
  }

  /** The call that an entry is of which conntrack told, as it happened, behind the first snapshot. */
  #heardIn(entry: ConntrackEntry): readonly HostCall[] {
    const { first } = this.#known;
    const { bornNs } = entry;
    if (first === undefined || bornNs === undefined || bornNs <= first.timeNs) return [];
    return this.#callsIn(entry, bornNs);
  }

  #callsIn(entry: ConntrackEntry, epochNs: bigint): readonly HostCall[] {
    const { originalText, replyText, isZoned, isReplied } = entry;
    const [ends, answer] = [endsIn(originalText), endsIn(replyText)];
    if (isZoned || isReplied !== true || !this.isOwn(ends.src) || !this.isOwn(ends.dst)) return [];
    const proto = originalText.slice(0, originalText.indexOf(" "));
    const answeredBy = isTranslated(entry) ? { address: answer.src, port: answer.srcPort } : undefined;
    return [{ proto, address: ends.dst, port: ends.dstPort, answeredBy, epochNs }];
  }

  #snapshotsTable(): ConntrackTable {
    return this.#listing.of(this.#isByListing ? this.#known.facts?.conntrack : undefined);
  }
}

/** The entries of what looks so as it comes in, and goes to where a packet does; those of zones may be others'. */
function entriesTo({ dst, dstPort }: Ends, table: ConntrackTable | undefined, text: string): readonly ConntrackEntry[] {
  return (
    table?.having(text).filter(({ originalText, replyText, isZoned }) => {
      const answer = endsIn(replyText);
      return originalText === text && !isZoned && answer.src === dst && answer.srcPort === dstPort;
    }) ?? []
  );
}

/** The entries whose answers look so as they come in; those of zones may be others'. */
function entriesOf(table: ConntrackTable | undefined, text: string): readonly ConntrackEntry[] {
  return table?.having(text).filter(({ replyText, isZoned }) => replyText === text && !isZoned) ?? [];
}
