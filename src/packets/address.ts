/** IPv4 addresses that were asked for lately, and their texts: most come again soon. */
const RECENT = 1024;
const recent = new Uint32Array(RECENT);
const recentTexts: string[] = Array.from({ length: RECENT }, () => ipv4Text(0));

/** An address as text, canonical (RFC 5952 for IPv6), from its words in an address column. */
export function addressText(isIpv6: boolean, words: Uint32Array, at: number): string {
  if (isIpv6) return ipv6Text(words, at);
  const word = words[at];
  const place = (word ^ (word >>> 10) ^ (word >>> 20)) & (RECENT - 1);
  if (recent[place] !== word) {
    recent[place] = word;
    recentTexts[place] = ipv4Text(word);
  }
  return recentTexts[place];
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
