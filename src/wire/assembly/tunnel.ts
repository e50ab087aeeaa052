/** Tunnels: packets that carry a whole packet, as Linux, Docker, Kubernetes and Open vSwitch send them. */
import { IS_IPV6, TCP, UDP } from "../../packets/packets.js";
import { FLAGS_PROTO_TTL, IP_ID, LENGTH, PORTS } from "../../packets/records.js";
import {
  FOUR_IN_SIX,
  GENEVE as GENEVE_TUNNEL,
  GRE as GRE_TUNNEL,
  IPIP,
  KEYED_GRE,
  SIX_IN_FOUR,
  SIX_IN_SIX,
  VXLAN as VXLAN_TUNNEL,
} from "../../packets/tunnels.js";
import { ETHERNET, IPV4, IPV6 } from "../link-types.js";
import { byteAt, halfAt, wordAt } from "./bytes.js";
import { beginKey, endKey, joined, mixWord } from "./hash.js";
import { ipHeader } from "./link.js";

/** Protocols, https://www.iana.org/assignments/protocol-numbers */
const IP_IN_IP = 4;
const IPV6_IN_IP = 41;
const GRE = 47;

/** UDP ports: RFC 7348 section 5, what Linux took before that (drivers/net/vxlan, and flannel to this day), and RFC 8926 section 3.3. */
const VXLAN_PORT = 4789;
const LINUX_VXLAN_PORT = 8472;
const GENEVE_PORT = 6081;
const UDP_BYTES = 8;

/** RFC 7348 section 5: flags, the VNI in 24 bits, and what is reserved, which is 0. */
const VXLAN_BYTES = 8;
const VXLAN_VNI = 4;
const HAS_VNI = 0x0800_0000;
/** draft-smith-vxlan-group-policy: bit G, then D, A and the group's id. */
const HAS_POLICY = 0x8000_0000;
const POLICY = 0x0048_ffff;

/** RFC 8926 section 3.4: version and length of the options in words, flags, protocol, VNI. */
const GENEVE_BYTES = 8;
const GENEVE_PROTOCOL = 2;
const GENEVE_VNI = 4;
const GENEVE_VERSION = 0xc0;
const GENEVE_OPTIONS = 0x3f;
/** Bit O, of the second byte: it carries no packet. */
const IS_CONTROL = 0x80;

/** RFC 2784 section 2 and RFC 2890 section 2; nothing else is set in version 0, which leaves routing of RFC 1701 out. */
const GRE_BYTES = 4;
const GRE_PROTOCOL = 2;
const HAS_CHECKSUM = 0x8000;
const HAS_KEY = 0x2000;
const HAS_SEQUENCE = 0x1000;
const GRE_FIELD_BYTES = 4;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** An Ethernet frame (RFC 7637, RFC 8926). */
const ETHERTYPE_BRIDGING = 0x6558;

/** There is no IP packet in it. */
export const NOTHING = 0;

/** What the last tunnel found is: see `TUNNEL_KINDS`; and its VNI or key. */
export let kind = 0;
export let id = 0;

/** Whether a packet of a protocol may carry another one, as far as its ports tell. */
export function mayCarry(proto: i32, record: i32): bool {
  if (proto === TCP) return false;
  if (proto !== UDP) return proto === GRE || proto === IP_IN_IP || proto === IPV6_IN_IP;
  const port = load<i32>(record, 4 * PORTS) & 0xffff;
  return port === VXLAN_PORT || port === LINUX_VXLAN_PORT || port === GENEVE_PORT;
}

/** Where the IP header is of the packet that another one carries, or NOTHING: `at` is where the header behind the IP header begins. Precondition: `mayCarry`. */
export function carriedBy(record: i32, at: i32, end: i32): i32 {
  const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  id = 0;
  switch ((flags >>> 16) & 0xff) {
    case UDP:
      return (load<i32>(record, 4 * PORTS) & 0xffff) === GENEVE_PORT
        ? geneve(at + UDP_BYTES, end)
        : vxlan(at + UDP_BYTES, end);
    case GRE:
      return gre(at, end);
    case IP_IN_IP:
      kind = (flags & IS_IPV6) === 0 ? IPIP : FOUR_IN_SIX;
      return behind(at, end, IPV4);
    case IPV6_IN_IP:
      kind = (flags & IS_IPV6) === 0 ? SIX_IN_FOUR : SIX_IN_SIX;
      return behind(at, end, IPV6);
    default:
      return NOTHING;
  }
}

/**
 * Makes the key of a packet that carries one with this key, in place of one that takes all bytes of that: the checksums among them are
 * often still to be filled in where a container sends.
 */
export function takeCarried(record: i32, key: u64): void {
  const proto = (load<i32>(record, 4 * FLAGS_PROTO_TTL) >>> 16) & 0xff;
  beginKey(record, joined(load<i32>(record, 4 * IP_ID), (proto << 24) | load<i32>(record, 4 * LENGTH)));
  mixWord(record, joined(kind, id));
  mixWord(record, key);
  endKey(record);
}

function vxlan(at: i32, end: i32): i32 {
  if (at + VXLAN_BYTES > end) return NOTHING;
  const flags = wordAt(at);
  const allowed = (flags & HAS_POLICY) === 0 ? HAS_VNI : HAS_VNI | HAS_POLICY | POLICY;
  const vni = wordAt(at + VXLAN_VNI);
  if ((flags & HAS_VNI) === 0 || (flags & ~allowed) !== 0 || (vni & 0xff) !== 0) return NOTHING;
  kind = VXLAN_TUNNEL;
  id = vni >>> 8;
  return behind(at + VXLAN_BYTES, end, ETHERNET);
}

function geneve(at: i32, end: i32): i32 {
  if (at + GENEVE_BYTES > end) return NOTHING;
  const first = byteAt(at);
  if ((first & GENEVE_VERSION) !== 0 || (byteAt(at + 1) & IS_CONTROL) !== 0) return NOTHING;
  kind = GENEVE_TUNNEL;
  id = wordAt(at + GENEVE_VNI) >>> 8;
  return ofProtocol(halfAt(at + GENEVE_PROTOCOL), at + GENEVE_BYTES + ((first & GENEVE_OPTIONS) << 2), end);
}

function gre(at: i32, end: i32): i32 {
  if (at + GRE_BYTES > end) return NOTHING;
  const flags = halfAt(at);
  if ((flags & ~(HAS_CHECKSUM | HAS_KEY | HAS_SEQUENCE)) !== 0) return NOTHING;
  let next = at + GRE_BYTES;
  if ((flags & HAS_CHECKSUM) !== 0) next += GRE_FIELD_BYTES;
  kind = GRE_TUNNEL;
  if ((flags & HAS_KEY) !== 0) {
    if (next + GRE_FIELD_BYTES > end) return NOTHING;
    kind = KEYED_GRE;
    id = wordAt(next);
    next += GRE_FIELD_BYTES;
  }
  if ((flags & HAS_SEQUENCE) !== 0) next += GRE_FIELD_BYTES;
  return ofProtocol(halfAt(at + GRE_PROTOCOL), next, end);
}

function ofProtocol(ethertype: i32, at: i32, end: i32): i32 {
  switch (ethertype) {
    case ETHERTYPE_IPV4:
      return behind(at, end, IPV4);
    case ETHERTYPE_IPV6:
      return behind(at, end, IPV6);
    case ETHERTYPE_BRIDGING:
      return behind(at, end, ETHERNET);
    default:
      return NOTHING;
  }
}

function behind(at: i32, end: i32, linkType: i32): i32 {
  return max(NOTHING, ipHeader(at, end, linkType));
}
