/** Bits of a number in a character; the bit above them says that more follow. */
const BASE = 128;

/**
 * Keeps whole numbers, mostly little above the one before, as a text of how far: V8 has a byte for a character of that, and eight for a number in a list.
 */
export function pack(numbers: readonly number[]): string {
  const codes: number[] = [];
  let before = 0;
  for (const number of numbers) {
    const step = number - before;
    // what goes down is odd
    let rest = step < 0 ? -2 * step - 1 : 2 * step;
    for (; rest >= BASE; rest = Math.floor(rest / BASE)) codes.push(BASE + (rest % BASE));
    codes.push(rest);
    before = number;
  }
  return String.fromCharCode(...codes);
}

/** The numbers of such a text. */
export function unpack(text: string): number[] {
  const numbers: number[] = [];
  let number = 0;
  let steps = 0;
  let place = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    steps += (code % BASE) * place;
    place *= BASE;
    if (code >= BASE) continue;
    number += steps % 2 === 0 ? steps / 2 : -(steps + 1) / 2;
    numbers.push(number);
    steps = 0;
    place = 1;
  }
  return numbers;
}
