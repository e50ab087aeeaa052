/** What several lines of the NDJSON output have, or several places of one: fields, and groups of them. */
import {
  count,
  flag,
  list,
  nanoseconds,
  object,
  oneOf,
  port,
  type Schema,
  text,
  time,
} from "../../packets/json-schema.js";
import { NATS } from "../../packets/flows/flows.js";
import { ALTERED } from "../../packets/results/evidence.js";
import { REASONS } from "../../packets/results/reasons.js";
import { IMPACTS, VERDICTS } from "../../packets/results/verdicts.js";
import { PROTOCOL_NAMES } from "../../protocols/ip-protocols.js";
import { TUNNEL_TYPES } from "../../protocols/tunnels.js";

/** With a capital letter and a full stop. */
function sentence(words: string): string {
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}

export function type(name: string): Schema {
  return { description: "What kind of line it is.", const: name };
}

export const frame = (description: string): Schema => ({
  description: `${description}, counted from 1 in its capture, as Wireshark does.`,
  type: "integer",
  minimum: 1,
});
export const frames = (description: string): Schema => list(description, frame("A frame"));
const capture = (of: string): Schema =>
  count(`The capture that ${of} in, by its place in the header's list of its side, from 0; left out where it is 0.`);
export const CAPTURE = capture("the frame is");
export const BY_CAPTURE = capture("byFrame is");
const FRAMES_IN = list(
  "The captures that the frames are in, one for each frame, where they are in different ones.",
  count("The place of the frame's capture in the header's list of its side, from 0."),
);
export const OF_FRAMES = { capture: capture("all of the frames are"), framesIn: FRAMES_IN } as const;

export const FLOW_NUMBER: Schema = { description: "The number of the flow, from 1.", type: "integer", minimum: 1 };
export const PROTO: Schema = {
  description: `The IP protocol of the packet: ${PROTOCOL_NAMES.join(", ")}, or ip- and its number. Across IP versions, that of the inside.`,
  type: "string",
  pattern: String.raw`^(${PROTOCOL_NAMES.join("|")}|ip-\d+)$`,
};
export const SIDE = oneOf("The side whose capture has the frame: the containers', or the uplink's.", [
  "inside",
  "outside",
]);
export const HAIRPIN_SIDE = oneOf("The side that has both of its forms; left out where each side has one.", [
  "inside",
  "outside",
]);
export const NAT = oneOf(
  "What the NAT does to the flow, in the direction of whoever opened it: it rewrites the source (snat), the destination (dnat), both, or " +
    "nothing (none); it goes across IP versions, so that all addresses are others (nat64); or a proxy on the host has a connection on each " +
    "side (proxy). unknown: one end is rewritten, and nothing tells who opened the flow.",
  NATS,
);
export const LENGTH = count(
  "The length of the IP packet, header included, in bytes; of all its frames together where there are several.",
);

export const REASON: Schema = {
  description: "What the verdict rests on.",
  oneOf: Object.entries(REASONS).map(([code, description]) => ({ const: code, description: sentence(description) })),
};
export const IMPACT = oneOf(
  "What a drop came to, as far as is known by then: no later copy was seen (lost), one got through (resent), later acknowledgements show that it " +
    "did not matter (covered), or the capture ends too early, or the protocol does not tell (unknown). Only of what is dropped, or was.",
  IMPACTS,
);
export const LEAVES_BY = text(
  "The interface, which is not captured, that the host's routes lead it out by: of what is elsewhere, it does; of unknown, it may have.",
);
export const STOPPING_RULE = text(
  "The rule that stopped it, or the chain whose policy did, as the trace has it. Only with --trace, where the reason is rule.",
);

export const BY_FRAME = frame(
  "The frame on the same side that shows it, where one does by itself: the ICMP error or the reset that refuses it, the copy that got through, or of a copy the frame that it " +
    "is one of",
);

export const ENDS = {
  src: text("The source's IP address."),
  dst: text("The destination's IP address."),
} as const;
export const PORT_FIELDS = {
  srcPort: port("The source's port; only of protocols that have ports, and where the capture has the header."),
  dstPort: port("The destination's port; as srcPort."),
  icmpId: port("The id of an ICMP echo; only of those."),
} as const;
export const NAMES = {
  container: text(
    "The name of the container whose address the source, or else the destination, is, by what the host said; of an unmatched packet of the outside, also where its flow, conntrack's entry, or the published port that its conversation called tells it; of several that share it, all of theirs, joined by +. Of a flow, where it was that one's from the first packet to the last.",
  ),
  peer: text("The same of the destination, where both ends are containers."),
  srcName: text(
    "What the source's address was called by the last DNS answer that its peer got before they spoke, or else by all answers before that; as DNS writes names, in lower case, what is no letter, digit or sign escaped with a backslash.",
  ),
  dstName: text("The same of the destination's address."),
} as const;
export const IP = {
  ipId: count("The IP identification; 0 where there is none."),
  length: LENGTH,
} as const;

