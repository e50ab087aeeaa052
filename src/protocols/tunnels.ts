/** Kinds of tunnels: indices into TUNNEL_KINDS. */
export const VXLAN = 0;
export const GENEVE = 1;
export const GRE = 2;
/** The same with a key. */
export const KEYED_GRE = 3;
export const IPIP = 4;
export const SIX_IN_FOUR = 5;
export const FOUR_IN_SIX = 6;
export const SIX_IN_SIX = 7;

export const TUNNEL_TYPES = ["vxlan", "geneve", "gre", "ipip", "6in4", "4in6", "6in6"] as const;
export type TunnelType = (typeof TUNNEL_TYPES)[number];

/** What each kind is called, and what its id is: undefined where it has none. */
export const TUNNEL_KINDS: readonly { readonly type: TunnelType; readonly id?: "VNI" | "key" }[] = [
  { type: "vxlan", id: "VNI" },
  { type: "geneve", id: "VNI" },
  { type: "gre" },
  { type: "gre", id: "key" },
  { type: "ipip" },
  { type: "6in4" },
  { type: "4in6" },
  { type: "6in6" },
];

/** UDP ports: RFC 7348 section 5, what Linux took before that (drivers/net/vxlan, and flannel to this day), and RFC 8926 section 3.3. */
export const VXLAN_PORT = 4789;
export const LINUX_VXLAN_PORT = 8472;
export const GENEVE_PORT = 6081;

/** RFC 7348 section 5: flags, the VNI in 24 bits, and what is reserved, which is 0. */
export const VXLAN_BYTES = 8;
export const VXLAN_VNI = 4;
export const VXLAN_HAS_VNI = 0x0800_0000;
/** draft-smith-vxlan-group-policy: bit G, then D, A and the group's id. */
export const VXLAN_HAS_POLICY = 0x8000_0000;
export const VXLAN_POLICY = 0x0048_ffff;

/** RFC 8926 section 3.4: version and length of the options in words, flags, protocol, VNI. */
export const GENEVE_BYTES = 8;
export const GENEVE_PROTOCOL = 2;
export const GENEVE_VNI = 4;
export const GENEVE_VERSION = 0xc0;
export const GENEVE_OPTIONS = 0x3f;
/** Bit O, of the second byte: it carries no packet. */
export const GENEVE_IS_CONTROL = 0x80;

/** RFC 2784 section 2 and RFC 2890 section 2; nothing else is set in version 0, which leaves routing of RFC 1701 out. */
export const GRE_BYTES = 4;
export const GRE_PROTOCOL = 2;
export const GRE_HAS_CHECKSUM = 0x8000;
export const GRE_HAS_KEY = 0x2000;
export const GRE_HAS_SEQUENCE = 0x1000;
export const GRE_FIELD_BYTES = 4;
