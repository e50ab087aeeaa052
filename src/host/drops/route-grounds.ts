import type { Dropped } from "../../packets/results/drops.js";
import type { Between } from "./between.js";
import { countedGrounds, type Ground, isDropped, packetsIn, reasonsFor } from "./ground.js";
import { DEAD_ENDS, type Ways } from "./ways.js";

/**
 * What the kernel counts as it drops so, over IPv4 and over IPv6 (net/ipv4/route.c, ip_error, and ip_rcv_finish_core in net/ipv4/ip_input.c;
 * net/ipv6/route.c, ip6_pkt_drop).
 */
export const FORWARDING = ["IpInAddrErrors", undefined] as const;
const REVERSE_PATH = ["TcpExtIPReversePathFilter", undefined] as const;
export const NO_ROUTE = ["IpExtInNoRoutes", "Ip6InNoRoutes"] as const;

/** The setting that turns forwarding on and off on all interfaces. */
export const GENERAL_FORWARDING = "net.ipv4.ip_forward";

/** `rp_filter`, by Documentation/networking/ip-sysctl: 1 asks that answers leave by the interface that a packet came in by, 2 that there is a route. */
const STRICT = 1;

/** Why packets were not forwarded at all, by the host's settings and routes. */
export class RouteGrounds {
  readonly #between: Between;
  readonly #ways: Ways;

  constructor(between: Between, ways: Ways) {
    this.#between = between;
    this.#ways = ways;
  }

  /** `kinds`: those that were refused among them, which the kernel counts, too. */
  grounds(kinds: readonly Dropped[]): Ground[] {
    return [false, true].flatMap((isIpv6) => {
      const ofVersion = kinds.filter((kind) => kind.isIpv6 === isIpv6);
      return this.#ofVersion(ofVersion, isIpv6 ? 1 : 0);
    });
  }

  #ofVersion(kinds: readonly Dropped[], at: 0 | 1): Ground[] {
    const silent = kinds.filter(({ fate }) => fate !== "refused");
    const refused = packetsIn(kinds.filter(({ refusal }) => refusal === "no-route"));
    const forwarded = silent.filter((kind) => isDropped(kind) || this.#ways.mustCross(kind));
    // what has a source that is not of its link is just what rp_filter is for, and what leads nowhere leaves by no interface
    const entered = silent.filter((kind) => isDropped(kind) || this.#ways.hasEntered(kind));
    return [
      ...this.#counted("drop-not-forwarded", forwarded, (kind) => this.#notForwarded(kind), FORWARDING[at]),
      ...this.#counted("drop-reverse-path", entered, (kind) => this.#filtered(kind), REVERSE_PATH[at]),
      ...this.#counted("drop-no-route", entered, (kind) => this.#lost(kind), NO_ROUTE[at], refused),
      ...this.#counted("drop-no-route", entered, (kind) => this.#discarded(kind), undefined),
    ];
  }

  #counted(
    code: Ground["code"],
    kinds: readonly Dropped[],
    whyOf: (kind: Dropped) => string | undefined,
    counter: string | undefined,
    refused = 0,
  ): Ground[] {
    const stops = { reason: "not-forwarded", refused } as const;
    return countedGrounds(code, reasonsFor(kinds, whyOf), counter, this.#between, true, stops);
  }

  /** Why the host forwards nothing that comes in by its interface; undefined where it may. */
  #notForwarded(kind: Dropped): string | undefined {
    if (this.#ways.of(kind).destination === undefined) return undefined;
    const setting = kind.isIpv6 ? this.#offOverIpv6() : this.#offOverIpv4(this.#ways.cameBy(kind));
    return setting === undefined ? undefined : `the host does not forward them: ${setting} is 0`;
  }

  #offOverIpv6(): string | undefined {
    const setting = "net.ipv6.conf.all.forwarding";
    return this.#between.sysctl(setting) === "0" ? setting : undefined;
  }

  #offOverIpv4(name: string): string | undefined {
    const own =
      name === ""
        ? this.#between.sysctlsOfInterfaces("forwarding")
        : [this.#between.sysctl(settingOf(name, "forwarding"))];
    if (own.length === 0 || own.some((value) => value !== "0")) return undefined;
    return this.#between.sysctl(GENERAL_FORWARDING) === "0" || name === ""
      ? GENERAL_FORWARDING
      : settingOf(name, "forwarding");
  }

  /** Why rp_filter drops them; undefined where it does not, or may not. */
  #filtered(kind: Dropped): string | undefined {
    const { src } = kind.ends;
    const name = this.#ways.cameBy(kind);
    if (kind.isIpv6 || name === "") return undefined;
    const modes = [settingOf("all", "rp_filter"), settingOf(name, "rp_filter")];
    const mode = Math.max(...modes.map((setting) => Number(this.#between.sysctl(setting))));
    if (!(mode > 0)) return undefined;
    const said = `rp_filter of ${name} is ${mode}, and`;
    // it is asked for the route of an answer (net/ipv4/fib_frontend.c, __fib_validate_source)
    const answer = { src: this.#ways.of(kind).destination };
    if (this.#between.isRoute(src, (route) => route === null, answer)) return `${said} there is no route to ${src}`;
    const isAway = this.#between.isRoute(
      src,
      (route) => route?.type === "unicast" && route.dev !== undefined && route.dev !== name,
      answer,
    );
    return mode === STRICT && isAway ? `${said} the route to ${src} does not leave by it` : undefined;
  }

  #lost(kind: Dropped): string | undefined {
    const { destination } = this.#ways.of(kind);
    const isLost =
      destination !== undefined &&
      this.#between.isRoute(destination, (route) => route === null, this.#ways.coming(kind));
    return isLost ? `the host has no route to ${destination}` : undefined;
  }

  #discarded(kind: Dropped): string | undefined {
    const { destination } = this.#ways.of(kind);
    if (destination === undefined) return undefined;
    const coming = this.#ways.coming(kind);
    const type = [...DEAD_ENDS].find((each) =>
      this.#between.isRoute(destination, (route) => route?.type === each, coming),
    );
    return type === undefined ? undefined : `the host's route to ${destination} is one of type ${type}`;
  }
}

/** A setting of an interface over IPv4, as sysctl(8) writes it. */
function settingOf(name: string, setting: string): string {
  return `net.ipv4.conf.${name.replaceAll(".", "/")}.${setting}`;
}
