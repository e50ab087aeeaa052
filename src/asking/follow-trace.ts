import { spawn } from "node:child_process";
import { isIPv4, isIPv6 } from "node:net";
import { CaptureError } from "../capture/errors.js";
import { OWN_TABLES } from "../host/rules/rules-text.js";
import type { ContainersEnds } from "../host/snapshot/address-book.js";
import type { Trace } from "../host/trace/trace.js";
import { linesOf } from "./lines.js";
import { failureOf } from "./script.js";
import { SETS, type TracePoint } from "./trace-match.js";

/**
 * So many packets of each interface are traced a second at the most: the kernel tells of each rule that a packet meets, some dozen on a host with Docker.
 */
const MOST_A_SECOND = 100;

/**
 * Prints what the kernel traces on standard output, and does what nft is told on its input until that ends, which it does however natcorr ends: nft's answers
 * are on descriptor 3. A table that nft owns goes with it (NFT_TABLE_F_OWNER of linux/netfilter/nf_tables.h).
 * What is traced before somebody listens, nobody is told: nft is told nothing before the kernel lists the monitor's socket, of NETLINK_NETFILTER (12), with the group
 * NFNLGRP_NFTRACE (linux/netlink.h, linux/netfilter/nfnetlink.h); or for two seconds, where it never does.
 */
const SCRIPT = `
nft monitor trace </dev/null 3>&- &
exec >/dev/null
for _ in $(seq 100); do
  grep -Eq "^\\S+ +12 +$! +[0-9a-f]{5}[13579bdf][0-9a-f]{2} " /proc/net/netlink 2>&1 && break
  kill -0 $! 2>&1 && sleep 0.02 2>&1 || break
done
nft -i >&3
kill $!
`;

/** What Docker publishes ports of (docker-run(1), --publish). */
const PUBLISHABLE: ReadonlySet<string> = new Set(["tcp", "udp", "sctp"]);

/** What nft takes for a name in quotes, and for nothing else. */
const PLAIN = /^[\w.:@-]+$/;
/** Its rules come first, but for what puts fragments together (linux/netfilter_ipv4.h, NF_IP_PRI_CONNTRACK_DEFRAG, NF_IP_PRI_RAW). */
const PRIORITY = -350;

/** Who has the kernel trace packets. */
export interface TraceFollower {
  /** Says what the containers have by now that are traced alone. */
  readonly select: (ends: ContainersEnds) => void;
  readonly stop: () => void;
}

/**
 * Has the kernel trace packets as they come in by these interfaces, and reads what it tells of them.
 *
 * @throws CaptureError where nft is not there, or not permitted.
 */
export async function followTrace(trace: Trace, points: readonly TracePoint[]): Promise<TraceFollower> {
  const odd = points.find(({ name }) => !PLAIN.test(name));
  if (odd !== undefined) throw new CaptureError(`packets of '${odd.name}' cannot be traced: nft takes no such name`);
  const nft = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "pipe", "pipe", "pipe"], detached: true });
  const [stdin, stdout, , answers] = nft.stdio;
  const failed = failureOf(nft, "nft");
  let isOver = false;
  const onEnd = (): void => {
    if (!isOver) trace.cutOff();
  };
  linesOf(stdout, (line) => trace.read(line), onEnd);
  const table = `${OWN_TABLES}${nft.pid}`;
  const begun = new Promise<undefined>((resolve) => {
    linesOf(answers, (line) => line.includes(table) && resolve(undefined));
  });
  stdin?.write(`${rulesOf(table, points)}\nlist table inet ${table}\n`);
  const failure = await Promise.race([begun, failed]);
  const stop = (): void => {
    isOver = true;
    stdin?.end();
  };
  const select = (ends: ContainersEnds): void => void stdin?.write(`${selectionOf(table, ends)}\n`);
  if (failure === undefined) return { select, stop };
  stop();
  throw new CaptureError(`packets cannot be traced (${failure}): as root, with 'apt install nftables'`);
}

/**
 * A line of nft's that makes a table of its own, which has packets traced that come in by these interfaces, and are selected there. A packet that several rules
 * match counts once.
 */
function rulesOf(table: string, points: readonly TracePoint[]): string {
  const limit = `limit rate ${MOST_A_SECOND}/second burst ${MOST_A_SECOND} packets meta nftrace set 1`;
  const chains = points.map((_, at) => `chain traced${at} { ${limit}; };`);
  const rules = points.flatMap(({ rules: own }, at) => own.map((rule) => ` ${rule} goto traced${at};`));
  const sets = [
    `set ${SETS[4]} { type ipv4_addr; };`,
    `set ${SETS[6]} { type ipv6_addr; };`,
    `set ${SETS.ports} { type inet_proto . inet_service; };`,
  ];
  const chain = `chain prerouting { type filter hook prerouting priority ${PRIORITY};${rules.join("")} };`;
  return `add table inet ${table} { flags owner; ${[...sets, ...chains, chain].join(" ")} }`;
}

/** A line of nft's that makes those sets be about these containers. */
function selectionOf(table: string, { addresses, ports }: ContainersEnds): string {
  const elements = new Map<string, string[]>([
    [SETS[4], addresses.filter(isIPv4)],
    [SETS[6], addresses.filter(isIPv6)],
    [SETS.ports, ports.filter(({ proto }) => PUBLISHABLE.has(proto)).map(({ proto, port }) => `${proto} . ${port}`)],
  ]);
  return Array.from(elements, ([set, all]) => {
    const add = all.length === 0 ? "" : `; add element inet ${table} ${set} { ${[...new Set(all)].join(", ")} }`;
    return `flush set inet ${table} ${set}${add}`;
  }).join("; ");
}
