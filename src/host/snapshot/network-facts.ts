import { type AddressRange, canonicalAddress, parseAddressRange } from "../address.js";
import { type PolicyRule, policyRuleOf } from "./policy-rules.js";
import { at, listAt, membersAt, numberAt, textAt, textMembersAt } from "./json.js";

/** A route of the host's. */
export interface Route {
  /** As `ip route` writes it: `unicast`, `local`, `blackhole` and others. */
  readonly type: string;
  /** Where it leads; undefined for a default route of which nothing tells the IP version. */
  readonly to: AddressRange | undefined;
  readonly table: string;
  /** The interface that packets leave by; undefined where it has none, or several. */
  readonly dev: string | undefined;
  /** Whether those to whom it leads are on that link themselves, and not behind a gateway. */
  readonly isOnLink: boolean;
  readonly metric: number;
  /** The most bytes of a packet that takes it; undefined where its interface's MTU counts. */
  readonly mtu: number | undefined;
}

/** An address that the kernel may choose where a packet needs one of an interface. */
export interface SourceAddress {
  /** As natcorr writes it. */
  readonly address: string;
  /** Whether it is valid everywhere (ip-address(8), scope). */
  readonly isGlobal: boolean;
}

/** What holds, or filters, the packets of an interface. */
export interface Queue {
  readonly dev: string;
  /** As tc(8) names it: `fq_codel`, `tbf`. */
  readonly kind: string;
  /** What tells it from another one that was there before it. */
  readonly handle: string;
  /** Packets that it dropped so far. */
  readonly drops: number;
}

/** What a snapshot says of how the host forwards. */
export interface NetworkFacts {
  readonly routes: readonly Route[];
  /** What chooses their tables, in the order in which that is asked; none where nothing tells. */
  readonly policy: readonly PolicyRule[];
  /** Of each interface, the addresses that the kernel may choose: secondary ones it does not. */
  readonly sources: ReadonlyMap<string, readonly SourceAddress[]>;
  /** The MTU of each interface, bytes. */
  readonly mtus: ReadonlyMap<string, number>;
  /** The kind of each interface, as `ip -d link` tells it (`bridge`, `veth`); empty where it has none, as a network card. */
  readonly kinds: ReadonlyMap<string, string>;
  /** The interface that takes what comes by another one, which is a part of it: a bridge, or a bond. */
  readonly masters: ReadonlyMap<string, string>;
  /** By their names, as sysctl(8) writes them. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** What the kernel counted, by name: as `conntrack -S` and nstat(8) have it. */
  readonly counters: ReadonlyMap<string, number>;
  /** Undefined where it does not tell of any. */
  readonly queues: readonly Queue[] | undefined;
}

/** Kinds of interfaces that take what comes by their parts. */
const TAKING = new Set(["bridge", "bond"]);

export function networkFactsOf(snapshot: unknown): NetworkFacts {
  const links = listAt(snapshot, "interfaces");
  const counters = [...membersAt(snapshot, "conntrack", "counters"), ...membersAt(snapshot, "counters")];
  return {
    routes: listAt(snapshot, "routes").map(routeOf),
    policy: listAt(snapshot, "policyRules")
      .map(policyRuleOf)
      .toSorted((one, other) => one.priority - other.priority),
    sources: new Map(links.map((link) => [textAt(link, "ifname") ?? "", listAt(link, "addr_info").flatMap(sourceOf)])),
    mtus: new Map(links.map((link) => [textAt(link, "ifname") ?? "", numberAt(link, "mtu") ?? 0])),
    kinds: new Map(links.map((link) => [textAt(link, "ifname") ?? "", textAt(link, "info_kind") ?? ""])),
    masters: mastersOf(links),
    sysctls: textMembersAt(snapshot, "sysctls"),
    queues: at(snapshot, "queues") === undefined ? undefined : listAt(snapshot, "queues").flatMap(queueOf),
    counters: new Map(counters.flatMap(([name, value]) => (typeof value === "number" ? [[name, value]] : []))),
  };
}

function mastersOf(links: readonly unknown[]): Map<string, string> {
  const taking = links.filter((link) => TAKING.has(textAt(link, "info_kind") ?? ""));
  const names = new Set(taking.map((link) => textAt(link, "ifname")));
  return new Map(
    links.flatMap((link) => {
      const [name, master] = [textAt(link, "ifname"), textAt(link, "master")];
      return name !== undefined && master !== undefined && names.has(master) ? [[name, master]] : [];
    }),
  );
}

function queueOf(queue: unknown): Queue[] {
  const [dev, kind, handle] = ["dev", "kind", "handle"].map((name) => textAt(queue, name));
  const drops = numberAt(queue, "drops");
  if (dev === undefined || kind === undefined || handle === undefined || drops === undefined) return [];
  return [{ dev, kind, handle, drops }];
}

function sourceOf(known: unknown): SourceAddress[] {
  const address = canonicalAddress(textAt(known, "local") ?? "");
  if (address === null || at(known, "secondary") === true) return [];
  return [{ address, isGlobal: textAt(known, "scope") === "global" }];
}

function routeOf(route: unknown): Route {
  const devs = new Set([textAt(route, "dev"), ...listAt(route, "nexthops").map((hop) => textAt(hop, "dev"))]);
  devs.delete(undefined);
  const [dev] = devs;
  return {
    type: textAt(route, "type") ?? "unicast",
    to: destinationOf(route),
    table: textAt(route, "table") ?? "main",
    dev: devs.size === 1 ? dev : undefined,
    isOnLink:
      at(route, "gateway") === undefined && at(route, "via") === undefined && at(route, "nexthops") === undefined,
    metric: numberAt(route, "metric") ?? 0,
    mtu: numberAt(route, "mtu"),
  };
}

/** `default` is of either IP version: its gateway, or the address that it takes, tells which. */
function destinationOf(route: unknown): AddressRange | undefined {
  const dst = textAt(route, "dst") ?? "";
  if (dst !== "default") return parseAddressRange(dst) ?? undefined;
  const hints = [textAt(route, "gateway"), textAt(route, "prefsrc"), textAt(listAt(route, "nexthops")[0], "gateway")];
  const hint = hints.find((each) => each !== undefined);
  if (hint === undefined) return undefined;
  return parseAddressRange(hint.includes(":") ? "::/0" : "0.0.0.0/0") ?? undefined;
}
