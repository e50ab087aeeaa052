import type { Translation } from "../../packets/results/results.js";

/** So many pairs of hosts are remembered. */
const MOST_PAIRS = 65_536;

/** Services whose helpers have conntrack expect connections that no rule is asked about, by their registered ports (net/netfilter/nf_conntrack_*.c). */
const HELPED: Readonly<Partial<Record<Translation["proto"], ReadonlySet<number>>>> = {
  // FTP, H.323, PPTP, SIP, SANE, IRC
  tcp: new Set([21, 1720, 1723, 5060, 6566, 6667]),
  // TFTP, NetBIOS, H.323, SIP, Amanda
  udp: new Set([69, 137, 1719, 5060, 10_080]),
};

/** Pairs of hosts that speak by a service with a helper: what else is translated between the two may be RELATED to that, and no rule's. */
export class Helped {
  readonly #pairs = new Set<string>();

  /** Takes a flow. Returns whether it shows of its two hosts that they are such a pair. */
  note(flow: Translation): boolean {
    const ports = HELPED[flow.proto];
    const { inside, outside } = flow;
    const isOne = ports !== undefined && [inside.dstPort ?? 0, outside.dstPort ?? 0].some((port) => ports.has(port));
    if (isOne && this.#pairs.size < MOST_PAIRS) this.#pairs.add(pairOf(flow));
    return isOne;
  }

  /** Whether no rule need explain a flow. */
  has(flow: Translation): boolean {
    return this.#pairs.has(pairOf(flow));
  }
}

/** Its two hosts, whoever began. */
export function pairOf({ inside: { src, dst } }: Translation): string {
  return [src, dst].toSorted().join(" ");
}
