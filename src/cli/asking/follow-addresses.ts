import { spawn } from "node:child_process";
import { linesOf } from "./lines.js";

/** What is said of an address that others than its neighbours may use; each container that begins has one of the link's besides. */
const IS_GLOBAL = / scope global /;
/** Says which addresses come and go (ip-monitor(8)), until its input ends: that ends however natcorr ends. */
const SCRIPT = "ip -o monitor address </dev/null & read -r _; kill $!";

/** Calls `onChange` as addresses of the host come or go; never where there is no ip. Returns what ends that. */
export function followAddresses(onChange: () => void): () => void {
  // in a session of its own: Ctrl-C is natcorr's, which asks the host once more
  const teller = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "pipe", "ignore"], detached: true });
  for (const each of [teller, teller.stdin]) each.on("error", () => {});
  linesOf(teller.stdout, (line) => {
    if (IS_GLOBAL.test(line)) onChange();
  });
  return () => void teller.stdin.end();
}
