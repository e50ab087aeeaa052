import type { Command } from "commander";

/** Options of every command that can hold what it finds against the NAT itself. */
export interface ExplainOptions {
  /** A file of conntrack's output, "live" or "off". */
  conntrack?: string;
  /** A file of the firewall's rules, "live" or "off". */
  rules?: string;
  /** A file of a trace of the firewall's, or "live". */
  trace?: string;
}

/** Adds those options. */
export function addExplainOptions(command: Command): Command {
  return command
    .option(
      "--conntrack <file|live|off>",
      "hold the translations against `conntrack -E` or `conntrack -L`, and go by it where packets seem dropped; exit 3 if one is contradicted",
    )
    .option(
      "--rules <file|live|off>",
      "name the rule behind each translation, and go by them in verdicts: iptables-save or nft list ruleset",
    )
    .option(
      "--trace <file|live>",
      "name the rule that stopped a packet: what nft monitor trace, or xtables-monitor --trace, printed meanwhile; live has the kernel trace some packets",
    );
}
