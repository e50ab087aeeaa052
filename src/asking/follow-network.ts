import { spawn } from "node:child_process";
import type { HeardRoute } from "../host/snapshot/snapshot.js";
import { linesOf } from "./lines.js";
import { NewLinks } from "./new-links.js";

/** What is said of an address that others than its neighbours may use; each container that begins has one of the link's besides. */
const IS_GLOBAL = / scope global /;
/**
 * What is no change of how the host forwards: routes and addresses of a link alone, the settings that a new interface begins with (all at once), the end of an interface's settings, and an interface that is up. One that
 * goes down, or away, takes its routes along, and the kernel does not tell of these over IPv4 (net/ipv4/fib_semantics.c, fib_sync_down_dev).
 */
const IS_NONE =
  /(?:^| )(?:fe80:|ff00::)|^(?:Deleted )?inet6? \S+ (?:$|forwarding .* ignore_routes_with_linkdown)|^\d+: .* state (?:UP|UNKNOWN) /;
/**
 * Says which addresses, interfaces, routes, policy rules and settings of interfaces come and go, and where some of that was lost (ip-monitor(8)), until its input ends: that ends however
 * natcorr ends.
 */
const SCRIPT =
  "command -v ip >/dev/null || exit; ip -o monitor address link route rule netconf </dev/null 2>&1 & exec >/dev/null; read -r _; kill $!";

const IS_GONE = /^Deleted /;
/** A route to others, as it comes or goes, its table; a policy rule, and whose packets alone it is for. */
const ROUTE = /^(?:Deleted )?(default|[\da-f.:]+(?:\/\d+)?) .*?\bdev \S/;
const TABLE = / table (\S+)/;
const IS_POLICY_RULE = /^(?:Deleted )?\d+:\t/;
const OF_SOURCE = /^(?:Deleted )?\d+:\tfrom ([\da-f.:/]+) /;

/** What is done as the network of the host changes. */
interface Heard {
  /** A route to `dst` by `dev`, as ip-route(8) names these, came or went; one of any destination and interface, where a policy rule did. */
  readonly onRoute: (route: Omit<HeardRoute, "time">) => void;
  /** Addresses came or went. */
  readonly onAddresses: () => void;
  /** Something changed of how the host forwards what it did before. */
  readonly onChange: () => void;
  /** Nobody tells any more. */
  readonly onEnd: () => void;
}

/** Hears what changes in the host's network; where there is no ip, `onEnd` alone. Returns what ends that. */
export function followNetwork({ onRoute, onAddresses, onChange, onEnd }: Heard): () => void {
  // in a session of its own: Ctrl-C is natcorr's, which asks the host once more
  const teller = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "pipe", "ignore"], detached: true });
  for (const each of [teller, teller.stdin]) each.on("error", () => {});
  const links = new NewLinks();
  const take = (line: string): void => {
    if (!links.hear(line) && !IS_NONE.test(line)) {
      for (const route of routesIn(line)) onRoute(route);
      onChange();
    }
    if (IS_GLOBAL.test(line)) onAddresses();
  };
  linesOf(teller.stdout, take, onEnd);
  return () => void teller.stdin.end();
}

/** The routes that a line may tell of. */
function routesIn(line: string): Omit<HeardRoute, "time">[] {
  const gone = IS_GONE.test(line) ? ({ isGone: true } as const) : {};
  if (IS_POLICY_RULE.test(line)) {
    const src = OF_SOURCE.exec(line)?.[1];
    return [{ dst: "default", ...(src !== undefined && { src }), ...gone }];
  }
  const [dst, table] = [ROUTE.exec(line)?.[1], TABLE.exec(line)?.[1]];
  if (dst === undefined) return [];
  const of = { ...(table !== undefined && { table }), ...gone };
  return Array.from(line.matchAll(/\bdev (\S+)/g), ([, dev]) => ({ dst, dev, ...of }));
}
