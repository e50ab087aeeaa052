import { address, concat, hex } from "./packets.js";

/** A record of an answer: what it is of, the type, and its data. */
export interface DnsRecord {
  readonly owner: Uint8Array;
  readonly type: number;
  readonly data: Uint8Array;
}

interface DnsMessage {
  readonly id?: number;
  /** Those of an answer that there is one, unless given. */
  readonly flags?: number;
  readonly type?: number;
  readonly records?: readonly DnsRecord[];
}

/** Where the question's name stands, as a pointer. */
export const ASKED = hex("c00c");

/** A name as it is sent, RFC 1035 section 3.1; a label has what bytes it is given. */
export function dnsName(...labels: readonly (string | Uint8Array)[]): Uint8Array {
  const sent = labels.map((label) => {
    const bytes = typeof label === "string" ? Buffer.from(label, "latin1") : label;
    return concat(Uint8Array.of(bytes.length), bytes);
  });
  return concat(...sent, Uint8Array.of(0));
}

/** What gives the address of `owner`. */
export function addressRecord(owner: Uint8Array, text: string): DnsRecord {
  return { owner, type: text.includes(":") ? 28 : 1, data: address(text) };
}

/** What says that `owner` is another name of something. */
export function aliasRecord(owner: Uint8Array, of: Uint8Array): DnsRecord {
  return { owner, type: 5, data: of };
}

function halves(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 255]));
}

/** A message that asks for a name, and answers that where it has flags that say so, or records. */
export function dnsMessage(name: Uint8Array, { id = 7, type = 1, records, flags }: DnsMessage = {}): Uint8Array {
  const header = halves(id, flags ?? (records === undefined ? 0x0100 : 0x8180), 1, records?.length ?? 0, 0, 0);
  const answers = (records ?? []).map((record) =>
    concat(record.owner, halves(record.type, 1, 0, 60, record.data.length), record.data),
  );
  return concat(header, name, halves(type, 1), ...answers);
}
