/** An IP address as lower-case hex, 8 digits or 32, so that every spelling of one compares equal. */
export type Address = string;

/** Reads an address as conntrack and natcorr print them. Not a validator: what it is given was printed by a program. */
export function parseAddress(text: string): Address {
  return text.includes(":") ? parseIpv6(text) : text.split(".").map(hexByte).join("");
}

function parseIpv6(text: string): Address {
  const [head, tail] = text.split("::").map(groupsOf);
  const gap = tail === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => "0000");
  return [...head, ...gap, ...(tail ?? [])].join("");
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":").map((group) => group.padStart(4, "0").toLowerCase());
}

function hexByte(decimal: string): string {
  return Number(decimal).toString(16).padStart(2, "0");
}

/** The way people write it, for messages. */
export function addressText(address: Address): string {
  if (address.length === 8) return [0, 2, 4, 6].map((at) => Number.parseInt(address.slice(at, at + 2), 16)).join(".");
  const groups = Array.from({ length: 8 }, (_, at) =>
    Number.parseInt(address.slice(4 * at, 4 * at + 4), 16).toString(16),
  );
  return groups.join(":").replace(/(^|:)0(:0)+(:|$)/, "::");
}
