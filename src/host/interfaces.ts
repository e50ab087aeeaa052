import type { Answer } from "./answer.js";

/** The interface that packets were captured on, or which of several it was, as far as that is known: rules ask for it. */
export class InterfaceName {
  /** Those that it may be; '' for one without a name. */
  #names: readonly string[];
  readonly #isNot: Set<string>;
  readonly #supposed: string | undefined;
  /** Names that rules asked for since this was emptied, as they write them, and that nothing answers. */
  readonly asked = new Set<string>();

  constructor(names: readonly string[], isNot: Set<string> = new Set(), supposed?: string) {
    this.#names = names;
    this.#isNot = isNot;
    this.#supposed = supposed;
  }

  /** Whether it is one of these; `enp*` is all whose names begin so. */
  isOneOf(names: readonly string[]): Answer {
    if (this.#names.length > 1) return this.#areAll(names);
    const [name] = this.#names;
    if (name !== "") return names.some((each) => isNamed(name, each));
    if (this.#supposed !== undefined && names.includes(this.#supposed)) return true;
    const open = names.filter((each) => !this.#isNot.has(each));
    for (const each of open) this.asked.add(each);
    return open.length === 0 ? false : undefined;
  }

  /** What is so of all that it may be. */
  #areAll(names: readonly string[]): Answer {
    if (this.#names.includes("")) return undefined;
    const answers = new Set(this.#names.map((name) => names.some((each) => isNamed(name, each))));
    return answers.size === 1 ? answers.has(true) : undefined;
  }

  /** The same interface, for rules whose questions are not to be noted. */
  quiet(): InterfaceName {
    return new InterfaceName(this.#names, this.#isNot, this.#supposed);
  }

  /** The same interface, if it were called so. */
  supposing(name: string): InterfaceName {
    return new InterfaceName(this.#names, this.#isNot, name);
  }

  /** The same interface, if it were not called so. */
  without(name: string): InterfaceName {
    return new InterfaceName(this.#names, new Set([...this.#isNot, name]), this.#supposed);
  }

  /** Takes it that it is called so; of `enp*`, the name is still not known. */
  confirm(name: string): void {
    if (!name.endsWith("*")) this.#names = [name];
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
