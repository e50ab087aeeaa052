/** A packet's mark, as far as rules tell of it. */
export interface Mark {
  /** 32 bits, those that are not known as 0 … */
  readonly value: number;
  /** … and which of them are known. */
  readonly known: number;
}

const ALL = 0xffff_ffff;

/** A mark of which nothing is known. */
export const ANY_MARK: Mark = { value: 0, known: 0 };

/** The mark with these bits, of those that are known. */
export function markOf(value: number, known: number): Mark {
  return { value: (value & known) >>> 0, known: known >>> 0 };
}

/** What is so of both, where a packet has one of two marks; `one` is undefined where there is only the other. */
export function eitherMark(one: Mark | undefined, other: Mark): Mark {
  return one === undefined ? other : markOf(one.value, one.known & other.known & ~(one.value ^ other.value));
}

/** Clears the bits of `mask`, then turns those of `value` (iptables-extensions(8), MARK, `--set-xmark`). */
export function remarked({ value, known }: Mark, turned: number, mask: number): Mark {
  return markOf((value & ~mask) ^ turned, known | mask);
}

/** The bits that are known behind a change, whatever the mark was. */
export function settledBits(change: (mark: Mark) => Mark): number {
  return change(ANY_MARK).known;
}

/** The bits that a change leaves as they were. */
export function keptBits(change: (mark: Mark) => Mark): number {
  const [unset, set] = [0, ALL].map((value) => change(markOf(value, ALL)));
  return unset.known & ~unset.value & set.known & set.value;
}

/** Reads a mark's number, in hexadecimal (`0x4000`) or decimal; null where it is none of 32 bits. */
export function parseMark(text: string): number | null {
  if (!/^(0x[\da-f]{1,8}|\d{1,10})$/i.test(text)) return null;
  return Number(text) <= ALL ? Number(text) : null;
}

/** Reads `0x4000/0x4000` or `0x1`, which is of all bits; null where it is neither. */
export function parseMasked(text: string): { value: number; mask: number } | null {
  const [start, end] = text.split("/", 2);
  const [value, mask] = [parseMark(start), end === undefined ? ALL : parseMark(end)];
  return value === null || mask === null ? null : { value, mask };
}
