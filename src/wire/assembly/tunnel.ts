/** Tunnels: packets that carry a whole packet, as Linux, Docker, Kubernetes and Open vSwitch send them. */
import { IS_IPV6 } from "../../packets/packets.js";
import { destinationIn, FLAGS_PROTO_TTL, IP_ID, LENGTH, PORTS, protoIn } from "../../packets/records.js";
import { ETHERTYPE_BRIDGING, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "../../protocols/ethertypes.js";
import { GRE, IP_IN_IP, IPV6_IN_IP, TCP, UDP } from "../../protocols/ip-protocols.js";
import {
  BY_ETHERTYPE,
  ETHERNET_BYTES,
  ETHERNET_TYPE,
  linkBy,
  ONLY_IPV4,
  ONLY_IPV6,
} from "../../protocols/link-types.js";
import * as tunnels from "../../protocols/tunnels.js";
import { HEADER_BYTES as UDP_BYTES } from "../../protocols/udp.js";
import { byteAt, halfAt, wordAt } from "./bytes.js";
import { beginKey, endKey, joined, mixWord } from "./hash.js";
import { ipHeader } from "./link.js";

/** There is no IP packet in it. */
export const NOTHING = 0;

/** What the last tunnel found is: see `TUNNEL_KINDS`; and its VNI or key. */
export let kind = 0;
export let id = 0;

/** Whether a packet of a protocol may carry another one, as far as its ports tell. */
export function mayCarry(proto: i32, record: i32): bool {
  if (proto === TCP) return false;
  if (proto !== UDP) return proto === GRE || proto === IP_IN_IP || proto === IPV6_IN_IP;
  const port = destinationIn(load<i32>(record, 4 * PORTS));
  return port === tunnels.VXLAN_PORT || port === tunnels.LINUX_VXLAN_PORT || port === tunnels.GENEVE_PORT;
}

/** Where the IP header is of the packet that another one carries, or NOTHING: `at` is where the header behind the IP header begins. Precondition: `mayCarry`. */
export function carriedBy(record: i32, at: i32, end: i32): i32 {
  const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  id = 0;
  switch (protoIn(flags)) {
    case UDP:
      return destinationIn(load<i32>(record, 4 * PORTS)) === tunnels.GENEVE_PORT
        ? geneve(at + UDP_BYTES, end)
        : vxlan(at + UDP_BYTES, end);
    case GRE:
      return gre(at, end);
    case IP_IN_IP:
      kind = (flags & IS_IPV6) === 0 ? tunnels.IPIP : tunnels.FOUR_IN_SIX;
      return behind(at, end, ONLY_IPV4);
    case IPV6_IN_IP:
      kind = (flags & IS_IPV6) === 0 ? tunnels.SIX_IN_FOUR : tunnels.SIX_IN_SIX;
      return behind(at, end, ONLY_IPV6);
    default:
      return NOTHING;
  }
}

/**
 * Makes the key of a packet that carries one with this key, in place of one that takes all bytes of that: the checksums among them are
 * often still to be filled in where a container sends.
 */
export function takeCarried(record: i32, key: u64): void {
  const proto = protoIn(load<i32>(record, 4 * FLAGS_PROTO_TTL));
  beginKey(record, joined(load<i32>(record, 4 * IP_ID), (proto << 24) | load<i32>(record, 4 * LENGTH)));
  mixWord(record, joined(kind, id));
  mixWord(record, key);
  endKey(record);
}

function vxlan(at: i32, end: i32): i32 {
  if (at + tunnels.VXLAN_BYTES > end) return NOTHING;
  const flags = wordAt(at);
  const allowed =
    (flags & tunnels.VXLAN_HAS_POLICY) === 0
      ? tunnels.VXLAN_HAS_VNI
      : tunnels.VXLAN_HAS_VNI | tunnels.VXLAN_HAS_POLICY | tunnels.VXLAN_POLICY;
  const vni = wordAt(at + tunnels.VXLAN_VNI);
  if ((flags & tunnels.VXLAN_HAS_VNI) === 0 || (flags & ~allowed) !== 0 || (vni & 0xff) !== 0) return NOTHING;
  kind = tunnels.VXLAN;
  id = vni >>> 8;
  return behindEthernet(at + tunnels.VXLAN_BYTES, end);
}

function geneve(at: i32, end: i32): i32 {
  if (at + tunnels.GENEVE_BYTES > end) return NOTHING;
  const first = byteAt(at);
  if ((first & tunnels.GENEVE_VERSION) !== 0 || (byteAt(at + 1) & tunnels.GENEVE_IS_CONTROL) !== 0) return NOTHING;
  kind = tunnels.GENEVE;
  id = wordAt(at + tunnels.GENEVE_VNI) >>> 8;
  return ofProtocol(
    halfAt(at + tunnels.GENEVE_PROTOCOL),
    at + tunnels.GENEVE_BYTES + ((first & tunnels.GENEVE_OPTIONS) << 2),
    end,
  );
}

function gre(at: i32, end: i32): i32 {
  if (at + tunnels.GRE_BYTES > end) return NOTHING;
  const flags = halfAt(at);
  if ((flags & ~(tunnels.GRE_HAS_CHECKSUM | tunnels.GRE_HAS_KEY | tunnels.GRE_HAS_SEQUENCE)) !== 0) return NOTHING;
  let next = at + tunnels.GRE_BYTES;
  if ((flags & tunnels.GRE_HAS_CHECKSUM) !== 0) next += tunnels.GRE_FIELD_BYTES;
  kind = tunnels.GRE;
  if ((flags & tunnels.GRE_HAS_KEY) !== 0) {
    if (next + tunnels.GRE_FIELD_BYTES > end) return NOTHING;
    kind = tunnels.KEYED_GRE;
    id = wordAt(next);
    next += tunnels.GRE_FIELD_BYTES;
  }
  if ((flags & tunnels.GRE_HAS_SEQUENCE) !== 0) next += tunnels.GRE_FIELD_BYTES;
  return ofProtocol(halfAt(at + tunnels.GRE_PROTOCOL), next, end);
}

function ofProtocol(ethertype: i32, at: i32, end: i32): i32 {
  switch (ethertype) {
    case ETHERTYPE_IPV4:
      return behind(at, end, ONLY_IPV4);
    case ETHERTYPE_IPV6:
      return behind(at, end, ONLY_IPV6);
    case ETHERTYPE_BRIDGING:
      return behindEthernet(at, end);
    default:
      return NOTHING;
  }
}

function behind(at: i32, end: i32, link: i32): i32 {
  return max(NOTHING, ipHeader(at, end, link));
}

function behindEthernet(at: i32, end: i32): i32 {
  return behind(at, end, linkBy(BY_ETHERTYPE, ETHERNET_BYTES, ETHERNET_TYPE));
}
