import type { Ends, Quoted } from "../packets/results.js";

/** Ends as members of an object, without its braces. Addresses hold nothing that JSON escapes. */
export function endsJson({ src, srcPort, dst, dstPort, icmpId }: Ends): string {
  if (icmpId !== undefined) return `"src":"${src}","dst":"${dst}","icmpId":${icmpId}`;
  if (srcPort === undefined || dstPort === undefined) return `"src":"${src}","dst":"${dst}"`;
  return `"src":"${src}","srcPort":${srcPort},"dst":"${dst}","dstPort":${dstPort}`;
}

/** A packet that an ICMP error quotes, as an object. */
export function quotedJson(quoted: Quoted): string {
  return `{"proto":"${quoted.proto}",${endsJson(quoted)},"ipId":${quoted.ipId},"length":${quoted.length}}`;
}
