/**
 * The JSON Schemas of a snapshot, and of a change behind one, which are their reference: `natcorr schema snapshot` and `natcorr schema change` print them, and
 * the package has them as snapshot-schema.json and change-schema.json.
 */
import { count, flag, list, object, port, type Schema, text, time } from "../../packets/json-schema.js";
import { CONNTRACK_EVENTS } from "../conntrack-table.js";
import { LABELS, OPTIONS } from "./docker.js";
import { ADDRESS, COUNTERS, LINK, NEXT_HOP, POLICY_RULE, QUEUE, ROUTE } from "./ip.js";
import { CHANGE_FORMAT, FORMAT, VERSION } from "./snapshot.js";

/** An object of a tool's own, of which these members are kept, as the tool has them. */
const kept = (description: string, names: readonly string[], more: Readonly<Record<string, Schema>> = {}): Schema => ({
  description,
  type: "object",
  properties: {
    ...Object.fromEntries(names.map((name) => [name, { type: ["string", "number", "boolean", "null"] }])),
    ...more,
  },
  additionalProperties: false,
});

const texts = (description: string, names: readonly string[]): Schema => ({
  description,
  type: "object",
  properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])),
  additionalProperties: false,
});

const valuesOf = (description: string, type: "string" | "integer"): Schema => ({
  description,
  type: "object",
  additionalProperties: { type },
});

const lines = (tool: string): Schema => list(`What ${tool} prints, by line.`, text("A line."));

const PUBLISHED = {
  proto: text("The protocol: tcp, udp or sctp."),
  hostAddress: text("The host's address; 0.0.0.0 or :: for all of an IP version."),
  hostPort: port("The host's port."),
  containerPort: port("The container's port."),
} as const;

const CONTAINER = object(
  "A container that runs. Its environment and its command are left out, as they may hold secrets.",
  {
    required: {
      id: text("Its id."),
      name: text("Its name, without a slash."),
      image: text("The image it was made of, as it was named."),
      pid: count("The id of its first process."),
      networkMode: text(
        "bridge, host, none, the name of a network, or container: and the id of the container whose addresses it shares.",
      ),
      networks: list(
        "Its ends of networks.",
        object("One of them.", {
          required: {
            network: text("The network's name."),
            addresses: list("Its addresses there.", text("An IP address.")),
          },
          optional: {
            endpoint: text("The engine's id of this end, another one each time that the container is connected."),
            mac: text("Its MAC address there."),
          },
        }),
      ),
      published: list("Its published ports.", object("One of them.", { required: PUBLISHED })),
      labels: texts("Those of its labels that say what it is a part of.", LABELS),
    },
    optional: { started: time("When it began to run") },
  },
);

const NETWORK = object("A network of Docker's.", {
  required: {
    id: text("Its id."),
    name: text("Its name."),
    driver: text("What makes it: bridge, host, macvlan, overlay and others."),
    subnets: list("Its prefixes.", text("A prefix.")),
    isInternal: flag("Whether it has no way out."),
    options: texts("What is set of it.", OPTIONS),
  },
  optional: { bridge: text("The host's interface that it is, where it is one.") },
});

const INTERFACE = kept("An interface.", [...LINK, "info_kind"], {
  addr_info: list("Its addresses.", kept("One of them.", ADDRESS)),
  stats64: object("Its counters.", {
    required: { rx: kept("What it received.", COUNTERS), tx: kept("What it sent.", COUNTERS) },
  }),
});

/** What was heard of conntrack, of a trace, and of what the kernel let go of. */
const HEARD = {
  conntrack: object("What conntrack said, which --conntrack live hears, in its order.", {
    required: { lines: lines("conntrack -E, or -L while it lists,") },
    optional: {
      event: {
        description:
          "What happened behind these, at that time: the kernel lost events, began to list all entries, had listed them, or told no more; full: there is no room for what comes behind.",
        enum: [...CONNTRACK_EVENTS],
      },
    },
  }),
  stopped: object("The rule that stopped a packet, by --trace live.", {
    required: {
      ends: object("Its ends, as it came to the host.", {
        required: { src: text("The source address."), dst: text("The destination address.") },
        optional: { srcPort: port("The source port."), dstPort: port("The destination port.") },
      }),
      ttl: count("Its TTL, or hop limit."),
      length: count("The length of the IP packet, bytes."),
      ipId: count("Its IP ID; 0 where it has none."),
      rule: text("The rule, behind its table and chain."),
      isRefusal: flag("Whether it tells the sender so (REJECT)."),
    },
  }),
  letGo: object("The only drop of the kernel's that a packet may be, by --trace live.", {
    required: {
      timeUs: count("When that was, microseconds of the clock that counts from the kernel's start."),
      reason: text("Why, as the kernel names it."),
    },
  }),
  trace: object("What --trace live did not tell, at its end.", {
    required: {
      unread: count("How many lines of it could not be read."),
      firstUnread: count("The number of the first of them; 0 where there is none."),
      untaken: count("How many packets there was no room for."),
      isCutOff: flag("Whether it ended before the run did."),
    },
  }),
  drops: object("What the kernel let go of while --trace live asked it.", {
    required: {
      counts: valuesOf("How many packets, by the kernel's reason.", "integer"),
      lost: count("How many it could not tell of."),
    },
    optional: { failure: text("Why it was not asked.") },
  }),
} as const;

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

