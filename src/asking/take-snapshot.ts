import { open, readdir, readFile, readlink } from "node:fs/promises";
import { type Proxy, proxyOf } from "../host/snapshot/docker.js";
import { interfacesOf, policyRulesOf, queuesOf, routesOf } from "../host/snapshot/ip.js";
import { kernelCountersOf } from "../host/snapshot/kernel-counters.js";
import { countersOf, ENTRIES, FORMAT, type Missing, type Snapshot, VERSION } from "../host/snapshot/snapshot.js";
import { epochText } from "../packets/results/epoch.js";
import { epochNs } from "../capture/live/now.js";
import type { DockerEngine } from "./docker-api.js";
import { savedRules, savedSets } from "./follow-rules.js";
import { readSysctls } from "./sysctls.js";
import { failureText, type FirstLines, firstLines, OWN_TOOLS, type Tools } from "./tools.js";

/** A busy host's conntrack table has more: of these, some 10 MB, the rest is counted. */
const MOST_ENTRIES = 65_536;
/** Which of conntrack's entries are listed, of which a busy host has a quarter of a million: the first ones, all or none where these are more, or none. */
export type Entries = "first" | "all" | "none";

/** What the host knows now. No source is required. `tools`: who asks the host's tools. */
export async function takeSnapshot(
  engine: DockerEngine,
  program: string,
  entriesWanted: Entries = "first",
  tools: Tools = OWN_TOOLS,
): Promise<Snapshot> {
  const { printed } = tools;
  const time = epochText(epochNs());
  const missing: Missing[] = [];
  const from = async <T>(source: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      missing.push({ source, why: failureText(error) });
      return undefined;
    }
  };
  const lines = (source: string, read: () => Promise<string>): Promise<readonly string[] | undefined> =>
    from(source, async () => linesOf(await read()));
  const ip = (read: (text: string) => object[], ...args: readonly string[]): Promise<object[] | undefined> =>
    from(["ip", ...args].join(" "), async () => read(await printed("ip", "-j", ...args)));
  // all at once: they are to be of one moment
  const asked = {
    docker: from("docker", () => engine.facts()),
    proxies: from("docker-proxy", readProxies),
    interfaces: ip(interfacesOf, "-s", "-d", "addr"),
    routes: [ip(routesOf, "route", "show", "table", "all"), ip(routesOf, "-6", "route", "show", "table", "all")],
    policyRules: [ip(policyRulesOf("inet"), "rule"), ip(policyRulesOf("inet6"), "-6", "rule")],
    queues: from("tc -s -j qdisc", async () => queuesOf(await printed("tc", "-s", "-j", "qdisc"))),
    iptables: lines("iptables-save -c", async () => (await savedRules("iptables", tools)).text),
    ip6tables: lines("ip6tables-save -c", async () => (await savedRules("ip6tables", tools)).text),
    nft: lines("nft list ruleset", () => printed("nft", "list", "ruleset")),
    entries: from(ENTRIES, () => listConntrack(entriesWanted, tools)),
    counters: from("conntrack -S", async () => countersOf(await printed("conntrack", "-S"))),
    sysctls: from("sysctls", readSysctls),
    kernel: from("/proc/net/snmp", readKernelCounters),
  };
  const [docker, iptables, ip6tables, nft] = await Promise.all([
    asked.docker,
    asked.iptables,
    asked.ip6tables,
    asked.nft,
  ]);
  const saved = [iptables, ip6tables].flatMap((each) => (each === undefined ? [] : [{ text: each.join("\n") }]));
  const ipset = await from("ipset save", () => savedSets(saved, tools));
  const { lines: entries, more } = (await asked.entries) ?? { lines: [], more: 0 };
  return {
    format: FORMAT,
    version: VERSION,
    program,
    time,
    ...(docker !== undefined && { docker }),
    dockerProxies: (await asked.proxies) ?? [],
    interfaces: (await asked.interfaces) ?? [],
    routes: (await Promise.all(asked.routes)).flatMap((each) => each ?? []),
    policyRules: (await Promise.all(asked.policyRules)).flatMap((each) => each ?? []),
    queues: (await asked.queues) ?? [],
    rules: {
      ...(iptables !== undefined && { iptables }),
      ...(ip6tables !== undefined && { ip6tables }),
      ...(nft !== undefined && { nft }),
      ...(ipset !== undefined && { ipset }),
    },
    conntrack: { entries, more, counters: (await asked.counters) ?? {} },
    sysctls: (await asked.sysctls) ?? {},
    counters: (await asked.kernel) ?? {},
    // last: all have answered by now
    missing: missing.toSorted((one, other) => (one.source < other.source ? -1 : 1)),
  };
}

function linesOf(text: string): string[] {
  return text.trimEnd().split("\n");
}

/** conntrack's entries, from its tool, or else from the kernel's own list. */
async function listConntrack(wanted: Entries, { printed, printedLines }: Tools): Promise<FirstLines> {
  if (wanted === "none") throw new Error("not asked for");
  if (wanted === "all") {
    const count = Number(await printed("conntrack", "-C").catch(() => "0"));
    if (count > MOST_ENTRIES) throw new Error(`not asked for: there are ${count}`);
  }
  try {
    const ipv4 = await printedLines(MOST_ENTRIES, "conntrack", "-L", "-f", "ipv4");
    const ipv6 = await printedLines(MOST_ENTRIES - ipv4.lines.length, "conntrack", "-L", "-f", "ipv6");
    return { lines: [...ipv4.lines, ...ipv6.lines], more: ipv4.more + ipv6.more };
  } catch (error) {
    const file = await open("/proc/net/nf_conntrack").catch(() => undefined);
    if (file === undefined) throw error;
    return firstLines(MOST_ENTRIES, file.readLines());
  }
}

/** The docker-proxies of this network namespace. */
async function readProxies(): Promise<Proxy[]> {
  const own = await readlink("/proc/self/ns/net");
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const proxies = pids.map(async (pid) => {
    // a process may end meanwhile
    const args = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    const proxy = proxyOf(Number(pid), args);
    return proxy !== undefined && (await readlink(`/proc/${pid}/ns/net`)) === own ? [proxy] : [];
  });
  return (await Promise.all(proxies)).flat();
}

async function readKernelCounters(): Promise<Record<string, number>> {
  const ipv4 = ["snmp", "netstat"].map((name) => readFile(`/proc/net/${name}`, "utf8"));
  const ipv6 = readFile("/proc/net/snmp6", "utf8").catch(() => "");
  return kernelCountersOf((await Promise.all([...ipv4, ipv6])).join("\n"));
}
