/**
 * The JSON Schema of the NDJSON output, which is its reference: `natcorr schema` prints it, and the package has it as schema.json. Names
 * that the program has as well come from where it has them.
 */
import { count, list, nanoseconds, object, oneOf, type Schema, text, time } from "../../packets/json-schema.js";
import { FINDINGS } from "../../packets/results/finding-codes.js";
import { LATE_VERDICTS, VERDICTS } from "../../packets/results/verdicts.js";
import { BY, BY_MEANINGS, EVIDENCE } from "../../packets/results/evidence.js";
import {
  type,
  frame,
  frames,
  CAPTURE,
  CAPTURED,
  BY_CAPTURE,
  FLOW_NUMBER,
  PROTO,
  SIDE,
  HAIRPIN_SIDE,
  NAT,
  LENGTH,
  REASON,
  IMPACT,
  LEAVES_BY,
  STOPPING_RULE,
  BY_FRAME,
  ENDS,
  PORT_FIELDS,
  NAMES,
  TUNNEL,
  pairSide,
  ambiguousSide,
  flowSide,
  latency,
  totals,
  sides,
  ICMP_FACTS,
  REWRITE,
  TCP_FACTS,
} from "./schema-fields.js";
import { HOP, PATH_LINES, PATH_POINTS } from "./schema-path.js";
import { PUBLISHED } from "./schema-published.js";

/** What every first line begins with. */
const HEADER = {
  type: type("header"),
  format: { description: "The name of this format.", const: "natcorr" },
  version: { description: "The version of this format.", const: 2 },
  program: text("The version of the program."),
} as const;

