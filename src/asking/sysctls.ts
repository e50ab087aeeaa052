import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { epochNs } from "../capture/live/now.js";

const SYSCTL_FOLDER = "/proc/sys";

/** What decides whether, and how, the host forwards and translates. */
const SYSCTLS = [
  "net/bridge/bridge-nf-call-ip6tables",
  "net/bridge/bridge-nf-call-iptables",
  "net/ipv4/ip_forward",
  "net/ipv4/ip_local_port_range",
  "net/ipv4/ip_local_reserved_ports",
  "net/ipv6/conf/all/forwarding",
  "net/netfilter/nf_conntrack_buckets",
  "net/netfilter/nf_conntrack_count",
  "net/netfilter/nf_conntrack_icmp_timeout",
  "net/netfilter/nf_conntrack_max",
  "net/netfilter/nf_conntrack_tcp_be_liberal",
  "net/netfilter/nf_conntrack_tcp_loose",
  "net/netfilter/nf_conntrack_tcp_timeout_established",
  "net/netfilter/nf_conntrack_udp_timeout",
  "net/netfilter/nf_conntrack_udp_timeout_stream",
];
/** The same of each interface. */
const INTERFACE_SYSCTLS = ["forwarding", "route_localnet", "rp_filter"];
const INTERFACES = "net/ipv4/conf";

/** Those that are looked at all the time: they can stop the host from forwarding some packets, or any. */
const WATCHED = [
  "net/bridge/bridge-nf-call-iptables",
  "net/ipv4/conf/all/rp_filter",
  "net/ipv4/ip_forward",
  "net/ipv6/conf/all/forwarding",
  "net/netfilter/nf_conntrack_max",
];
/** How often: what is so for a second is read, on a busy machine as well. A look takes some 50 µs. */
const WATCH_EVERY_MS = 250;

/** Those that there are. */
export async function readSysctls(): Promise<Record<string, string>> {
  const interfaces = await readdir(join(SYSCTL_FOLDER, INTERFACES));
  const paths = [
    ...SYSCTLS,
    ...interfaces.flatMap((name) => INTERFACE_SYSCTLS.map((sysctl) => `${INTERFACES}/${name}/${sysctl}`)),
  ];
  const read = paths.map(async (path) => {
    const value = await readFile(join(SYSCTL_FOLDER, path), "utf8").catch(() => undefined);
    return value === undefined ? [] : [[sysctlName(path), value.trim().replaceAll("\t", " ")] as const];
  });
  return Object.fromEntries((await Promise.all(read)).flat());
}

/** Settings that became others between two looks, epoch nanoseconds. */
export interface SettingsChanged {
  readonly heldNs: bigint;
  readonly timeNs: bigint;
  /** By their names, as sysctl(8) writes them. */
  readonly sysctls: Readonly<Record<string, string>>;
}

/** Looks at settings that decide whether the host forwards, time and again, and tells which became others. Returns what ends that. */
export function followSysctls(onChange: (changed: SettingsChanged) => void, folder = SYSCTL_FOLDER): () => void {
  let heldNs = epochNs();
  let before = watchedIn(folder);
  const look = (): void => {
    const timeNs = epochNs();
    const now = watchedIn(folder);
    const others = [...now].filter(([name, value]) => before.get(name) !== value);
    if (others.length > 0) onChange({ heldNs, timeNs, sysctls: Object.fromEntries(others) });
    before = now;
    heldNs = timeNs;
  };
  const timer = setInterval(look, WATCH_EVERY_MS).unref();
  return () => clearInterval(timer);
}

/** Those that are there, by their names as sysctl(8) writes them. */
function watchedIn(folder: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const path of WATCHED) {
    try {
      values.set(sysctlName(path), readFileSync(join(folder, path), "utf8").trim());
    } catch {
      // this kernel has it not, or not yet
    }
  }
  return values;
}

/** As sysctl(8) writes it: a dot in an interface's name as a slash. */
function sysctlName(path: string): string {
  return path.replaceAll(/[./]/g, (sign) => (sign === "/" ? "." : "/"));
}
