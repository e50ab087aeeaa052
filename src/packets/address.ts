/** An address as text, canonical (RFC 5952 for IPv6), from its words in an address column. */
export function addressText(isIpv6: boolean, words: Uint32Array, at: number): string {
  return isIpv6 ? ipv6Text(words, at) : ipv4Text(words[at]);
}

function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function ipv6Text(words: Uint32Array, at: number): string {
  const groups: number[] = [];
  for (let word = 0; word < 4; word++) groups.push(words[at + word] >>> 16, words[at + word] & 0xffff);
  // RFC 5952 4.2: the longest run of zero groups, the first of equals, and never a single one, becomes "::"
  let best = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      best = start;
      bestLength = length;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (best < 0) return hex.join(":");
  return `${hex.slice(0, best).join(":")}::${hex.slice(best + bestLength).join(":")}`;
}
