import { count, flag, list, object, oneOf, port, text } from "../../packets/json-schema.js";
import { FLOW_NUMBER } from "./schema-fields.js";

/** What the summary says of a published port. */
export const PUBLISHED = object(
  "One of the host's published ports, by what it said, and what went through it, as far as it was captured.",
  {
    required: {
      proto: text("The protocol: tcp, udp or sctp."),
      hostAddresses: list(
        "The host's addresses that it is published on; 0.0.0.0 and :: are all of an IP version.",
        text("An address."),
      ),
      hostPort: port("The host's port."),
      container: text("The container's name, the last one where it was renamed."),
      containerPort: port("The container's port."),
      translated: count("Flows that a rule translated."),
      proxied: count("Flows that a proxy passed on."),
      flows: list("The numbers of these flows, the first 100.", FLOW_NUMBER),
      unclear: count(
        "Conversations by the host's port of which nothing tells whose it was by then, this container's or another one's.",
      ),
      unheld: count(
        "What would have begun a conversation by the host's port while no container held it, after this one had, as the host told it at that time.",
      ),
      misplaced: count(
        "What would have begun a conversation by the host's port at another of its addresses, where it is not published.",
      ),
      fromInside: count(
        "Conversations that containers, or others inside, began with it, and a rule translated before they were seen inside, as conntrack tells.",
      ),
      fromInsideUnclear: count(
        "Conversations with the container's port, seen inside alone, of which nothing tells whether by this port: who began them may have gone straight to the container.",
      ),
      fromElsewhere: count(
        "Conversations that came by an interface that is not captured, and a rule translated: seen inside alone, where conntrack tells which port was called.",
      ),
      fromElsewhereUnclear: count(
        "Conversations with the container's port that came by an interface that is not captured, of which nothing tells whether by this port.",
      ),
      fromUntold: count(
        "Conversations that a rule translated before they were seen inside, as conntrack tells, of which nothing tells by which interface they came.",
      ),
      fromUntoldUnclear: count(
        "Conversations with the container's port, seen inside alone, of which nothing tells by which interface they came, nor whether by this port.",
      ),
      taken: count(
        "Conversations by the host's port that the host itself took, and was not seen to send on: no rule translated them, and no connection of a docker-proxy's to the container was seen.",
      ),
      fromHost: count(
        "Conversations that the host itself began with it, and a rule translated: seen inside alone, where conntrack tells them from others, or listed by the last snapshot and not the first.",
      ),
      proxiedFromHost: count(
        "Conversations that the host itself began with it, and a docker-proxy took (127.0.0.1, IPv6), as far as the last snapshot lists entries of conntrack's that the first has not.",
      ),
      fromHostUnclear: count(
        "Conversations that the host began with the container's port, of which nothing tells whether by this port: a docker-proxy may have begun them, or who goes straight to the container.",
      ),
      refusedInside: count(
        "Conversations, of all these, that the container itself refused by resets or ICMP errors: nobody listens there, or a rule of its own rejects them.",
      ),
      dropped: count("Packets to it that were dropped on their way to the container."),
      refused: count("Packets to it that were refused on their way."),
      unknown: count("Packets to it of which nothing tells what became of them."),
      closedBy: list(
        "The rules that could have dropped what was to open conversations with it, as the findings of code drop-rule have them.",
        object("One of them.", {
          required: {
            rule: text(
              "The rule, as it stands in the rule set; possibly before one of which not all that it asks for can be told.",
            ),
            count: count("Packets to the port that it could have dropped."),
          },
          optional: {
            unseen: count("How many of them nothing shows to have been dropped: they are counted as unknown."),
          },
        }),
      ),
      captured: oneOf(
        "Whether the captures of the inside have all conversations with the container. lossy: they lost frames; none: its interfaces are not captured; untold: nothing shows it, as where a capture names no interface, or may be filtered. But for all, some may have passed unseen.",
        ["all", "lossy", "none", "untold"],
      ),
    },
    optional: {
      pids: list(
        "The docker-proxies that hold it, none where there is none; left out where they could not be read.",
        count("The id of a process."),
      ),
      gone: flag("True where no container holds it any more; else left out."),
    },
  },
);
