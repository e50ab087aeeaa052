import { readFileSync } from "node:fs";
import { Prefix, isPrefix } from "./prefix.js";

/** What selects the frames of a side, in parts: those of each interface, and those that are selected by addresses. */
export interface Selector {
  /** Names and numbers of interfaces. */
  readonly interfaces: readonly string[];
  readonly prefixes: readonly Prefix[];
  /** What its parts are called: each interface as `nameOf` says, and what is selected by addresses, which is the last one. */
  names(nameOf: (part: string) => string): string[];
}

/** What the user calls the sides: names or numbers of interfaces, or prefixes; several with commas between. */
export interface SideSelectors {
  readonly inside: string;
  /** Everything that is not inside, where this is left out. */
  readonly outside?: string | undefined;
}

/** What is wrong with them, whatever the capture is; undefined where nothing is. */
export function selectorProblem({ inside, outside }: SideSelectors): string | undefined {
  // no interface's name has a slash in it (dev_valid_name in net/core/dev.c)
  for (const text of [inside, outside ?? inside])
    for (const part of text.split(","))
      if (part === "" || (part.includes("/") && !isPrefix(part)))
        return `'${part}' is neither an interface nor a prefix such as 172.17.0.0/16`;
  if (outside === undefined && !inside.split(",").every(isPrefix))
    return "--outside is needed as well, unless the inside is given as prefixes";
  return undefined;
}

/** Precondition: the text is a selector, by `selectorProblem`. */
export function parseSelector(text: string): Selector {
  const parts = [...new Set(text.split(","))];
  const interfaces = parts.filter((part) => !isPrefix(part)).sort();
  const prefixes = parts.filter((part) => isPrefix(part));
  return {
    interfaces,
    prefixes: prefixes.map((prefix) => new Prefix(prefix)),
    names: (nameOf) => [...interfaces.map(nameOf), ...(prefixes.length > 0 ? [prefixes.join(",")] : [])],
  };
}

/** The outside where only the inside is given: it selects nothing itself, and gets the rest. */
export function restOf(inside: string): Selector {
  return { interfaces: [], prefixes: [], names: () => [`not ${inside}`] };
}

export function isNumber(part: string): boolean {
  return /^\d+$/.test(part);
}

/** The number this host's kernel gave an interface, or undefined where it has none of that name. */
export function ifindexHere(name: string): number | undefined {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/ifindex`, "latin1"));
  } catch {
    return undefined;
  }
}
