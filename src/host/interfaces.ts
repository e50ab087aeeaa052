import type { Answer } from "./answer.js";

/** The name of an interface that packets were captured on, as far as it is known: rules ask for it. */
export class InterfaceName {
  readonly #name: string;
  readonly #isNot: Set<string>;
  readonly #supposed: string | undefined;
  /** Names that rules asked for since this was emptied, as they write them, and that nothing answers. */
  readonly asked = new Set<string>();

  /** `name` is empty where it is not known. */
  constructor(name: string, isNot: Set<string> = new Set(), supposed?: string) {
    this.#name = name;
    this.#isNot = isNot;
    this.#supposed = supposed;
  }

  /** Whether it is one of these; `enp*` is all whose names begin so. */
  isOneOf(names: readonly string[]): Answer {
    if (this.#name !== "") return names.some((each) => isNamed(this.#name, each));
    if (this.#supposed !== undefined && names.includes(this.#supposed)) return true;
    const open = names.filter((each) => !this.#isNot.has(each));
    for (const each of open) this.asked.add(each);
    return open.length === 0 ? false : undefined;
  }

  /** The same interface, if it were called so. */
  supposing(name: string): InterfaceName {
    return new InterfaceName(this.#name, this.#isNot, name);
  }

  /** Takes it that it is not called so. */
  exclude(name: string): void {
    this.#isNot.add(name);
  }
}

/** The interfaces that packets were captured on: inside, outside. */
export type Interfaces = readonly [InterfaceName, InterfaceName];

function isNamed(name: string, pattern: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
