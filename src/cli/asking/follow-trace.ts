import { spawn } from "node:child_process";
import { CaptureError } from "../../capture/errors.js";
import { OWN_TABLES } from "../../host/rules/rules-text.js";
import type { Trace } from "../../host/trace/trace.js";
import { linesOf } from "./lines.js";
import { failureOf } from "./script.js";

/**
 * So many packets of each interface are traced a second at the most: the kernel tells of each rule that a packet meets, some dozen on a host with Docker.
 */
const MOST_A_SECOND = 100;

/**
 * Prints what the kernel traces on standard output, and does what nft is told on its input until that ends, which it does however natcorr ends: nft's answers
 * are on descriptor 3. A table that nft owns goes with it (NFT_TABLE_F_OWNER of linux/netfilter/nf_tables.h).
 */
const SCRIPT = `
nft monitor trace </dev/null 3>&- &
exec >/dev/null
nft -i >&3
kill $!
`;

/** What nft takes for a name in quotes, and for nothing else. */
const PLAIN = /^[\w.:@-]+$/;
/** Its rules come first, but for what puts fragments together (linux/netfilter_ipv4.h, NF_IP_PRI_CONNTRACK_DEFRAG, NF_IP_PRI_RAW). */
const PRIORITY = -350;

/**
 * Has the kernel trace packets as they come in by these interfaces, and reads what it tells of them. Returns what ends that.
 *
 * @throws CaptureError where nft is not there, or not permitted.
 */
export async function followTrace(trace: Trace, interfaces: readonly string[]): Promise<() => void> {
  const odd = interfaces.find((name) => !PLAIN.test(name));
  if (odd !== undefined) throw new CaptureError(`packets of '${odd}' cannot be traced: nft takes no such name`);
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
  stdin?.write(`${rulesOf(table, interfaces)}\nlist table inet ${table}\n`);
  const failure = await Promise.race([begun, failed]);
  const stop = (): void => {
    isOver = true;
    stdin?.end();
  };
  if (failure === undefined) return stop;
  stop();
  throw new CaptureError(`packets cannot be traced (${failure}): as root, with 'apt install nftables'`);
}

/** A line of nft's that makes a table of its own, which has packets traced that come in by these interfaces. */
function rulesOf(table: string, interfaces: readonly string[]): string {
  const rules = interfaces.map(
    (name) => `iifname "${name}" limit rate ${MOST_A_SECOND}/second burst ${MOST_A_SECOND} packets meta nftrace set 1`,
  );
  const chain = `type filter hook prerouting priority ${PRIORITY}; ${rules.join("; ")};`;
  return `add table inet ${table} { flags owner; chain prerouting { ${chain} }; }`;
}
