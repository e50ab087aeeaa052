/** The lines that natcorr path adds to the NDJSON output. */
import { count, flag, list, object, oneOf, type Schema, text, time } from "../../packets/json-schema.js";
import { BY } from "../../packets/results/evidence.js";
import { VERDICTS } from "../../packets/results/verdicts.js";
import {
  BY_CAPTURE,
  BY_FRAME,
  CAPTURE,
  CAPTURED,
  ENDS,
  FLOW_NUMBER,
  frame,
  frames,
  ICMP_FACTS,
  IMPACT,
  IP,
  LEAVES_BY,
  OF_FRAMES,
  PORT_FIELDS,
  PROTO,
  REASON,
  REWRITE,
  SIDE,
  STOPPING_RULE,
  TCP_FACTS,
  TTL,
  type,
} from "./schema-fields.js";

/** Of a line of natcorr path that one hop tells. */
export const HOP = count(
  "Of natcorr path, the hop that tells it, from 0: between the point of that place in the header, its inside, and the next one, its outside.",
);
const POINT = count("The place of the point in the header, from 0, the innermost.");
const PATH_FLOW: Schema = {
  description: "The number of the conversation, over all hops, from 1.",
  type: "integer",
  minimum: 1,
};
const direction = (of: string): Schema =>
  oneOf(`Which way ${of} went: outbound is from the first point to the last.`, ["outbound", "inbound"]);
const latencyNs = (description: string): Schema => ({ description, type: "number" });

const SEEN = object(
  "The packet as it was at a point. A point where it was turned round stands twice: before the rewrite, and after it.",
  {
    required: {
      point: POINT,
      frames: frames("The frames that the packet came in: one, or several where it is in pieces there."),
      time: time("When the first of them passed, by this point's own clock"),
      ...ENDS,
      ...IP,
      ttl: TTL,
    },
    optional: { ...OF_FRAMES, ...PORT_FIELDS },
  },
);

const CROSSED = object("A pair that a hop found.", {
  required: {
    hop: HOP,
    flow: FLOW_NUMBER,
    direction: direction("it"),
    latencyNs: latencyNs(
      "The time from the point it enters the hop by to the other one, nanoseconds, clock offset taken out.",
    ),
    rewrite: REWRITE,
    by: oneOf("How the pair was found, as of a pair.", BY),
  },
  optional: {
    turnedAt: count("The place of the point that shows both forms of a packet that was turned round there."),
    missingBytes: count("How many bytes were lost on their way of a segment that was cut."),
  },
});

const ENDED = object("What a hop says of a frame that it has no twin for.", {
  required: {
    hop: HOP,
    side: SIDE,
    frame: frame("The frame"),
    verdict: oneOf("What became of it; ambiguous where packets cannot be told apart.", [...VERDICTS, "ambiguous"]),
    why: text("What that rests on, in words."),
  },
  optional: {
    capture: CAPTURE,
    flow: FLOW_NUMBER,
    reason: REASON,
    impact: IMPACT,
    byFrame: BY_FRAME,
    byCapture: BY_CAPTURE,
    leavesBy: LEAVES_BY,
    rule: STOPPING_RULE,
  },
});

const JOURNEY = object("A packet along a path: where it was seen, and what it was there.", {
  required: {
    type: type("journey"),
    time: time("When it passed the innermost point that saw it, by the first point's clock"),
    proto: PROTO,
    points: list("The points that saw it, from the container outwards.", SEEN),
    crossed: list("The hops that it was seen to cross, from the container outwards.", CROSSED),
    ended: list(
      "What hops say that look for it at a point where it was not seen. One that it came from behind, or went to, says so as well: not all of it is a loss.",
      ENDED,
    ),
  },
  optional: {
    pathFlow: PATH_FLOW,
    direction: direction("it"),
    latencyNs: latencyNs(
      "How long all the hops took that it was seen to cross, nanoseconds; of pieces, the first one.",
    ),
    tcp: TCP_FACTS,
    icmp: ICMP_FACTS,
  },
});

const PATH_FLOW_LINE = object("A conversation along a path: a flow of each hop, each the next one's continuation.", {
  required: {
    type: type("path-flow"),
    pathFlows: list("Its numbers: several where it was taken for several at first.", PATH_FLOW),
    proto: PROTO,
    direction: direction("its first packet"),
    points: list(
      "Its ends at each point that saw it, in that direction.",
      object("Those at one point.", { required: { point: POINT, ...ENDS }, optional: PORT_FIELDS }),
    ),
    hops: list(
      "Its flows, by hop.",
      object("Of one hop.", {
        required: {
          hop: HOP,
          flow: FLOW_NUMBER,
          lost: count(
            "How many of its packets were dropped or refused there, as far as was known when they were told of.",
          ),
        },
      }),
    ),
    packets: count("How many packets of it there were."),
  },
});

const PATH = object("The last line of natcorr path.", {
  required: {
    type: type("path"),
    journeyCount: count("How many packets there were, over all points."),
    pathFlowCount: count("How many conversations there were, over all hops."),
    accounts: list(
      "What became of every frame, by point.",
      object("Of one point: frames is the sum of inJourneys, notIp and undecodable.", {
        required: {
          frames: count("All frames."),
          inJourneys: count("Frames of packets that are in a journey."),
          notIp: count("Frames that are not IP, as ARP."),
          undecodable: count("Frames that could not be decoded; standard error says why."),
          captureDropped: count("Frames that the capture itself says it lost, which are not among the others."),
        },
      }),
    ),
    clock: object("How the last point's clock stands to the first one's.", {
      required: {
        offsetNs: latencyNs("Last minus first, at the beginning, nanoseconds: the sum of what the hops say."),
        uncertaintyNs: {
          description: "How far that may be wrong, nanoseconds; null where a hop does not tell.",
          type: ["number", "null"],
        },
        contradicted: flag(
          "Whether a packet that passed all points would have arrived before it was sent, by more than that.",
        ),
      },
    }),
  },
});

/** Beside what every first line has. */
export const PATH_POINTS = list(
  "The capture points, from the container outwards.",
  object("One of them.", {
    required: {
      name: text("What it is called: its interface, where its captures name one, else its file."),
      captures: list("Its captures.", CAPTURED),
    },
  }),
);

/** By type. */
export const PATH_LINES = { journey: JOURNEY, "path-flow": PATH_FLOW_LINE, path: PATH };
