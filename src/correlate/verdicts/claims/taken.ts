import { remember } from "../../../packets/memory/keep-newest.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { isOnItsWay, type ProxyEnd } from "../../matchers/proxied/proxy-ends.js";
import { serviceOf } from "../captures/services.js";

/** So many services are remembered, at the most. */
const MOST_REMEMBERED = 4096;

/**
 * Services that a proxy of the host takes on their way out (TPROXY): rules send it what goes to a port, whoever sends that. What never comes out of those
 * may be there, too.
 */
export class Taken {
  readonly #tuples: TupleTable;
  readonly #services = new Set<number>();
  #news: number[] = [];

  constructor(tuples: TupleTable) {
    this.#tuples = tuples;
  }

  /** Takes two conversations that turned out to be one flow. */
  note([client, server]: readonly [number, number]): void {
    const service = serviceOf(this.#tuples, client);
    if (this.#services.has(service) || !isOnItsWay(this.#tuples, this.#endOf(client), this.#endOf(server))) return;
    remember(this.#services, service, MOST_REMEMBERED);
    this.#news.push(service);
  }

  /** Whether such a proxy takes a conversation. */
  has(tuple: number): boolean {
    return this.#services.size > 0 && this.#services.has(serviceOf(this.#tuples, tuple));
  }

  /** The services that it is known of since it was asked last. */
  news(): readonly number[] {
    if (this.#news.length === 0) return this.#news;
    const news = this.#news;
    this.#news = [];
    return news;
  }

  #endOf(tuple: number): ProxyEnd {
    const tuples = this.#tuples;
    return { side: tuples.sideOf(tuple), tuple, openedByA: tuples.isOpenedByA(tuple) };
  }
}

/** Why a packet is not said to be dropped that such a proxy may have taken, in words. */
export const WHY_TAKEN =
  "a proxy on the host takes others of its service on their way: it may have taken this one, and sent nothing like it again";
