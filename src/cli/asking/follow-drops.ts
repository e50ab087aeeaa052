import { spawn } from "node:child_process";
import { hrtime } from "node:process";
import { KernelDrops } from "../../host/trace/kernel-drops.js";
import { linesOf } from "./lines.js";

/**
 * Prints which packets of IPv4 and IPv6 the kernel lets go of until its input ends, which it does however natcorr ends. tracefs is mounted for itself alone where nobody did, and the trace is one of its own
 * (Documentation/trace/ftrace.rst, Instances).
 */
const SCRIPT = `
set -e
cd /sys/kernel/tracing
if [ ! -d instances ]; then mount -t tracefs tracefs . && cd /sys/kernel/tracing; fi
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

/** For so long, two clocks are taken to stay as far apart as they were: longer, and one that is being set right is another by more than counts here. */
const STEADY_NS = 1_000_000_000n;
/** Two looks at the clocks that are this close tell how far apart they are well enough. */
const CLOSE_NS = 20_000n;
/** So many milliseconds it is tried for. */
const MOST_TICKS = 20;

/** What the clock of the captures is ahead of the one that counts from the kernel's start (CLOCK_MONOTONIC). */
export class BootClock {
  #aheadUs = 0;
  #lookedNs = -STEADY_NS;

  /** Microseconds. */
  aheadUs(): number {
    if (hrtime.bigint() - this.#lookedNs >= STEADY_NS) this.#look();
    return this.#aheadUs;
  }

  /** `Date` tells whole milliseconds: when the next one begins, both are known. */
  #look(): void {
    let [ms, ns] = [Date.now(), hrtime.bigint()];
    for (let ticks = 0; ticks < MOST_TICKS; ) {
      const [nowMs, nowNs] = [Date.now(), hrtime.bigint()];
      if (nowMs !== ms) {
        this.#aheadUs = 1000 * nowMs - Number(nowNs / 1000n);
        ticks = nowNs - ns < CLOSE_NS ? MOST_TICKS : ticks + 1;
      }
      [ms, ns] = [nowMs, nowNs];
    }
    this.#lookedNs = ns;
  }
}

/** Follows which packets the kernel drops, if it is permitted to; else what it gives says why not. */
export async function followDrops(): Promise<{ drops: KernelDrops; close: () => void }> {
  const drops = new KernelDrops();
  const shell = spawn("unshare", ["-m", "sh", "-c", SCRIPT], { stdio: ["pipe", "pipe", "pipe"], detached: true });
  let complaint = "it ended";
  const failed = new Promise<string>((resolve) => {
    shell.on("error", () => resolve("unshare is not there"));
    shell.stdin.on("error", nothing);
    shell.on("close", () => resolve(complaint));
    linesOf(shell.stderr, (line) => (complaint = line));
  });
  const begun = new Promise<undefined>((resolve) => {
    linesOf(shell.stdout, (line) => {
      if (line === "begun") resolve(undefined);
      else drops.read(line);
    });
  });
  drops.failure = await Promise.race([begun, failed]);
  return { drops, close: () => void shell.stdin.end() };
}

function nothing(): void {}
