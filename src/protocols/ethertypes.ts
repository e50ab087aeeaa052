/** https://www.iana.org/assignments/ieee-802-numbers */
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;
/** An Ethernet frame, where a tunnel carries it. */
export const ETHERTYPE_BRIDGING = 0x6558;
export const ETHERTYPE_8021Q = 0x8100;
export const ETHERTYPE_8021AD = 0x88a8;
/** Stacked tags of switches older than 802.1ad. */
export const ETHERTYPE_QINQ = 0x9100;
export const ETHERTYPE_MPLS = 0x8847;
export const ETHERTYPE_PPPOE = 0x8864;
