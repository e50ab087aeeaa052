import { spawn } from "node:child_process";
import { KernelDrops } from "../host/trace/kernel-drops.js";
import { BootClock } from "./boot-clock.js";
import { linesOf } from "./lines.js";
import { failureOf } from "./script.js";

/**
 * Prints which packets of IPv4 and IPv6 the kernel lets go of, until its input ends. That ends however natcorr ends. Where tracefs is not mounted, the
 * script mounts it for itself alone. It has a trace of its own (Documentation/trace/ftrace.rst, Instances); one
 * that was killed with all its helpers leaves that behind, and the next one removes it. One that somebody reads, as from another PID namespace, the kernel keeps.
 */
const SCRIPT = `
set -e
cd /sys/kernel/tracing
if [ ! -d instances ]; then mount -t tracefs tracefs . && cd /sys/kernel/tracing; fi
for left in instances/natcorr_*; do [ -d "/proc/\${left##*_}" ] || rmdir "$left" 2>/dev/null || true; done
mkdir instances/natcorr_$$
cd instances/natcorr_$$
end() { set +e; echo 0 >events/skb/kfree_skb/enable; kill $reader; wait $reader; cd ../..; rmdir instances/natcorr_$$; }
echo mono >trace_clock
echo 'protocol == 2048 || protocol == 34525' >events/skb/kfree_skb/filter
cat trace_pipe </dev/null &
reader=$!
trap 'end 2>/dev/null' EXIT
echo 1 >events/skb/kfree_skb/enable
echo begun
read -r _ || true
`;

/** Follows which packets the kernel drops, if it is permitted to; else what it gives says why not. */
export async function followDrops(): Promise<{ drops: KernelDrops; close: () => void }> {
  const clock = new BootClock();
  const drops = new KernelDrops(() => clock.aheadUs());
  const shell = spawn("unshare", ["-m", "sh", "-c", SCRIPT], { stdio: ["pipe", "pipe", "pipe"], detached: true });
  const failed = failureOf(shell, "unshare");
  const begun = new Promise<undefined>((resolve) => {
    linesOf(shell.stdout, (line) => {
      if (line === "begun") resolve(undefined);
      else drops.read(line);
    });
  });
  drops.failure = await Promise.race([begun, failed]);
  return { drops, close: () => void shell.stdin.end() };
}
