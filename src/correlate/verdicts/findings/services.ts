import { Few, MOST_NAMED } from "../../../packets/results/few.js";
import { said, type Sentence, timesText } from "../../../packets/results/sentence.js";
import type { Reason } from "../../../packets/results/reasons.js";
import { UDP } from "../../../protocols/ip-protocols.js";
import type { EndedFlow } from "./ended-flow.js";

/** So many services of clients are told apart: of more, flows are only counted. */
const MOST_SERVICES = 4096;
/** So many kinds of errors are told of one. */
const MOST_KINDS = 2;

/** Errors about packets of a flow: what they mean, in words, and how many there are. */
export interface Said {
  readonly reason: Reason;
  readonly words: string;
  readonly count: number;
}

/** What one client asked of one service, in flows that ended alike: whoever opens a socket for each query has as many flows. */
class Service {
  readonly asker: string;
  readonly #proto: number;
  /** The first flow in words, and what all of them have in common of that. */
  readonly #first: Sentence;
  readonly #common: Sentence;
  #flows = 0;
  #times = 0;
  /** By their words. */
  readonly #errors = new Map<string, Said>();

  constructor(flow: EndedFlow, asker: string) {
    this.asker = asker;
    this.#proto = flow.proto;
    this.#first = flow.said;
    this.#common = flow.saidService;
  }

  add(times: number, errors: Said | undefined): void {
    this.#flows++;
    this.#times += times;
    if (errors === undefined || (this.#errors.size === MOST_KINDS && !this.#errors.has(errors.words))) return;
    const count = (this.#errors.get(errors.words)?.count ?? 0) + errors.count;
    this.#errors.set(errors.words, { ...errors, count });
  }

  /** What most of its errors mean: of a client's queries, a router may answer some alone. Undefined where there are none. */
  get reason(): Reason | undefined {
    return [...this.#errors.values()].toSorted((a, b) => b.count - a.count).at(0)?.reason;
  }

  get flows(): number {
    return this.#flows;
  }

  /** `tcp web.40000 > 203.0.113.5.443 (3 times)`, `udp web > 203.0.113.5.53 (30 queries; 5 errors: host unreachable, says 203.0.113.2)`. */
  get sentence(): Sentence {
    const errors = [...this.#errors.values()]
      .map(({ words, count }) => `; ${count} error${count === 1 ? "" : "s"}: ${words}`)
      .join("");
    if (this.#flows === 1) return said`${this.#first} (${timesText(this.#times)}${errors})`;
    const times =
      this.#proto === UDP ? `${this.#times} queries` : `${this.#times} times in ${this.#flows} conversations`;
    return said`${this.#common} (${times}${errors})`;
  }
}

/** What clients asked of services, in flows that all ended alike. */
export class Services {
  readonly #services = new Map<string, Service>();
  /** By who asked, how many flows are not told of by their services. */
  readonly #others = new Map<string, number>();

  /** Takes a flow. `times`: how often it was tried. `asker`: as what `of` selects it. */
  add(flow: EndedFlow, times: number, asker: string, errors?: Said): void {
    const key = `${asker} ${flow.serviceKey}`;
    const known = this.#services.get(key);
    if (known === undefined && this.#services.size === MOST_SERVICES) {
      this.#others.set(asker, (this.#others.get(asker) ?? 0) + 1);
      return;
    }
    const service = known ?? new Service(flow, asker);
    if (known === undefined) this.#services.set(key, service);
    service.add(times, errors);
  }

  /** Those of some askers in words, and what errors about most of their flows mean; undefined where nobody said anything of most. */
  of(isAsked: (asker: string) => boolean = () => true): {
    readonly named: Few<Sentence>;
    readonly reason: Reason | undefined;
  } {
    const named = new Few<Sentence>(MOST_NAMED);
    const byReason = new Map<Reason | undefined, number>([[undefined, 0]]);
    for (const service of this.#services.values()) {
      if (!isAsked(service.asker)) continue;
      named.addMade(() => service.sentence);
      byReason.set(service.reason, (byReason.get(service.reason) ?? 0) + service.flows);
    }
    for (const [asker, count] of this.#others) if (isAsked(asker)) named.addUnlisted(count);
    const [[reason]] = [...byReason].toSorted(([, a], [, b]) => b - a);
    return { named, reason };
  }
}
