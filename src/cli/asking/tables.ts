import { readFile } from "node:fs/promises";
import { CaptureError } from "../../capture/errors.js";
import { withoutCounts } from "../../host/rules-text.js";
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
 * The rules of the host natcorr runs on: those of iptables and ip6tables, and nft's own.
 *
 * @throws CaptureError where there is no tool, or no permission.
 */
export async function readRules(): Promise<string> {
  const problems: string[] = [];
  const ask = async (name: string, question: Promise<string>): Promise<string[]> => {
    try {
      return [await question];
    } catch (error) {
      problems.push(`${name}: ${failureText(error)}`);
      return [];
    }
  };
  const texts = await Promise.all([
    ask("iptables-save", savedRules("iptables")),
    ask("ip6tables-save", savedRules("ip6tables")),
    ask("nft", nftRules()),
  ]);
  if (texts.flat().length === 0)
    throw new CaptureError(
      `the firewall's rules cannot be read (${problems.join("; ")}): run as root, or save them and give the file to --rules`,
    );
  return texts.flat().join("\n");
}

/**
 * What iptables-save prints, or ip6tables-save, with counters. Where iptables keeps its rules in nft's tables, others may be in those of its
 * own, which it had before: both count.
 */
export async function savedRules(tool: "iptables" | "ip6tables"): Promise<string> {
  const text = await printed(`${tool}-save`, "-c");
  const legacy = await printed(`${tool}-legacy-save`, "-c").catch(() => "");
  return withoutCounts(legacy) === withoutCounts(text) ? text : `${text}\n${legacy}`;
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
