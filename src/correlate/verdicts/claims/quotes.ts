import { addressText } from "../../../packets/address.js";
import type { PacketBatch } from "../../../packets/packet-batch.js";
import { IS_IPV6 } from "../../../packets/packets.js";
import type { Quoted } from "../../../packets/results.js";
import { hasPorts, isIcmp, protocolName } from "../../../protocols/ip-protocols.js";

/** What an ICMP error is about, kept beside its row while the timeline holds it. */
export interface QuotedError {
  src: string;
  dst: string;
  /** The same addresses as words. */
  isIpv6: boolean;
  srcWords: Uint32Array;
  dstWords: Uint32Array;
  quoted: Quoted;
}

/**
 * Whether two errors may be one, by who sent them: the NAT leaves the sender alone, or puts an end of the conversation for it (nf_nat_core.c,
 * nf_nat_icmp_reply_translation). `left` is the form in which it left the NAT.
 */
export function mayBeOneSender(entered: QuotedError, left: QuotedError): boolean {
  return entered.src === left.src || left.src === left.quoted.src || left.src === left.quoted.dst;
}

/** Whether an error was sent by whom the packet is for that it quotes. */
export function isByAddressee({ src, quoted }: QuotedError): boolean {
  return src === quoted.dst;
}

/** Reads the quote of batch row `i`, an ICMP error. */
export function quotedError(batch: PacketBatch, i: number): QuotedError {
  const { quotes } = batch;
  const q = batch.quote(i);
  const isIpv6 = (batch.flags(i) & IS_IPV6) !== 0;
  const proto = quotes.proto[q];
  const quoted: Quoted = {
    proto: protocolName(proto),
    src: addressText(isIpv6, quotes.src, 4 * q),
    dst: addressText(isIpv6, quotes.dst, 4 * q),
    ipId: quotes.ipId[q],
    length: quotes.length[q],
  };
  if (hasPorts(proto)) {
    quoted.srcPort = quotes.srcPort[q];
    quoted.dstPort = quotes.dstPort[q];
  } else if (isIcmp(proto)) {
    quoted.icmpId = quotes.srcPort[q];
  }
  const srcWords = batch.address(i, true);
  const dstWords = batch.address(i, false);
  return {
    src: addressText(isIpv6, srcWords, 0),
    dst: addressText(isIpv6, dstWords, 0),
    isIpv6,
    srcWords,
    dstWords,
    quoted,
  };
}
