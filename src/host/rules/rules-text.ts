/** What the names of the tables begin with in which natcorr has packets traced. */
export const OWN_TABLES = "natcorr_";
const OWN_TABLE = new RegExp(`^table inet ${OWN_TABLES}[^]*?^\\}\\n?`, "gm");

/** Elements of a set or map that packets add to, or that end by themselves, behind the few lines that say what it is: natcorr does not go by them. */
const PASSING_ELEMENTS =
  /(^\t(?:set|map) [^\n]*\{\n(?:\t\t[^\n]*\n){0,12}?\t\tflags [^\n]*(?:dynamic|timeout)[^\n]*\n(?:\t\t(?!elements)[^\n]*\n){0,12})\t\telements = \{[^}]*\}\n/gm;

/** A rule of nft's as it was written: counters stand in it as they were when it was read. */
export function withoutCounters(rule: string): string {
  return rule.replaceAll(/ ?\bcounter packets \d+ bytes \d+/g, "").trim();
}

/** Elements of ipset's that end by themselves: `IpSets` does not go by them. */
const PASSING_MEMBERS = /^add \S+ \S+ (?:[^"\n]* )?timeout \d+.*$/gm;

/** Rules without what changes as packets meet them, without natcorr's own, without nft's handles, without the time when they were printed, and without empty lines. */
export function withoutCounts(text: string): string {
  return text
    .replaceAll(/ # handle \d+$/gm, "")
    .replaceAll(OWN_TABLE, "")
    .replaceAll(PASSING_ELEMENTS, "$1")
    .replaceAll(PASSING_MEMBERS, "")
    .replaceAll(
      /^#.*$|\t# count \d+$|\[\d+:\d+\]|packets \d+ bytes \d+| expires \S+|\blast used \S+| used \d+ \w+/gm,
      "",
    )
    .replaceAll(/\n\s*(?=\n|$)/g, "");
}
