import { WAITING } from "../../packets/fates.js";
import { Altered } from "./altered/altered.js";
import type { About, Carried, Doubt, Matcher, OneForm, Recognised } from "./contract.js";
import { CutFrames } from "./cut-frames.js";
import { Datagrams } from "./pieces/datagrams.js";
import { Hairpins } from "./turned/hairpins.js";
import { Equals } from "./equals/equals.js";
import { Proxies } from "./proxied/proxies.js";
import { Relays } from "./proxied/relays.js";
import { Segments } from "./pieces/segments.js";
import { ShiftedSegments } from "./shifts.js";
import { SuperDatagrams } from "./pieces/super-datagrams.js";
import type { Undecided } from "./undecided.js";

const NO_NEWS: readonly Recognised[] = [];

/** Those of the matchers, in their order, that have all of this. */
function having<K extends keyof Matcher>(all: readonly Matcher[], ...parts: readonly K[]) {
  return all.filter((matcher): matcher is Matcher & Required<Pick<Matcher, K>> =>
    parts.every((part) => matcher[part] !== undefined),
  );
}

/** Who is asked and told what. */
function whoHas(all: readonly Matcher[]) {
  return {
    settle: having(all, "mayPair", "settle"),
    leave: having(all, "leave"),
    lapse: having(all, "lapse"),
    giveUp: having(all, "giveUp"),
    forget: having(all, "forget"),
    translated: having(all, "translated"),
    unlinked: having(all, "unlinked"),
    released: having(all, "released"),
    forgetWays: having(all, "forgetWays"),
    wholeOf: having(all, "wholeOf"),
    oneForm: having(all, "oneForm"),
    carriedOn: having(all, "carriedOn"),
    partly: having(all, "partly"),
    doubt: having(all, "doubt"),
    doubtLoss: having(all, "doubtLoss"),
    mayHaveBecome: having(all, "mayHaveBecome"),
    isSighted: having(all, "isSighted"),
    news: having(all, "news"),
  };
}

/** What the first says that says anything. */
function firstOf<M, A>(matchers: readonly M[], ask: (matcher: M) => A | undefined): A | undefined {
  for (const matcher of matchers) {
    const answer = ask(matcher);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** All matchers: what the loop leaves to them, they take one after the other, until one of them has decided about it. It asks and tells them what `Matcher` has. */
export class Matchers implements Required<Omit<Matcher, "wants">> {
  /** Packets with equal keys: it files them, so it sees each before the others do. */
  readonly #equals: Equals;
  readonly #admit: ReturnType<typeof having<"wants" | "admit">>;
  readonly #who: ReturnType<typeof whoHas>;
  readonly #about: About;

  constructor(about: About) {
    this.#about = about;
    const datagrams = new Datagrams(about);
    const segments = new Segments(about);
    const cutFrames = new CutFrames(about);
    this.#equals = new Equals(about, { segments, cutFrames });
    // in the order in which they decide
    const all: readonly Matcher[] = [
      datagrams,
      new Hairpins(about, datagrams),
      this.#equals,
      segments,
      new SuperDatagrams(about),
      new ShiftedSegments(about),
      cutFrames,
      new Altered(about),
      new Proxies(about),
      new Relays(about),
    ];
    const others = all.filter((matcher) => matcher !== this.#equals);
    this.#admit = [this.#equals, ...having(others, "wants", "admit")];
    this.#who = whoHas(all);
  }

  admit(row: number): void {
    const { timeline: t, kernel } = this.#about;
    let wants = kernel.wantsOf(row);
    for (const matcher of this.#admit) {
      if ((wants & matcher.wants) === 0) continue;
      matcher.admit(row);
      if (t.state(row) !== WAITING || this.#equals.isPending(row)) return;
      // what was learnt by it counts for the others
      wants = kernel.wantsOf(row);
    }
  }

  /** Takes a WAITING packet that the loop has appended and filed. `wants`: what is in it, as far as the loop has left it to matchers. */
  admitLater(row: number, wants: number): void {
    for (const matcher of this.#admit) if ((wants & matcher.wants) !== 0) matcher.admit(row);
  }

  /** Decides about a packet that waited for an equal one, which did not come. */
  ripen(row: number): void {
    const { timeline: t, kernel } = this.#about;
    this.#equals.ripen(row);
    if (t.state(row) === WAITING) this.admitLater(row, kernel.wantsOf(row) & ~this.#equals.wants);
  }

  /** It may be asked in the middle of a stretch. */
  mayPair(row: number): boolean {
    if (this.#about.survivors.isRenumberingAny) return true;
    for (const matcher of this.#who.settle) if (matcher.mayPair(row)) return true;
    return false;
  }

  /** Where the packet still waits afterwards, it has no twin. */
  settle(row: number, nowNs: number): Undecided | null {
    for (const matcher of this.#who.settle) {
      const undecided = matcher.settle(row, nowNs);
      if (undecided !== null || this.#about.timeline.state(row) !== WAITING) return undecided;
    }
    return null;
  }

  leave(rows: readonly number[]): void {
    for (const matcher of this.#who.leave) matcher.leave(rows);
  }

  lapse(row: number): void {
    for (const matcher of this.#who.lapse) matcher.lapse(row);
  }

  giveUp(row: number): boolean {
    let mayBeLeft = false;
    for (const matcher of this.#who.giveUp) if (matcher.giveUp(row)) mayBeLeft = true;
    return mayBeLeft;
  }

  forget(row: number): void {
    for (const matcher of this.#who.forget) matcher.forget(row);
  }

  translated(tuple: number): void {
    for (const matcher of this.#who.translated) matcher.translated(tuple);
  }

  unlinked(tuple: number): void {
    for (const matcher of this.#who.unlinked) matcher.unlinked(tuple);
  }

  released(tuple: number): void {
    for (const matcher of this.#who.released) matcher.released(tuple);
  }

  forgetWays(): void {
    for (const matcher of this.#who.forgetWays) matcher.forgetWays();
  }

  wholeOf(row: number): readonly number[] | undefined {
    return firstOf(this.#who.wholeOf, (matcher) => matcher.wholeOf(row));
  }

  oneForm(row: number): OneForm | undefined {
    return firstOf(this.#who.oneForm, (matcher) => matcher.oneForm(row));
  }

  carriedOn(row: number): Carried | undefined {
    return firstOf(this.#who.carriedOn, (matcher) => matcher.carriedOn(row));
  }

  partly(row: number, isLeaving: boolean): Doubt | undefined {
    return firstOf(this.#who.partly, (matcher) => matcher.partly(row, isLeaving));
  }

  doubt(row: number): Doubt | undefined {
    return firstOf(this.#who.doubt, (matcher) => matcher.doubt(row));
  }

  doubtLoss(row: number): Doubt | undefined {
    return firstOf(this.#who.doubtLoss, (matcher) => matcher.doubtLoss(row));
  }

  mayHaveBecome(entered: number, left: number): boolean {
    return this.#who.mayHaveBecome.some((matcher) => matcher.mayHaveBecome(entered, left));
  }

  isSighted(row: number): boolean {
    return this.#who.isSighted.some((matcher) => matcher.isSighted(row));
  }

  news(): readonly Recognised[] {
    let all = NO_NEWS;
    // asked of each packet that is judged, and there is seldom any
    for (const matcher of this.#who.news) {
      const news = matcher.news();
      if (news.length > 0) all = all.concat(news);
    }
    return all;
  }
}
