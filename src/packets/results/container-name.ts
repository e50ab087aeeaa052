/** What a container is called. */
export interface ContainerName {
  /** Its name; of several that share an address, all of theirs, joined by `+`. */
  readonly name: string;
  /** Each of these names, and those of the services that they are of. */
  readonly words: ReadonlySet<string>;
  /** The engine's id of each: that stays where a name is changed. */
  readonly ids: ReadonlySet<string>;
  /** Whether it has the address on an interface that is captured as the outside. */
  readonly isOutside?: boolean;
  /** `macHash` of its MAC address where it has that address; NO_MAC, or undefined, where nobody told. */
  readonly mac?: number;
}

/** Whether a container, or a service that it is of, is called by one of some words. */
export function isCalled(container: ContainerName | undefined, words: ReadonlySet<string>): boolean {
  return container !== undefined && [...container.words].some((word) => words.has(word));
}