export const TTL: Schema = {
  description: "The IPv4 TTL or IPv6 hop limit.",
  type: "integer",
  minimum: 0,
  maximum: 255,
};
export const REWRITE = list(
  "What was changed of this packet, in its direction of travel.",
  oneOf("A field: an end's address or port, the ICMP id, or what a router changes beyond these.", [
    "src",
    "srcPort",
    "dst",
    "dstPort",
    "icmpId",
    ...ALTERED,
  ]),
);
export const TCP_FACTS = object("What a NAT leaves alone of a TCP segment, as it is inside.", {
  required: {
    seq: count("The sequence number."),
    ack: count("The acknowledgement number."),
    flags: text("The flags in tcpdump's letters: S is SYN, a dot is ACK, none if there is none."),
    payload: count("Bytes of payload of the first frame."),
  },
});
export const ICMP_FACTS = object("What a NAT leaves alone of an ICMP or ICMPv6 message, as it is inside.", {
  required: { type: count("The type."), code: count("The code.") },
  optional: { seq: count("The sequence number; only of an echo.") },
});

const QUOTES = object("The packet that an ICMP error is about, as the error quotes it on this side.", {
  required: { proto: PROTO, ...ENDS, ...IP },
  optional: PORT_FIELDS,
});

export const TUNNEL = object(
  "The tunnel that the packet came in, where it is shown as what a tunnel's packet carries: what else is said is of the carried packet.",
  {
    required: {
      type: oneOf("The kind of tunnel: vxlan, geneve, gre, or IP in IP by the versions of both.", TUNNEL_TYPES),
      src: text("The IP address that sends into the tunnel."),
      dst: text("The IP address at its other end."),
    },
    optional: { id: count("The VNI of VXLAN or Geneve, or the key of GRE, where it has one.") },
  },
);

export const pairSide = (description: string): Schema =>
  object(description, {
    required: {
      frames: frames("The frames that the packet came in: one, or several where it is in pieces on this side."),
      time: time("When its first frame passed, by this side's own clock"),
      ...ENDS,
      ...IP,
      ttl: TTL,
    },
    optional: { ...OF_FRAMES, ...PORT_FIELDS, ...NAMES, quotes: QUOTES, tunnel: TUNNEL },
  });

export const ambiguousSide = (description: string): Schema =>
  object(description, {
    required: {
      frames: frames("The frames that may be a twin of those on the other side; empty where there are none."),
    },
    optional: {
      ...OF_FRAMES,
      time: time("When the first of them passed, by this side's own clock"),
      src: text("The source's IP address, where all of them have the same."),
      dst: text("The destination's IP address, where all of them have the same."),
      srcPort: port("The source's port, where all of them have the same."),
      dstPort: port("The destination's port, where all of them have the same."),
      icmpId: port("The id of an ICMP echo, where all of them have the same."),
      ...NAMES,
    },
  });

export const flowSide = (description: string): Schema =>
  object(description, { required: ENDS, optional: { ...PORT_FIELDS, ...NAMES } });

export const latency = (direction: string): Schema => ({
  ...object(
    `How long the flow's ${direction} packets took from the side they enter to the side they leave; null where there was none.`,
    {
      required: Object.fromEntries(
        [
          ["minNs", "The least, nanoseconds."],
          ["p50Ns", "The median, nanoseconds; of more than 64 packets, to within 1.6 %."],
          ["p99Ns", "The 99th percentile, nanoseconds; as the median."],
          ["maxNs", "The most, nanoseconds."],
        ].map(([name, description]) => [name, nanoseconds(description)]),
      ),
    },
  ),
  type: ["object", "null"],
});

export const CAPTURED = object("A capture, in the order that its side was given.", {
  required: {
    name: text("The interface that it is of, where it says so; else the file's name."),
    counters: flag(
      "Whether it says before its first frame that it counts the frames it loses. Where none does, what a capture missed looks the same as " +
        "what was dropped. The summary says the same as of the capture's end, if it was read to there.",
    ),
  },
});

export const totals = (description: string): Schema =>
  object(description, {
    required: {
      frames: count(
        "All frames; where -c ended the run, those that were taken and decided about until then. They are the sum of paired, unmatched, ambiguous, " +
          "notIp and undecodable.",
      ),
      paired: count("Frames of pairs."),
      unmatched: count("Frames without a twin."),
      ambiguous: count("Frames that may have one of several twins."),
      notIp: count("Frames that are not IP, as ARP."),
      undecodable: count("Frames that could not be decoded; standard error says why."),
      captureDropped: count(
        "Frames that the capture itself says it lost, which are not among the others; 0 where counters is false.",
      ),
      counters: flag("Whether the capture said so at all: without, it may have lost any number."),
      verdicts: {
        description: "How many of the unmatched frames have which verdict; those that none has are left out.",
        type: "object",
        properties: Object.fromEntries(VERDICTS.map((verdict) => [verdict, count(`Frames that are ${verdict}.`)])),
        additionalProperties: false,
      },
      impacts: {
        description: "What the dropped ones came to, as is known at the end; those that none came to are left out.",
        type: "object",
        properties: Object.fromEntries(IMPACTS.map((impact) => [impact, count(`Dropped frames that are ${impact}.`)])),
        additionalProperties: false,
      },
    },
  });

export const sides = <T>(of: (side: "inside" | "outside") => T): { readonly inside: T; readonly outside: T } => ({
  inside: of("inside"),
  outside: of("outside"),
});
