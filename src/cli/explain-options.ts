import type { Command } from "commander";
import { type HostRules, NO_RULES } from "../packets/results/host-rules.js";
import type { Sink } from "../packets/results/results.js";

/** Options of every command that can hold what it finds against the NAT itself. */
export interface ExplainOptions {
  /** A file of conntrack's output, or "live". */
  conntrack?: string;
  /** A file of the firewall's rules, or "live". */
  rules?: string;
}

/** What "live" stands for: the host's own tables, where natcorr runs on it. */
const LIVE = "live";

/** A sink that adds what conntrack and the rules say, and how many translations conntrack contradicts. */
export interface Explained {
  readonly sink: Sink;
  /** What the rules say of single packets; undefined where none were given. */
  readonly rules: HostRules | undefined;
  readonly contradictions: () => number;
  /** Ends what was started for it. */
  readonly close: () => void;
}

/** Adds those options. */
export function addExplainOptions(command: Command): Command {
  return command
    .option(
      "--conntrack <file|live>",
      "hold the translations against `conntrack -E` or `conntrack -L`, and go by it where packets seem dropped; exit 3 if one is contradicted",
    )
    .option(
      "--rules <file|live>",
      "name the rule behind each translation, and go by them in verdicts: iptables-save or nft list ruleset",
    );
}

/**
 * Has a sink told what conntrack and the rules make of each translation, where the options ask for it. `interfaces`: names
 * for the rules, inside and outside, empty where they are not known. `isLive`: packets are captured from then on.
 *
 * @throws CaptureError where a file or the host's tables cannot be read.
 */
export async function explained(
  next: Sink,
  { conntrack, rules }: ExplainOptions,
  interfaces: readonly [string, string],
  isLive: boolean,
): Promise<Explained> {
  if (conntrack === undefined && rules === undefined)
    return { sink: next, rules: undefined, contradictions: () => 0, close: nothing };
  const { Explaining } = await import("../host/explaining.js");
  const { ConntrackTable } = await import("../host/conntrack-table.js");
  const { ConntrackFacts } = await import("../host/conntrack-facts.js");
  const { RuleBook } = await import("../host/rules.js");
  const { RuleFacts } = await import("../host/rule-facts.js");
  const { InterfaceName } = await import("../host/interfaces.js");
  const { followConntrack, followRules, readRules, readText } = await import("./host-tables.js");
  const table = conntrack === undefined ? undefined : new ConntrackTable();
  const following: (() => void)[] = [];
  if (table && conntrack === LIVE) following.push(await followConntrack(table, isLive));
  else if (table && conntrack !== undefined) table.read(await readText(conntrack));
  const text = rules === undefined ? undefined : rules === LIVE ? await readRules() : await readText(rules);
  const book = text === undefined ? undefined : new RuleBook(text);
  if (book && text !== undefined && rules === LIVE)
    following.push(followRules(text, () => book.problems.push("they have changed since natcorr read them")));
  const explaining = new Explaining(next, { conntrack: table, rules: book, interfaces });
  const [inside, outside] = interfaces;
  const facts = book && new RuleFacts(book, [new InterfaceName(inside), new InterfaceName(outside)]);
  return {
    sink: explaining,
    rules: table === undefined ? facts : new ConntrackFacts(table, facts ?? NO_RULES),
    contradictions: () => explaining.contradictions,
    close: () => {
      for (const stop of following) stop();
    },
  };
}

function nothing(): void {}
