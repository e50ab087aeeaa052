import { printableJson } from "../../packets/printable.js";
import type { Ends, Quoted } from "../../packets/results/results.js";
import type { Called } from "../answered-ends.js";
import type { NamedEnds } from "../row-names.js";
import type { Tunnel } from "../../packets/tunnels.js";

/** Ends as members of an object, without its braces. Addresses hold nothing that JSON escapes. */
export function endsJson({ src, srcPort, dst, dstPort, icmpId }: Ends): string {
  if (icmpId !== undefined) return `"src":"${src}","dst":"${dst}","icmpId":${icmpId}`;
  if (srcPort === undefined || dstPort === undefined) return `"src":"${src}","dst":"${dst}"`;
  return `"src":"${src}","srcPort":${srcPort},"dst":"${dst}","dstPort":${dstPort}`;
}

/** The containers that packets are from and to: the source's, or else the destination's; where both are containers, `peer` is the destination's. */
export function namedBy([from, to]: NamedEnds): { container?: string | undefined; peer?: string | undefined } {
  return from === undefined ? { container: to?.name } : { container: from.name, peer: to?.name };
}

/** What DNS answers called the ends. */
export function calledBy([src, dst]: Called): { srcName?: string | undefined; dstName?: string | undefined } {
  return { srcName: src, dstName: dst };
}

/** All of that, as further members of an object. */
export function namesJson(names: NamedEnds, called: Called): string {
  const [from, to] = names;
  const [src, dst] = called;
  if (from === undefined && to === undefined && src === undefined && dst === undefined) return "";
  const members = printableJson({ ...namedBy(names), ...calledBy(called) }).slice(1, -1);
  return `,${members}`;
}

/** A packet that an ICMP error quotes, as an object. */
export function quotedJson(quoted: Quoted): string {
  return `{"proto":"${quoted.proto}",${endsJson(quoted)},"ipId":${quoted.ipId},"length":${quoted.length}}`;
}

/** A tunnel that a packet came in, as a further member of an object. */
export function tunnelJson({ type, id, src, dst }: Tunnel): string {
  return `,"tunnel":{"type":"${type}"${id === undefined ? "" : `,"id":${id}`},"src":"${src}","dst":"${dst}"}`;
}
