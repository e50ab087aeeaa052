import { type Few, MOST_NAMED } from "./few.js";

/** Whose an address is: that of an end of packets, so that a report may call it by the name of who had it meanwhile. */
export interface Whose {
  /** Whom it spoke to, by the address that this has inside; undefined where those are several. */
  readonly peer?: string;
  /** Whether it is beyond the outside, where other hosts give their containers the same addresses. */
  readonly isBeyond?: boolean;
  /** `macHash` of who sent the first packet that came from there; undefined where nothing tells. */
  readonly mac?: number | undefined;
  /** From when to when, nanoseconds on the timeline. */
  readonly fromNs: number;
  readonly throughNs: number;
}

/** An address in a sentence, and where in that it begins. */
export interface SaidAddress extends Whose {
  readonly address: string;
  readonly at: number;
}

/** A sentence with addresses, and which of them are ends of packets: those in what it quotes, as in a rule, are not. */
export interface Sentence {
  readonly text: string;
  /** In the order that they stand in; undefined where there are none. */
  readonly addresses?: readonly SaidAddress[];
}

type Part = string | number | Sentence;

/** Tags a template: a sentence of text, and of other sentences, which keep their addresses. */
export function said(texts: TemplateStringsArray, ...values: readonly Part[]): Sentence {
  return inARow(texts.flatMap((text, at) => (at < values.length ? [text, values[at]] : [text])));
}

/** The address of an end, as part of a sentence. */
export function saidAddress(address: string, whose: Whose): Sentence {
  return { text: address, addresses: [{ ...whose, address, at: 0 }] };
}

/** `once`, `2 times`. */
export function timesText(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** `3.0 s to 5.2 s`; one of both where they are said alike. */
export function rangeText([least, most]: readonly [number, number], textOf: (each: number) => string): string {
  const [from, to] = [textOf(least), textOf(most)];
  return from === to ? from : `${from} to ${to}`;
}

/** `1, 2, 3, 4, 5 and 7 more`. */
export function saidFew({ listed, count }: Pick<Few<Part>, "listed" | "count">): Sentence {
  const named = listed.slice(0, MOST_NAMED);
  const parts = named.flatMap((each, at) => (at === 0 ? [each] : [", ", each]));
  return inARow(count > named.length ? [...parts, ` and ${count - named.length} more`] : parts);
}

function inARow(parts: readonly Part[]): Sentence {
  let text = "";
  const addresses: SaidAddress[] = [];
  for (const part of parts) {
    const from = text.length;
    if (typeof part !== "object") text += part;
    else {
      text += part.text;
      for (const each of part.addresses ?? []) addresses.push({ ...each, at: from + each.at });
    }
  }
  return addresses.length === 0 ? { text } : { text, addresses };
}
