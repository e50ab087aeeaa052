import { parseAddress, wordsOf } from "../host/address.js";
import { printable } from "../packets/printable.js";

/** What addresses are called, as a capture file has it: each by its words. What is no address is left out. */
export function addressesNamed(
  names: Iterable<readonly [address: string, name: string]>,
): [address: Uint32Array, name: string][] {
  return [...names].flatMap(([text, name]) => {
    const address = parseAddress(text);
    return address === null ? [] : [[wordsOf(address.isIpv6, address.value), printable(name)]];
  });
}
