/** So many pairs a page has at the most: some megabytes, as compressed as they are there. */
const MOST_PAIRS = 20_000;
/** While a page has fewer pairs than that, it takes so many of each flow: all at first, so that small captures are there as a whole. */
const QUOTAS = [
  { until: 10_000, ofFlow: Number.POSITIVE_INFINITY },
  { until: 15_000, ofFlow: 20 },
  { until: MOST_PAIRS, ofFlow: 4 },
  { until: Number.POSITIVE_INFINITY, ofFlow: 0 },
];
/** So many more are taken behind trouble in a flow, to show what went on. */
const BEHIND_TROUBLE = 6;
/** So many of each kind of trouble are in, and so many that are none. */
const MOST_OF_TROUBLE = 1000;
const MOST_OF_OTHERS = 300;

/** Chooses which pairs a page shows: the first ones of each flow, and those that follow trouble. */
export class KeptPairs {
  #count = 0;
  /** Which of the quotas holds. */
  #stage = 0;
  /** By flow: how many are in; less than none where more are wanted. */
  readonly #ofFlow = new Map<number, number>();

  /** Whether a flow's next pair is in. */
  keeps(flow: number): boolean {
    const quota = this.#quota;
    // once there are enough, nobody looks for the flow of a pair
    if (quota === 0) return false;
    const of = this.#ofFlow.get(flow) ?? 0;
    if (of >= quota) return false;
    this.#ofFlow.set(flow, of + 1);
    if (++this.#count >= QUOTAS[this.#stage].until) this.#stage++;
    return true;
  }

  /** Whether no pair is in any more, of whatever flow. */
  get isFull(): boolean {
    return this.#quota === 0;
  }

  /** There was trouble in a flow. */
  wantMore(flow: number): void {
    const quota = this.#quota;
    if (quota > 0 && Number.isFinite(quota))
      this.#ofFlow.set(flow, Math.min(this.#ofFlow.get(flow) ?? 0, quota - BEHIND_TROUBLE));
  }

  get #quota(): number {
    return QUOTAS[this.#stage].ofFlow;
  }
}

/** Chooses which of the packets that are told of one by one a page shows: the first ones of each kind. */
export class KeptOfKind {
  readonly #counts = new Map<string, number>();

  keeps(kind: string, isTrouble: boolean): boolean {
    const count = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, count + 1);
    return count < (isTrouble ? MOST_OF_TROUBLE : MOST_OF_OTHERS);
  }
}
