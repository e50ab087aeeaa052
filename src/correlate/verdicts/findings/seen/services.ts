import { Few, MOST_NAMED } from "../../../../packets/results/few.js";
import { Gathered } from "../../../../packets/results/gathered.js";
import { said, saidFew, type Sentence, timesText } from "../../../../packets/results/sentence.js";
import type { Reason } from "../../../../packets/results/reasons.js";
import type { Ends } from "../../../../packets/results/results.js";
import { INSIDE } from "../../../../packets/sides.js";
import { UDP } from "../../../../protocols/ip-protocols.js";
import type { EndedFlow } from "./ended-flow.js";

/** So many services of clients are told apart: all others are one from each side. */
const MOST_SERVICES = 4096;
/** So many kinds of errors are told of one. */
const MOST_KINDS = 2;

/** Errors about packets of a flow: what they mean, in words, who says so, and how many there are. */
export interface Said {
  readonly reason: Reason;
  readonly words: string;
  /** Whether whom the packets are for says so. */
  readonly isByAddressee: boolean;
  readonly count: number;
}

/** What one client asked of one service, in flows that ended alike: whoever opens a socket for each query has as many flows. */
export class Service {
  readonly gathered = new Gathered();
  /** Who asked, by the address inside; undefined where those are several. */
  readonly asker: string | undefined;
  readonly isFromInside: boolean;
  readonly proto: number;
  /** The ends of the first flow inside, its initiator's before. */
  readonly ends: Ends;
  /** How often it was tried. */
  times = 0;
  /** Whether any of its flows has an address outside that can be answered. */
  isAnswerable = false;
  /** The first flow in words, and what all of them have in common of that. */
  readonly #first: Sentence;
  readonly #common: Sentence;
  /** By their words. */
  readonly #errors = new Map<string, Said>();

  constructor(flow: EndedFlow, asker: string | undefined) {
    this.asker = asker;
    this.isFromInside = flow.isFromInside;
    this.proto = flow.proto;
    this.ends = flow.ends(INSIDE);
    this.#first = flow.saidFrom(true);
    this.#common = flow.saidService;
  }

  add(flow: EndedFlow, errors: Iterable<Said>): void {
    this.gathered.addFlow(flow);
    this.times += flow.pairsThere;
    this.isAnswerable ||= flow.isAnswerable;
    for (const error of errors) {
      const count = this.#errors.get(error.words)?.count ?? 0;
      if (count > 0 || this.#errors.size < MOST_KINDS)
        this.#errors.set(error.words, { ...error, count: count + error.count });
    }
  }

  /** What most of its errors say: of a client's queries, a router may answer some alone. Undefined where there are none. */
  get error(): Said | undefined {
    return [...this.#errors.values()].toSorted((a, b) => b.count - a.count).at(0);
  }

  get flows(): number {
    return this.gathered.flows.count;
  }

  /** `tcp web.40000 > 203.0.113.5.443 (3 times)`, `udp web > 203.0.113.5.53 (30 queries; 5 errors: host unreachable, says 203.0.113.2)`. */
  get sentence(): Sentence {
    const errors = [...this.#errors.values()]
      .map(({ words, count }) => `; ${count} error${count === 1 ? "" : "s"}: ${words}`)
      .join("");
    if (this.flows === 1) return said`${this.#first} (${timesText(this.times)}${errors})`;
    const times = this.proto === UDP ? `${this.times} datagrams` : `${this.times} times in ${this.flows} conversations`;
    return said`${this.#common} (${times}${errors})`;
  }
}

/** What clients asked of services, in flows that all ended alike. */
export class Services {
  readonly #services = new Map<string, Service>();

  /** Takes a flow, and errors about its packets. Returns the service that has it. */
  add(flow: EndedFlow, errors: Iterable<Said> = []): Service {
    const key = flow.serviceKey;
    let service = this.#services.get(key);
    if (service === undefined && this.#services.size >= MOST_SERVICES) service = this.#others(flow);
    else if (service === undefined) {
      service = new Service(flow, flow.address(INSIDE, true));
      this.#services.set(key, service);
    }
    service.add(flow, service.asker === undefined ? [] : errors);
    return service;
  }

  get all(): Iterable<Service> {
    return this.#services.values();
  }

  #others(flow: EndedFlow): Service {
    const key = flow.isFromInside ? "from inside" : "from outside";
    const others = this.#services.get(key) ?? new Service(flow, undefined);
    this.#services.set(key, others);
    return others;
  }
}

/** Some of them in words. */
export function saidServices(services: Iterable<Service>): Sentence {
  const named = new Few<Sentence>(MOST_NAMED);
  for (const service of services) {
    if (service.asker === undefined) named.addUnlisted(service.flows);
    else named.addMade(() => service.sentence);
  }
  return saidFew(named);
}