/** By the types of lines. */
export const LINES = {
  header: object("The first line.", {
    required: {
      ...HEADER,
      captures: object("What was read.", {
        required: sides((side) => list(`The ${side}'s captures.`, CAPTURED)),
      }),
    },
  }),
  pathHeader: object("The first line of natcorr path.", { required: { ...HEADER, points: PATH_POINTS } }),
  pair: object("A packet and its twin: what it was inside, and what it was outside.", {
    required: {
      type: type("pair"),
      flow: FLOW_NUMBER,
      proto: PROTO,
      direction: oneOf("Which way it went: outbound is from inside to outside.", ["outbound", "inbound"]),
      nat: NAT,
      rewrite: REWRITE,
      by: oneOf(`How the pair was found: ${BY.map((by, at) => `${BY_MEANINGS[at]} (${by})`).join(", ")}.`, BY),
      evidence: list("What the two have in common that tells them from others.", oneOf("A field.", EVIDENCE)),
      latencyNs: nanoseconds(
        "The time from the side it enters to the side it leaves, nanoseconds, clock offset taken out.",
      ),
      ...sides((side) => pairSide(`The packet as it is ${side}.`)),
    },
    optional: {
      side: HAIRPIN_SIDE,
      retransmission: {
        description:
          "It is a TCP segment, and all of its bytes have crossed the NAT before; left out where not, or where both captures may show one segment twice.",
        const: true,
      },
      tcp: TCP_FACTS,
      missing: list(
        "What was lost on its way of a segment that was cut, or by the other capture where that tells of losses, in the order of its bytes; left out where nothing was.",
        object(
          "Bytes that entered, and that no piece brought out. Where they are sent again, that is a pair of its own.",
          {
            required: {
              seq: count("The sequence number of the first of them."),
              length: count("How many there are, bytes."),
            },
            optional: {
              impact: oneOf(
                "What that came to, where it is known by the end of the pair's window: a later copy got through (resent), or a later " +
                  "acknowledgement shows that it did not matter (covered).",
                ["resent", "covered"],
              ),
              byFrame: BY_FRAME,
              byCapture: BY_CAPTURE,
            },
          },
        ),
      ),
      icmp: ICMP_FACTS,
    },
  }),
  ambiguous: object("Packets that may be each other's twins, and that nothing tells apart.", {
    required: {
      type: type("ambiguous"),
      proto: PROTO,
      ...sides((side) => ambiguousSide(`Those of them that are ${side}.`)),
      why: text("Why they cannot be told apart, in words."),
    },
  }),
  unmatched: object("A frame without a twin, once the time is over within which there could be one.", {
    required: {
      type: type("unmatched"),
      side: SIDE,
      frame: frame("The frame"),
      time: time("When it passed, by this side's own clock"),
      proto: PROTO,
      ...ENDS,
      length: LENGTH,
      verdict: oneOf("What became of it.", VERDICTS),
      reason: REASON,
      why: text("What the verdict rests on, in words; of unknown, what would decide."),
    },
    optional: {
      capture: CAPTURE,
      flow: FLOW_NUMBER,
      ...PORT_FIELDS,
      ...NAMES,
      impact: IMPACT,
      byFrame: BY_FRAME,
      byCapture: BY_CAPTURE,
      leavesBy: LEAVES_BY,
      rule: STOPPING_RULE,
      tunnel: TUNNEL,
    },
  }),
  update: object("What became known of a frame after its line: it takes the place of what was said there.", {
    required: {
      type: type("update"),
      side: SIDE,
      frame: frame("The frame"),
      verdict: oneOf(
        "What became of it: refused where an ICMP error about it came after its line, capture-loss where the other capture told only then " +
          "that it had lost frames, elsewhere, proxied and no-overlap where only what followed proved that, unknown where an acknowledgement " +
          "of what it carried came after its line, and no copy.",
        LATE_VERDICTS,
      ),
      reason: REASON,
      why: text("What that rests on, in words."),
    },
    optional: {
      hop: HOP,
      capture: CAPTURE,
      flow: FLOW_NUMBER,
      impact: IMPACT,
      byFrame: BY_FRAME,
      byCapture: BY_CAPTURE,
      leavesBy: LEAVES_BY,
    },
  }),
  flow: object("A conversation that both sides saw, at its end, or at the end of the run.", {
    required: {
      type: type("flow"),
      flow: FLOW_NUMBER,
      proto: PROTO,
      nat: NAT,
      initiator: oneOf(
        "Who opened it; unknown where the captures begin in its middle and its ports do not tell, and where the host took it up again by what the other end sent, unless conntrack or the rules tell who began what they translate.",
        ["inside", "outside", "unknown"],
      ),
      ...sides((side) => flowSide(`Its ends as they are ${side}, from the initiator to the other one.`)),
      pairs: count("How many pairs there were."),
      bytes: count(
        "The lengths of their IP packets as they are inside, all together, bytes; of segments that lost pieces, those of the pieces that left.",
      ),
      insideOnly: count("How many frames inside without a twin are of it; copies do not count."),
      outsideOnly: count("How many frames outside without a twin are of it; copies do not count."),
      first: time("When its first pair passed inside"),
      last: time("When its last pair passed inside"),
      latency: object("How long its packets took, by direction.", {
        required: { outbound: latency("outbound"), inbound: latency("inbound") },
      }),
    },
    optional: {
      hop: HOP,
      side: HAIRPIN_SIDE,
      rule: text(
        "The firewall's rules that explain the translation, one a line, in the order in which its first packet met them. 'one of 2: ' before each of two of which one it is; 'possibly ' before one that may be it. Only with --rules.",
      ),
    },
  }),
  finding: object("What an operator should know beyond single packets.", {
    required: {
      type: type("finding"),
      severity: oneOf("Whether something is wrong (warning), or only worth knowing (info).", ["warning", "info"]),
      code: oneOf("What it is.", Object.keys(FINDINGS)),
      count: count("How often it was seen."),
      flows: list("The flows that it is about, the first 100; none where it is about all, or none.", FLOW_NUMBER),
      frames: object("The frames that it is about, the first 100; none where it is not about single frames.", {
        required: sides((side) => frames(`Those of the ${side}.`)),
      }),
      more: count("How many frames it is about beyond those listed; flows, where no frames are listed."),
      text: text("The finding in words."),
      hint: text("The next command or setting to look at."),
    },
    optional: {
      hop: HOP,
      framesIn: object("The captures that these frames are in, one for each frame; only where a side has several.", {
        required: sides((side) => list(`Of those of the ${side}.`, count("The capture's place in the header's list."))),
      }),
      rule: text("The rule of the host's that speaks for it; 'possibly' before one that may not match."),
      table: text("The table where that rule stands, as nft names it: ip filter."),
      chain: text("The chain where it stands."),
      counter: text("The counter of the host's that speaks for it, where that is no rule's."),
      counted: count("How many packets that rule, or that counter, counted between the host's snapshots."),
      changes: list(
        "The rules that came and went while packets were captured, the first 100.",
        object("One of them.", {
          required: {
            rule: text("The rule."),
            table: text("The table where it stands, as nft names it: ip filter."),
            chain: text("The chain where it stands."),
            came: list("When it was seen to be there, each time that it had come.", time("By then, it was there")),
            went: list("When it was seen to be gone, each time.", time("By then, it was gone")),
          },
        }),
      ),
      explainedBy: list(
        "The codes of other findings that tell why there is this one: of packets, those that name the same frames, and else those of the same flows. It may be of some of them alone.",
        oneOf("A finding's code.", Object.keys(FINDINGS)),
      ),
    },
  }),
  summary: object("The last line; of natcorr path, of a hop.", {
    required: {
      type: type("summary"),
      totals: object("What became of every frame.", {
        required: sides((side) => totals(`Of the ${side}.`)),
      }),
      flowCount: count("How many flows there were."),
      clock: object("How the sides' clocks stand to each other.", {
        required: {
          offsetNs: nanoseconds("Outside clock minus inside clock, at the beginning, nanoseconds."),
          driftPpm: {
            description: "By how much the outside clock is faster on average, but for where it was set, millionths.",
            type: "number",
          },
          uncertaintyNs: {
            description:
              "How far what latencies are corrected by may be wrong at any time but where a clock was set, nanoseconds; null where packets of both directions do not bound it, or nobody looks (files with --clock-offset none).",
            type: ["integer", "null"],
          },
          source: oneOf(
            "Where that comes from: the clocks are taken as one (none), or it was given, or estimated from the packets.",
            ["none", "given", "estimated"],
          ),
        },
        optional: {
          steps: list(
            "Where one of the clocks was set in between, the first 100.",
            object("One of them.", {
              required: {
                time: time("About when, by the inside clock"),
                byNs: nanoseconds("By how much the outside clock is further ahead since then, nanoseconds."),
              },
            }),
          ),
          moreSteps: count("How many of those it does not list."),
        },
      }),
    },
    optional: {
      hop: HOP,
      published: list("The host's published ports, and what went through each.", PUBLISHED),
    },
  }),
  ...PATH_LINES,
} as const;

/** Of one line of the output. */
export const SCHEMA: Schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "natcorr's NDJSON output, version 2",
  description: "One line of what natcorr prints with --format ndjson. Fields that do not apply to a line are left out.",
  oneOf: Object.keys(LINES).map((name) => ({ $ref: `#/$defs/${name}` })),
  $defs: LINES,
};
