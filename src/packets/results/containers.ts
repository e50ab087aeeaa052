import type { Protocol } from "../../protocols/ip-protocols.js";
import type { Ends } from "./results.js";
import type { ContainerName } from "./container-name.js";
import { type ContainerMacs, NO_CONTAINER_MACS } from "./container-macs.js";

/** What a packet that was seen on one side is on the other. */
export interface OtherForm {
  readonly ends: Ends;
  /** Whether it travels from inside to outside. */
  readonly isOutbound: boolean;
}

/**
 * Which containers had which addresses, for those who show packets. Times are epoch nanoseconds of the host's clock. While packets are captured, more
 * becomes known: of the past, too, as the host tells of a container when it runs already.
 */
export interface Containers extends ContainerMacs {
  /** Who had an address, at a time or all the time through another one; undefined where that is not known, or was not one alone. */
  having(address: string, fromNs: bigint, throughNs?: bigint): ContainerName | undefined;
  /** Whether an address is the host's own. */
  isOwn(address: string): boolean;
  /** Whether the host itself sends frames by that `macHash`; undefined where nobody told by which it does. */
  isOwnMac(mac: number): boolean | undefined;
  /** Who had published a port of an address of the host's, at a time. */
  publishing(proto: string, address: string, port: number, epochNs: bigint): ContainerName | undefined;
  /** Who had published a port of an address of the host's last, where it is known that nobody had at a time; undefined where somebody may have, or never did before. */
  publishedBefore(proto: string, address: string, port: number, epochNs: bigint): ContainerName | undefined;
  /** What a packet that was seen outside alone is inside, as far as conntrack tells. */
  insideOf(proto: Protocol, ends: Ends, epochNs: bigint): OtherForm | undefined;
  /** When addresses changed hands, in order: between two of these, each is one container's, or nobody's. The same list as long as no more becomes known. */
  readonly changesNs: readonly bigint[];
}

/** Where nobody says. */
export const NO_CONTAINERS: Containers = {
  ...NO_CONTAINER_MACS,
  having: () => undefined,
  isOwn: () => false,
  isOwnMac: () => undefined,
  publishing: () => undefined,
  publishedBefore: () => undefined,
  insideOf: () => undefined,
  changesNs: [],
};
