import { printable } from "../packets/printable.js";
import { addressWords } from "./address.js";

/** What addresses are called, as a capture file has it: each by its words, all names in one. What is no address is left out. */
export function addressesNamed(
  names: Iterable<readonly [address: string, names: readonly string[]]>,
): [address: Uint32Array, name: string][] {
  return Array.from(names).flatMap(([text, called]) => {
    const words = addressWords(text);
    return words === null ? [] : [[words, printable(called.join("|"))]];
  });
}