export const CHANGE_SCHEMA: Schema = {
  $schema: DRAFT,
  title: "what natcorr live keeps of what the host said between two snapshots, version 1",
  ...object(
    "What Docker told of one container while packets were captured, or which rules were read meanwhile, or what conntrack or a trace said.",
    {
      required: {
        format: { description: "The name of this format.", const: CHANGE_FORMAT },
        version: { description: "The version of this format.", const: VERSION },
        time: time(
          "When it became so, or had been read, by the host's clock; of what a trace, or the kernel, said of a packet, when that was captured",
        ),
      },
      optional: {
        id: text("The container's id."),
        container: { ...CONTAINER, description: "What it is from then on; absent where it does not run any more." },
        unasked: text("What it was called, where it was gone before Docker could be asked about it."),
        isEndOfRules: flag(
          "True where --rules live had read other rules, and there is no room for these, and for those behind.",
        ),
        rules: object(
          "The firewall's rules, which --rules live reads: the first ones, and those that are not what they were.",
          {
            required: {
              asked: time("When they were asked for, by the host's clock"),
              held: time("Until when they are known to have been in force, by the host's clock"),
              lines: list(
                "What iptables-save -c, ip6tables-save -c and nft -a list ruleset print, by line.",
                text("A line."),
              ),
            },
            optional: {
              unreadFrom: time(
                "Since when others may have come and gone before these were read, as the kernel told, by the host's clock",
              ),
            },
          },
        ),
        settings: object("The settings that became others, which are looked at four times a second.", {
          required: {
            held: time("When they had been looked at before, by the host's clock"),
            sysctls: valuesOf("Those that are others than then, by name.", "string"),
          },
        }),
        ...HEARD,
      },
    },
  ),
};

export const SCHEMA: Schema = {
  $schema: DRAFT,
  title: "natcorr's snapshot of a host, version 1",
  ...object("What natcorr snapshot prints: what a host knew at one moment.", {
    required: {
      format: { description: "The name of this format.", const: FORMAT },
      version: { description: "The version of this format.", const: VERSION },
      program: text("The version of the program."),
      time: time("When it was taken, by the host's clock"),
      dockerProxies: list(
        "The processes that take connections to published ports which no rule translates.",
        object("One of them.", {
          required: { pid: count("Its id."), ...PUBLISHED, containerAddress: text("The container's IP address.") },
        }),
      ),
      interfaces: list("The interfaces, as ip -j -s -d addr has them.", INTERFACE),
      routes: list(
        "The routes of all tables, as ip -j route has them.",
        kept("A route.", ROUTE, {
          mtu: count("The most bytes of a packet that takes it, where it says so itself."),
          nexthops: list("Its gateways, of several.", kept("One of them.", NEXT_HOP)),
        }),
      ),
      policyRules: list(
        "What chooses between those tables, as ip -j rule has it.",
        kept("A rule.", ["family", ...POLICY_RULE]),
      ),
      rules: object("The firewall's rules, with their counters.", {
        required: {},
        optional: {
          iptables: lines("iptables-save -c"),
          ip6tables: lines("ip6tables-save -c"),
          nft: lines("nft list ruleset"),
          ipset: lines("ipset save"),
        },
      }),
      conntrack: object("What conntrack knows.", {
        required: {
          entries: lines("conntrack -L, or else /proc/net/nf_conntrack,"),
          more: count("How many more entries there are, which were left out."),
          counters: valuesOf("What conntrack -S counts, all processors together.", "integer"),
        },
      }),
      sysctls: valuesOf("What decides whether and how the host forwards, by name: those that there are.", "string"),
      counters: valuesOf(
        "What the kernel counted of packets, those that it did not forward among them, by name, as nstat has it: those that there are.",
        "integer",
      ),
      missing: list(
        "What could not be read.",
        object("One of it.", {
          required: { source: text("What would have told it: a command, or docker."), why: text("Why it did not.") },
        }),
      ),
    },
    optional: {
      queues: list(
        "The queues of the interfaces, and what filters packets there (clsact, ingress), as tc -s -j qdisc has them.",
        kept("One of them.", QUEUE),
      ),
      steadySince: time(
        "Since when nothing changed of its addresses, routes, policy rules and the settings of its interfaces, by the host's clock: natcorr live hears of each change",
      ),
      changedFrom: time(
        "When the first of these changed since the snapshot before, by the host's clock, as natcorr live heard; absent where nothing did, or nobody heard",
      ),
      heardRoutes: list(
        "The routes that came or went since then, as natcorr live heard: they may have been gone before a snapshot was taken. The first 64 of them, and one of any destination and interface where there were more, or a policy rule came or went.",
        object("One of them.", {
          required: {
            dst: text("Where it led, as ip -j route has it."),
            time: time("When natcorr live heard, by the host's clock"),
          },
          optional: {
            dev: text("The interface that it led by; absent where it may be any."),
            table: text("Its table, where that is not the main one."),
            src: text("Whose packets alone it is for, where a policy rule says so."),
            isGone: flag("True where it went; absent where it came."),
          },
        }),
      ),
      docker: object("What Docker says.", {
        required: {
          engine: object("Which engine says it.", {
            required: {
              name: text("Engine is Docker's, Podman Engine that of Podman."),
              version: text("Its version."),
              isRootless: flag("Whether it runs in a user's own namespaces, whose addresses are on no interface here."),
              isSwarm: flag("Whether it is a node of a Swarm."),
            },
          }),
          containers: list("The containers that run.", CONTAINER),
          networks: list("Its networks.", NETWORK),
        },
      }),
    },
  }),
};
