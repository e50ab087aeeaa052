import { icmpCodeIn, icmpTypeIn } from "../../../packets/records.js";
import { addressText } from "../../../packets/address.js";
import type { PacketBatch } from "../../../packets/batches/packet-batch.js";
import type { Quoted } from "../../../packets/results/results.js";
import { isByRouter } from "../../../protocols/icmp.js";
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
  /** The protocol of the packet that it quotes, by its number. */
  quotedProto: number;
  /** Whether it was sent by whom the packet is for that it quotes. */
  isByAddressee: boolean;
}

/**
 * Whether two errors may be one, by who sent them: the NAT leaves the sender alone, or puts an end of the conversation for it (nf_nat_core.c,
 * nf_nat_icmp_reply_translation). `left` is the form in which it left the NAT.
 */
export function mayBeOneSender(entered: QuotedError, left: QuotedError): boolean {
  return entered.src === left.src || left.src === left.quoted.src || left.src === left.quoted.dst;
}

/** Whether a quote, one of a batch's, names its conversation as far as its protocol does, by ports or the id of an echo: a short snaplen may have left that out. */
export function namesEnds({ quotes }: PacketBatch, q: number): boolean {
  return quotes.srcPort[q] !== 0 || quotes.dstPort[q] !== 0;
}

/** Whether an error, row `i` of its batch, is about an echo, and tells its id. */
export function isAboutEcho(batch: PacketBatch, i: number): boolean {
  const q = batch.quote(i);
  return isIcmp(batch.quotes.proto[q]) && namesEnds(batch, q);
}

/** Reads the quote of batch row `i`, an ICMP error. */
export function quotedError(batch: PacketBatch, i: number): QuotedError {
  const { quotes } = batch;
  const q = batch.quote(i);
  const isIpv6 = batch.isIpv6(i);
  const proto = quotes.proto[q];
  const quoted: Quoted = {
    proto: protocolName(proto),
    src: addressText(isIpv6, quotes.src, 4 * q),
    dst: addressText(isIpv6, quotes.dst, 4 * q),
    ipId: quotes.ipId[q],
    length: quotes.length[q],
  };
  if (hasPorts(proto) && namesEnds(batch, q)) {
    quoted.srcPort = quotes.srcPort[q];
    quoted.dstPort = quotes.dstPort[q];
  } else if (isIcmp(proto) && namesEnds(batch, q)) {
    quoted.icmpId = quotes.srcPort[q];
  }
  const srcWords = batch.address(i, true);
  const dstWords = batch.address(i, false);
  const src = addressText(isIpv6, srcWords, 0);
  const message = batch.seq(i);
  // the host may stand for whom it is for with an address of its own
  const isByAddressee = src === quoted.dst && !isByRouter(icmpTypeIn(message), icmpCodeIn(message), isIpv6);
  return {
    src,
    dst: addressText(isIpv6, dstWords, 0),
    isIpv6,
    srcWords,
    dstWords,
    quoted,
    quotedProto: proto,
    isByAddressee,
  };
}
