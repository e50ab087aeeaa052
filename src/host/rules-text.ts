/** Whether iptables has rules that translate. */
export function hasNatRules(iptables: readonly string[]): boolean {
  return iptables.some((text) => text.includes("*nat"));
}

/**
 * The rules to go by, of what iptables-save and ip6tables-save print, and nft: nft prints rules of iptables' as well, but not all that
 * these say (1.0.6 leaves out targets that it does not know).
 */
export function rulesText(iptables: readonly string[], nft: string | undefined): string {
  return hasNatRules(iptables) || nft === undefined ? iptables.join("\n") : nft;
}

/** Rules without what changes as packets meet them, and without the time when they were printed. */
export function withoutCounts(text: string): string {
  return text.replaceAll(/^#.*$|\[\d+:\d+\]|packets \d+ bytes \d+/gm, "");
}
