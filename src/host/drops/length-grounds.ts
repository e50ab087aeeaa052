import type { Dropped } from "../../packets/results/drops.js";
import { TCP } from "../../protocols/ip-protocols.js";
import type { Between } from "./between.js";
import { countedGrounds, type Ground, reasonsFor } from "./ground.js";
import type { Ways } from "./ways.js";

/** What the kernel counts of packets that it should cut and must not, over IPv4 and over IPv6 (net/ipv4/ip_forward.c, net/ipv6/ip6_output.c). */
const COUNTERS = ["IpFragFails", "Ip6InTooBigErrors"] as const;

/** What is too long for the interface that it was to leave by. */
export class LengthGrounds {
  readonly #between: Between;
  readonly #ways: Ways;

  constructor(between: Between, ways: Ways) {
    this.#between = between;
    this.#ways = ways;
  }

  grounds(dropped: readonly Dropped[]): Ground[] {
    return COUNTERS.flatMap((counter, at) => {
      const ofVersion = dropped.filter(({ isIpv6 }) => isIpv6 === (at === 1));
      const reasons = reasonsFor(ofVersion, (kind) => this.#tooLong(kind));
      const hasCounted = (this.#between.moved(counter) ?? 0) > 0;
      // a frame of TCP, as captured, may be several segments, which are not too long
      const isCertain = ![...reasons.values()].flat().some(({ proto }) => proto === TCP);
      return hasCounted ? countedGrounds("drop-too-long", reasons, counter, this.#between, isCertain) : [];
    });
  }

  #tooLong(kind: Dropped): string | undefined {
    const { destination } = this.#ways.of(kind);
    const coming = this.#ways.coming(kind);
    const route = destination === undefined ? undefined : this.#ways.routing.route(destination, coming);
    if (destination === undefined || route?.type !== "unicast" || route.dev === undefined) return undefined;
    const isSame = this.#between.isRoute(destination, (each) => each?.mtu === route.mtu, coming);
    const [mtu, whose] =
      isSame && route.mtu !== undefined
        ? [route.mtu, `the route to ${destination}`]
        : [this.#between.mtu(route.dev), route.dev];
    if (!isSame || mtu === undefined || kind.uncutLength <= mtu) return undefined;
    return `they must not be cut, and are longer than the MTU of ${whose}, ${mtu}`;
  }
}
