import { printableJson } from "../../packets/printable.js";
import type { Containers } from "../../packets/results/containers.js";
import type { Ends, Quoted } from "../../packets/results/results.js";
import type { Tunnel } from "../../packets/tunnels.js";

/** Ends as members of an object, without its braces. Addresses hold nothing that JSON escapes. */
export function endsJson({ src, srcPort, dst, dstPort, icmpId }: Ends): string {
  if (icmpId !== undefined) return `"src":"${src}","dst":"${dst}","icmpId":${icmpId}`;
  if (srcPort === undefined || dstPort === undefined) return `"src":"${src}","dst":"${dst}"`;
  return `"src":"${src}","srcPort":${srcPort},"dst":"${dst}","dstPort":${dstPort}`;
}

/** The containers that packets are of, at a time or from one time until another: the source's, or else the destination's; where both are containers, `peer` is the destination's. */
export function namesOf(
  containers: Containers,
  { src, dst }: { readonly src?: string | undefined; readonly dst?: string | undefined },
  fromNs: bigint,
  untilNs = fromNs,
): { container?: string | undefined; peer?: string | undefined } {
  const [source, destination] = [src, dst].map((address) =>
    address === undefined ? undefined : containers.having(address, fromNs, untilNs)?.name,
  );
  return source === undefined ? { container: destination } : { container: source, peer: destination };
}

/** The same, as further members of an object. */
export function namesJson(containers: Containers, ends: Ends, fromNs: bigint, untilNs = fromNs): string {
  const members = printableJson(namesOf(containers, ends, fromNs, untilNs)).slice(1, -1);
  return members === "" ? "" : `,${members}`;
}

/** A packet that an ICMP error quotes, as an object. */
export function quotedJson(quoted: Quoted): string {
  return `{"proto":"${quoted.proto}",${endsJson(quoted)},"ipId":${quoted.ipId},"length":${quoted.length}}`;
}

/** A tunnel that a packet came in, as a further member of an object. */
export function tunnelJson({ type, id, src, dst }: Tunnel): string {
  return `,"tunnel":{"type":"${type}"${id === undefined ? "" : `,"id":${id}`},"src":"${src}","dst":"${dst}"}`;
}
