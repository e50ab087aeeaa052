import { at, listAt, numberAt, parseJson, picked, textAt } from "./json.js";

/** Kinds of what holds filters alone (tc(8)): those of `clsact` also see what goes out. */
export const FILTERS: ReadonlySet<string> = new Set(["clsact", "ingress"]);

/** What of `ip -j` is kept, by the names it has there. */
export const LINK = [
  "ifindex",
  "ifname",
  "link_index",
  "link_netnsid",
  "master",
  "mtu",
  "operstate",
  "link_type",
  "address",
];
export const ADDRESS = ["family", "local", "prefixlen", "scope", "secondary"];
export const COUNTERS = ["bytes", "packets", "errors", "dropped"];
export const ROUTE = ["type", "dst", "gateway", "dev", "prefsrc", "table", "protocol", "scope", "metric"];
export const NEXT_HOP = ["gateway", "dev", "weight"];
export const POLICY_RULE = [
  "priority",
  "not",
  "src",
  "srclen",
  "dst",
  "dstlen",
  "iif",
  "iif_detached",
  "oif",
  "oif_detached",
  "l3mdev",
  "fwmark",
  "fwmask",
  "tos",
  "uid_start",
  "uid_end",
  "ipproto",
  "sport",
  "sport_start",
  "sport_end",
  "dport",
  "dport_start",
  "dport_end",
  "tun_id",
  "table",
  "suppress_prefixlen",
  "suppress_ifgroup",
  "goto",
  "action",
];

/** Reads `ip -j -s -d addr`. Throws where that is no JSON. */
export function interfacesOf(text: string): object[] {
  return listAt(parseJson(text)).map(interfaceOf);
}

function interfaceOf(link: unknown): object {
  const kind = textAt(link, "linkinfo", "info_kind");
  return {
    ...picked(link, LINK),
    ...(kind !== undefined && { info_kind: kind }),
    addr_info: listAt(link, "addr_info").map((each) => picked(each, ADDRESS)),
    stats64: { rx: picked(at(link, "stats64", "rx"), COUNTERS), tx: picked(at(link, "stats64", "tx"), COUNTERS) },
  };
}

/** Reads `ip -j route`. Throws where that is no JSON. */
export function routesOf(text: string): object[] {
  return listAt(parseJson(text)).map(routeOf);
}

function routeOf(route: unknown): object {
  const nexthops = listAt(route, "nexthops").map((hop) => picked(hop, NEXT_HOP));
  const mtu = listAt(route, "metrics")
    .map((each) => numberAt(each, "mtu"))
    .find((each) => each !== undefined);
  return { ...picked(route, ROUTE), ...(mtu !== undefined && { mtu }), ...(nexthops.length > 0 && { nexthops }) };
}

export const QUEUE = ["dev", "kind", "handle", "drops"];
/** What holds no packet drops none: every container has some. */
const WITHOUT_QUEUE = "noqueue";

/** Reads `tc -s -j qdisc`: of each interface, its queue, and what filters what comes in and goes out there. What others hold in turn counts what these drop. Throws where that is no JSON. */
export function queuesOf(text: string): object[] {
  return listAt(parseJson(text))
    .filter((queue) => isOuter(queue) && textAt(queue, "kind") !== WITHOUT_QUEUE)
    .map((queue) => picked(queue, QUEUE));
}

function isOuter(queue: unknown): boolean {
  return at(queue, "root") === true || FILTERS.has(textAt(queue, "kind") ?? "");
}

/** Reads `ip -j rule`, of one IP version, which it does not say itself. Throws where that is no JSON. */
export function policyRulesOf(family: "inet" | "inet6"): (text: string) => object[] {
  return (text) => listAt(parseJson(text)).map((rule) => Object.assign({ family }, picked(rule, POLICY_RULE)));
}
