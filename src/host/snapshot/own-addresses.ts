import type { HostFacts } from "./host-facts.js";
import type { NetworkFacts } from "./network-facts.js";

/** So often it is remembered what the host had. */
const MOST_TOLD = 64;

/** Which addresses the host had at a time, epoch nanoseconds, and its network when it had the same for the first time; undefined where some had come or gone, and nobody had told which. */
interface Told {
  readonly timeNs: bigint;
  readonly has: { readonly addresses: ReadonlySet<string>; readonly network: NetworkFacts } | undefined;
}

/** Which addresses the host had, and when. */
export class OwnAddresses {
  readonly #told: Told[] = [];

  /** Takes what a snapshot tells of them. One that tells of none says nothing. */
  take({ timeNs, addresses, network }: Pick<HostFacts, "timeNs" | "addresses" | "network">): void {
    if (addresses.length === 0) return;
    const last = this.#told.findLast(({ has }) => has !== undefined)?.has?.network;
    // of what is the same, one is remembered
    const isSame = last !== undefined && sourcesText(last) === sourcesText(network);
    this.#add({ timeNs, has: { addresses: new Set(addresses), network: isSame ? last : network } });
  }

  /** Takes it that some came or went: which, the next snapshot tells. */
  change(timeNs: bigint): void {
    this.#add({ timeNs, has: undefined });
  }

  /** What was told last, in the order of time. */
  get told(): readonly Told[] {
    return this.#told;
  }

  /** Whether nobody told of any. */
  get isEmpty(): boolean {
    return this.#told.length === 0;
  }

  /** Whether the host is known to have had an address all the time since then, epoch nanoseconds. */
  hadSince(address: string, sinceNs: bigint): boolean {
    const last = this.#told.findLastIndex(({ timeNs }) => timeNs <= sinceNs);
    const told = this.#told.slice(Math.max(0, last));
    return told.length > 0 && told.every(({ has }) => has?.addresses.has(address) === true);
  }

  #add(told: Told): void {
    this.#told.push(told);
    if (this.#told.length > MOST_TOLD) this.#told.shift();
  }
}

function sourcesText({ sources }: NetworkFacts): string {
  return JSON.stringify([...sources]);
}
