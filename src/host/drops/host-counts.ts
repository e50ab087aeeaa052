import type { Dropped } from "../../packets/results/drops.js";
import { type Finding, findingOf } from "../../packets/results/findings.js";
import type { Reason } from "../../packets/results/reasons.js";
import type { Between } from "./between.js";
import { type Ground, packetsIn } from "./ground.js";

/** Something that the host counts where it drops packets. */
interface DropCounter {
  readonly name: string;
  /** What it means that it moved. */
  readonly means: string;
  /** What a sender is told of a packet that it counts; undefined where that is nothing. */
  readonly refusal?: Reason;
  /** Another counter that has some of its packets as well. */
  readonly includes?: string;
  /** What shows more. */
  readonly hint: string;
}

const NSTAT = "nstat -az shows whether it counts on";
const ROUTES = `${NSTAT}; ip route get <address> from <source> iif <interface> shows the way that the host takes`;
const NO_ROUTE = { means: "the host had no route for some packets", refusal: "no-route", hint: ROUTES } as const;
const TOO_LONG = {
  means: "some packets were longer than the MTU of where they were to leave, and must not be cut",
  refusal: "too-big",
  hint: `${NSTAT}; ip link shows MTUs`,
} as const;
const IN_ALL = "conntrack -S shows whether it counts on";

/** As nstat(8), and `conntrack -S`, name them: see `RouteGrounds`, `LengthGrounds` and `ConntrackGrounds` for what the kernel does. */
const DROP_COUNTERS: readonly DropCounter[] = [
  {
    name: "IpInAddrErrors",
    means: "packets for others came by an interface from which the host does not forward",
    hint: `${NSTAT}; sysctl -a -r 'ipv4.*forward' shows from which it does`,
  },
  {
    name: "TcpExtIPReversePathFilter",
    means: "rp_filter dropped packets, as no answer to their source would leave by the interface that they came by",
    hint: `${NSTAT}; sysctl -w net.ipv4.conf.all.log_martians=1 has the kernel log them`,
  },
  { name: "IpExtInNoRoutes", ...NO_ROUTE },
  { name: "Ip6InNoRoutes", ...NO_ROUTE },
  { name: "IpFragFails", ...TOO_LONG },
  { name: "Ip6InTooBigErrors", ...TOO_LONG },
  {
    name: "drop",
    means: "conntrack dropped what began conversations, as it had no room for an entry",
    includes: "insert_failed",
    hint: `${IN_ALL}; the kernel logs it where the table was full (dmesg): sysctl -w net.netfilter.nf_conntrack_max=<entries>`,
  },
  {
    name: "insert_failed",
    means: "conntrack dropped what began conversations, as another entry had its ports",
    hint: `${IN_ALL}; MASQUERADE --random-fully draws other ports`,
  },
  {
    name: "early_drop",
    means: "conntrack threw entries out to make room, and their conversations may not go on",
    hint: `${IN_ALL}; sysctl -w net.netfilter.nf_conntrack_max=<entries>`,
  },
];

/** What the host counted of drops that no ground goes by, and what that means: `the host counted meanwhile: IpFragFails 34 (some packets were longer …)`. */
export function countsText(between: Between, grounds: readonly Ground[]): string[] {
  const counts = unnamed(between, grounds).map(({ name, moved, means }) => `${name} ${moved} (${means})`);
  return counts.length === 0 ? [] : [`the host counted meanwhile: ${counts.join(", ")}`];
}

/** The same where no dropped packet is left to be explained, a finding for each counter: by more than the packets that were refused so. */
export function hostDrops(between: Between, grounds: readonly Ground[], packets: readonly Dropped[]): Finding[] {
  return unnamed(between, grounds).flatMap(({ name, moved, included, includes, means, refusal, hint }) => {
    const refused = refusal === undefined ? 0 : packetsIn(packets.filter((each) => each.refusal === refusal));
    if (moved <= refused + included) return [];
    const told =
      refused > 0
        ? `, of which ${refused} may be those that were refused`
        : included > 0
          ? `, of which ${included} are those of ${includes}`
          : "";
    const text = `${means}: ${name} counted ${moved} between the snapshots${told}, and does not tell whose they were${unseenText(between, name)}`;
    const cause = { counter: name, counted: moved, isOfOthers: true };
    return [{ ...findingOf("host-drops", moved - refused - included, text, {}, hint), ...cause }];
  });
}

/** A counter, by how much it moved, and how many of these another one has as well. */
interface Moved extends DropCounter {
  readonly moved: number;
  readonly included: number;
}

/** The counters that moved, by more than what another one has as well, but for those that a ground goes by. */
function unnamed(between: Between, grounds: readonly Ground[]): Moved[] {
  const named = new Set(grounds.map(({ cause }) => cause.counter));
  // a ground that goes by all that a counter has, goes by what is included there
  const told = new Set(DROP_COUNTERS.flatMap(({ name, includes }) => (named.has(name) ? [name, includes] : [])));
  return DROP_COUNTERS.flatMap((counter) => {
    const moved = told.has(counter.name) ? 0 : (between.moved(counter.name) ?? 0);
    const included = counter.includes === undefined ? 0 : (between.moved(counter.includes) ?? 0);
    return moved <= included ? [] : [{ ...counter, moved, included }];
  });
}

/** What conntrack drops as a packet enters, a bridge with br_netfilter never shows: that asks conntrack before the bridge takes it (net/bridge/br_netfilter_hooks.c, br_nf_pre_routing). */
function unseenText(between: Between, counter: string): string {
  return counter === "drop" && between.sysctlAfter("net.bridge.bridge-nf-call-iptables") === "1"
    ? "; what a container sends is dropped so before a capture of its bridge shows it (net.bridge.bridge-nf-call-iptables is 1)"
    : "";
}
