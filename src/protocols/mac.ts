/** No MAC address, where one is asked for by its hash: the link has none, or nothing tells. */
export const NO_MAC = 0;

/**
 * A hash of a MAC address, of its first two bytes and its last four, signed. Two that begin with the same two bytes, as those that Docker gives, have two
 * hashes.
 */
export function macHash(head: number, tail: number): number {
  return tail ^ (head * 0x9e37);
}

/** The hash of an address as ip(8) and Docker write it, `02:42:ac:11:00:02`; NO_MAC of what is none. */
export function macHashOf(text: string): number {
  if (!/^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(text)) return NO_MAC;
  const digits = text.replaceAll(":", "");
  return macHash(Number.parseInt(digits.slice(0, 4), 16), Number.parseInt(digits.slice(4), 16));
}
