import { REWRITE_DST, REWRITE_DST_PORT, REWRITE_SRC, REWRITE_SRC_PORT } from "../../packets/flows/flows.js";
import type { Ends } from "../../packets/results/results.js";

/** Bits of an echo's rewrite that mean its id. */
const REWRITE_ID = REWRITE_SRC_PORT | REWRITE_DST_PORT;

/** Shows a field that the NAT rewrites. */
type Mark = (field: string) => string;

/** Ends in tcpdump's wording, `172.17.0.2.45678 > 180.101.49.11.443`, an echo's id after them; rewritten fields marked. */
export function endsText(ends: Ends, rewrite: number, mark: Mark): string {
  const marked = (value: string | number, bits: number): string =>
    (rewrite & bits) === 0 ? String(value) : mark(String(value));
  const src = marked(ends.src, REWRITE_SRC);
  const dst = marked(ends.dst, REWRITE_DST);
  if (ends.icmpId !== undefined) return `${src} > ${dst} id ${marked(ends.icmpId, REWRITE_ID)}`;
  if (ends.srcPort === undefined || ends.dstPort === undefined) return `${src} > ${dst}`;
  return `${src}.${marked(ends.srcPort, REWRITE_SRC_PORT)} > ${dst}.${marked(ends.dstPort, REWRITE_DST_PORT)}`;
}

/** Only what the NAT rewrote, as it is in `ends`: `src 10.0.2.15.61000`, `dst 172.17.0.2`, `id 10496`; or `unchanged`. */
export function changesText(ends: Ends, rewrite: number, mark: Mark): string {
  const changes: string[] = [];
  const change = (
    name: string,
    address: string,
    port: number | undefined,
    addressBit: number,
    portBit: number,
  ): void => {
    const isPort = port !== undefined && (rewrite & portBit) !== 0;
    if ((rewrite & addressBit) !== 0) changes.push(`${name} ${mark(isPort ? `${address}.${port}` : address)}`);
    else if (isPort) changes.push(`${name} port ${mark(String(port))}`);
  };
  change("src", ends.src, ends.srcPort, REWRITE_SRC, REWRITE_SRC_PORT);
  change("dst", ends.dst, ends.dstPort, REWRITE_DST, REWRITE_DST_PORT);
  if (ends.icmpId !== undefined && (rewrite & REWRITE_ID) !== 0) changes.push(`id ${mark(String(ends.icmpId))}`);
  return changes.length === 0 ? "unchanged" : changes.join(" ");
}
