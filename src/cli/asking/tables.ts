import { readFile } from "node:fs/promises";
import { CaptureError } from "../../capture/errors.js";
import { hasNatRules, rulesText, withoutCounts } from "../../host/rules-text.js";
import { failureText, printed } from "./tools.js";

/** What the names of natcorr's own tables begin with, which go with it. */
export const OWN_TABLES = "natcorr_";
/** How often the host's rules are read again: tens of thousands take some tenths of a second. */
const RULES_EVERY_MS = 10_000;

/** @throws CaptureError naming the file, where it cannot be read. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CaptureError(`${path}: cannot be read: ${failureText(error)}`);
  }
}

/**
 * The rules of the host natcorr runs on: iptables' and ip6tables', or nftables' where those are not there.
 *
 * @throws CaptureError where there is no tool, or no permission.
 */
export async function readRules(): Promise<string> {
  const iptables: string[] = [];
  const problems: string[] = [];
  for (const tool of ["iptables-save", "ip6tables-save"]) {
    await printed(tool).then(
      (text) => iptables.push(text),
      (error: unknown) => problems.push(`${tool}: ${failureText(error)}`),
    );
  }
  if (hasNatRules(iptables)) return rulesText(iptables, undefined);
  const nft = await nftRules().catch((error: unknown) => {
    problems.push(`nft: ${failureText(error)}`);
  });
  if (nft === undefined && iptables.length === 0)
    throw new CaptureError(
      `the firewall's rules cannot be read (${problems.join("; ")}): run as root, or save them and give the file to --rules`,
    );
  return rulesText(iptables, nft ?? undefined);
}

/** What `nft list ruleset` prints, without the tables in which natcorr has packets traced while it runs. */
export async function nftRules(): Promise<string> {
  const text = await printed("nft", "list", "ruleset");
  return text.replaceAll(new RegExp(`^table inet ${OWN_TABLES}[^]*?^\\}\\n`, "gm"), "");
}

/** Tells once if the rules, which `read` gives, are not what they were, until the function returned is called, or they cannot be read any more. */
export function followRules(text: string, onChanged: () => void, read = readRules): () => void {
  const before = withoutCounts(text);
  const stop = (): void => clearInterval(timer);
  const timer = setInterval(() => {
    read().then((now) => {
      if (withoutCounts(now) === before) return;
      stop();
      onChanged();
    }, stop);
  }, RULES_EVERY_MS);
  timer.unref();
  return stop;
}
