import { first, next } from "../packets/memory/layout.js";
import { HEADER_BYTES as IPV4_BYTES } from "../protocols/ipv4.js";
import { HEADER_BYTES as IPV6_BYTES } from "../protocols/ipv6.js";
import { linkHeaderBytes, linkName, PPPOE_BYTES, PPP_PROTOCOL_BYTES } from "../protocols/link-types.js";

/** Why a frame has no packet: numbers for AssemblyScript, and what they are called. */
export const NOT_IP = first();
export const NO_INTERFACE = next();
export const UNSUPPORTED_LINK = next();
export const LINK_CUT = next();
export const MANY_TAGS = next();
export const TAG_CUT = next();
export const NO_IP_BYTE = next();
export const NO_VERSION = next();
export const NOT_VERSION_4 = next();
export const NOT_VERSION_6 = next();
export const IPV4_CUT = next();
export const IPV4_HEADER_LENGTH = next();
export const IPV4_TOTAL_LENGTH = next();
export const IPV6_CUT = next();
export const IPV6_EXTENSION_OVERLONG = next();
export const IPV6_MANY_EXTENSIONS = next();
export const PPPOE_CUT = next();
export const PPP_CUT = next();
export const MPLS_CUT = next();

/** Each names layer, field and limit, and nothing specific to a frame. */
const TEXTS: Readonly<Record<number, string>> = {
  [NO_INTERFACE]: "capture: the frame names an interface that is not described",
  [MANY_TAGS]: "VLAN: more than 4 tags",
  [TAG_CUT]: "VLAN: fewer than the 4 bytes of a tag captured",
  [PPPOE_CUT]: `PPPoE: fewer than the ${PPPOE_BYTES} header bytes captured`,
  [PPP_CUT]: `PPP: fewer than the ${PPP_PROTOCOL_BYTES} bytes of the protocol field captured`,
  [MPLS_CUT]: "MPLS: fewer than the 4 bytes of a label captured",
  [NO_IP_BYTE]: "IP: no byte of the header captured",
  [NO_VERSION]: "IP: version field is neither 4 nor 6",
  [NOT_VERSION_4]: "IPv4: version field is not 4",
  [NOT_VERSION_6]: "IPv6: version field is not 6",
  [IPV4_CUT]: `IPv4: fewer than the ${IPV4_BYTES} header bytes captured`,
  [IPV4_HEADER_LENGTH]: `IPv4: header length field below ${IPV4_BYTES} bytes`,
  [IPV4_TOTAL_LENGTH]: "IPv4: total length field below the header length field",
  [IPV6_CUT]: `IPv6: fewer than the ${IPV6_BYTES} header bytes captured`,
  [IPV6_EXTENSION_OVERLONG]: "IPv6: extension header ends beyond the payload length",
  [IPV6_MANY_EXTENSIONS]: "IPv6: more than 8 extension headers",
};

/** Names for link types people do capture on, though nothing here reads them. */
const LINK_NAMES: Readonly<Record<number, string>> = {
  50: "PPP over serial",
  104: "Cisco HDLC",
  105: "IEEE 802.11",
  127: "IEEE 802.11 with radiotap",
  192: "PPI",
  195: "IEEE 802.15.4",
  201: "Bluetooth HCI",
  220: "Linux USB",
  253: "Linux netlink",
};

/** In words, why a frame of this link type could not be decoded. */
export function reasonText(reason: number, linkType: number): string {
  if (reason === LINK_CUT)
    return `${linkName(linkType)}: fewer than the ${linkHeaderBytes(linkType)} header bytes captured`;
  if (reason !== UNSUPPORTED_LINK) return TEXTS[reason];
  const name = LINK_NAMES[linkType];
  return `link type ${linkType}${name === undefined ? "" : ` (${name})`} is not supported`;
}
