import { isList, isObject, type Json } from "./json.js";

/**
 * Values of a column, one a row, until they are written: numbers, and each text once. V8 moves objects that outlive its first megabytes of garbage, and rows as JSON.parse makes
 * them, kept until there are enough, took half of a run's time (Node 20, 2026-12).
 */
export interface Store {
  /** How many rows it has been told of. */
  readonly rows: number;
  /** Takes what the next row has; undefined: nothing. */
  put(json: Json | undefined): void;
  /** What all of them have, as Parquet's writer takes it. */
  values(): unknown[];
  clear(): void;
}

/** What fits in an array as it is. */
class Plain<Kept> implements Store {
  readonly #kept: (json: Json | undefined) => Kept;
  readonly #written: (kept: Kept) => unknown;
  #all: Kept[] = [];

  constructor(kept: (json: Json | undefined) => Kept, written: (kept: Kept) => unknown) {
    this.#kept = kept;
    this.#written = written;
  }

  get rows(): number {
    return this.#all.length;
  }

  put(json: Json | undefined): void {
    this.#all.push(this.#kept(json));
  }

  values(): unknown[] {
    return this.#all.map((value) => this.#written(value));
  }

  clear(): void {
    this.#all = [];
  }
}

const numberIn = (json: Json | undefined): number => (typeof json === "number" ? json : Number.NaN);

/** Numbers that the writer takes as they are. */
export function numbers(): Store {
  return new Plain(numberIn, (value) => (Number.isNaN(value) ? undefined : value));
}

/** Whole numbers of 64 bits, which it takes as bigints. */
export function wholes(): Store {
  return new Plain(numberIn, (value) => (Number.isNaN(value) ? undefined : BigInt(value)));
}

export function flags(): Store {
  return new Plain(
    (json) => (typeof json === "boolean" ? json : undefined),
    (value) => value,
  );
}

export class Texts implements Store {
  #all: (string | undefined)[] = [];
  readonly #known = new Map<string, string>();

  get rows(): number {
    return this.#all.length;
  }

  put(json: Json | undefined): void {
    this.#all.push(typeof json === "string" ? this.#once(json) : undefined);
  }

  values(): unknown[] {
    return this.#all;
  }

  clear(): void {
    this.#all = [];
    this.#known.clear();
  }

  #once(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    this.#known.set(text, text);
    return text;
  }
}

/** Seconds from 1970 either way that have their nanoseconds in 64 bits: until 2262. */
const SECONDS_END = 9_223_372_036;
const NS_DIGITS = 9;

/** Times, which the writer takes as nanoseconds since 1970. One that has no place in 64 bits, as only a damaged capture has, is none. */
export class Times implements Store {
  #seconds: number[] = [];
  #ns: number[] = [];

  get rows(): number {
    return this.#ns.length;
  }

  put(json: Json | undefined): void {
    const text = typeof json === "string" ? json : "";
    const seconds = Number.parseInt(text, 10);
    const ns = Number(text.slice(-NS_DIGITS));
    this.#seconds.push(Math.abs(seconds) < SECONDS_END ? seconds : Number.NaN);
    this.#ns.push(text.startsWith("-") ? -ns : ns);
  }

  values(): unknown[] {
    return this.#seconds.map((seconds, row) =>
      Number.isNaN(seconds) ? undefined : BigInt(seconds) * 1_000_000_000n + BigInt(this.#ns[row]),
    );
  }

  clear(): void {
    this.#seconds = [];
    this.#ns = [];
  }
}

/** Lists, by their elements one behind the other. */
export class Lists implements Store {
  readonly #elements: Store;
  /** How many each has; NaN: there is none. */
  #lengths: number[] = [];

  constructor(elements: Store) {
    this.#elements = elements;
  }

  get rows(): number {
    return this.#lengths.length;
  }

  put(json: Json | undefined): void {
    const isThere = isList(json);
    this.#lengths.push(isThere ? json.length : Number.NaN);
    if (isThere) for (const element of json) this.#elements.put(element);
  }

  values(): unknown[] {
    const elements = this.#elements.values();
    let at = 0;
    return this.#lengths.map((length) => (Number.isNaN(length) ? undefined : elements.slice(at, (at += length))));
  }

  clear(): void {
    this.#elements.clear();
    this.#lengths = [];
  }
}

/** Objects in lists, by their members. */
export class Structs implements Store {
  readonly #members: ReadonlyMap<string, Store>;
  #rows = 0;

  constructor(members: ReadonlyMap<string, Store>) {
    this.#members = members;
  }

  get rows(): number {
    return this.#rows;
  }

  put(json: Json | undefined): void {
    this.#rows++;
    for (const [key, member] of this.#members) member.put(isObject(json) ? json[key] : undefined);
  }

  values(): unknown[] {
    const members = Array.from(this.#members, ([key, member]) => [key, member.values()] as const);
    return Array.from({ length: this.#rows }, (_, row) =>
      Object.fromEntries(members.map(([key, values]) => [key, values[row]])),
    );
  }

  clear(): void {
    for (const member of this.#members.values()) member.clear();
    this.#rows = 0;
  }
}
